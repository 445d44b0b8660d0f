"""How well `clock-drift` tells two clocks: its ppm against those that were planted, and what it finds where none were.

``python -m benchmarks.clock_drift`` makes two taps of real speech, of the voices that no constant was chosen on
(`starvation_material`), the second one resampled, and asks the detector; and it resamples the microphones of the real
echo pairs (`echo_motion`) of the sources that none was chosen on. The lag of some moves to and fro besides. What is
printed is what the detector says: `sure` are the findings and the clear ones, the others are unjudged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.random import Generator
from rich.progress import track

from benchmarks import echo_motion
from benchmarks import starvation_material as material
from benchmarks.table import show
from voicediag.detect import clock_drift
from voicediag.detect.clock_drift import LEAST_DRIFT, speeds_of
from voicediag.detect.examination import Examination
from voicediag.session import ArraySource, Samples, Session, Track, TrackName

SEED = 20_261_122
LENGTHS_S = (30.0, 60.0, 120.0, 300.0)
DRIFTS_PPM = (0, 5, -5, 20, -20, 50, -50, 100, -100, 300, -300, 1_000, -1_000)
WANDERED_PPM = (0, 0, 0, 50, -50, 200, -200, 1_000, -1_000)
WANDERS_MS = (0.5, 10.0)
PERIODS_S = (20.0, 300.0)
RATE_HZ = 16_000
ECHOES = 40
MOST_S = 90.0


@dataclass
class Score:
    """What was said of the cases of one row."""

    cases: int = 0
    errors_ppm: list[float] = field(default_factory=list)
    found: int = 0
    false: int = 0
    drifting: int = 0
    clear: int = 0
    missed: int = 0

    def add(self, session: Session, ppm: float) -> None:
        """Ask the detector of a session that drifts by `ppm`."""
        exam = Examination(session)
        verdict = clock_drift.DETECTOR.examine(exam)
        told = [speed.ppm for speed in exam.once(speeds_of) if speed.ppm is not None]
        self.cases += 1
        self.errors_ppm += [abs(told[0] - ppm)] if told else []
        drifts = abs(ppm) >= LEAST_DRIFT.value
        self.drifting += abs(ppm) > LEAST_DRIFT.value
        self.found += bool(verdict.findings) and drifts
        self.false += bool(verdict.findings) and not drifts
        self.clear += verdict.is_clear
        self.missed += verdict.is_clear and abs(ppm) > LEAST_DRIFT.value

    def row(self, name: str) -> list[object]:
        """Return the row of a table."""
        p50, worst = np.percentile(self.errors_ppm, (50, 100)) if self.errors_ppm else (None, None)
        unjudged = self.cases - self.clear - self.found - self.false
        counts = [self.drifting, self.found, self.false, self.clear, self.missed, unjudged]
        return [name, self.cases, len(self.errors_ppm), *(each and float(each) for each in (p50, worst)), *counts]


def main() -> None:
    """Print the table."""
    scores: dict[str, Score] = {}
    for name, session, ppm in track(_cases(), transient=True):
        scores.setdefault(name, Score()).add(session, ppm)
    columns = (
        "what",
        "cases",
        "told",
        "off p50",
        "worst ppm",
        ">50 ppm",
        "found",
        "false",
        "clear",
        "missed",
        "unjudged",
    )
    found, false = (sum(getattr(score, name) for score in scores.values()) for name in ("found", "false"))
    note = f"{false} of {found + false} findings are false; missed: called clear; ?: unjudged"
    show("clock-drift", columns, [score.row(name) for name, score in scores.items()], note=note)


def _cases() -> Iterator[tuple[str, Session, float]]:
    for length_s in LENGTHS_S:
        for index, ppm in enumerate(DRIFTS_PPM):
            random = np.random.default_rng([SEED, round(length_s), index])
            yield f"two taps, {length_s:.0f} s", _taps(length_s, ppm, random), ppm
    for length_s in LENGTHS_S[1:]:
        for index, ppm in enumerate(WANDERED_PPM):
            random = np.random.default_rng([SEED, 1, round(length_s), index])
            yield f"and a wander, {length_s:.0f} s", _taps(length_s, ppm, random, wanders=True), ppm
    yield from _echoes()


def _taps(length_s: float, ppm: float, random: Generator, *, wanders: bool = False) -> Session:
    """Return what came and what was played, by a clock that is so much faster."""
    came = material.speech(length_s, RATE_HZ, fitted=False, random=random)
    if random.random() < 1 / 2:
        came = came + material.noise(came, RATE_HZ, float(random.uniform(15, 40)), fitted=False, random=random)
    played = material.through(came, RATE_HZ, "g711" if random.random() < 1 / 3 else "none")
    played = echo_motion._skewed(played, ppm)  # noqa: SLF001 - both benchmarks plant the same
    if wanders:
        played = _wandering(played, random)
    gain = np.float32(10 ** (random.uniform(-12, 3) / 20))
    late = np.zeros(round(random.uniform(0, 0.5) * RATE_HZ), np.float32)
    return _session({"agent-received": came.astype(np.float32), "agent-played": np.concatenate((late, gain * played))})


def _wandering(sound: Samples, random: Generator) -> Samples:
    """Return sound that lies to and fro, by half of the wander each way."""
    swing = random.uniform(*WANDERS_MS) / 2_000 * RATE_HZ
    turns = np.arange(sound.size) / (random.uniform(*PERIODS_S) * RATE_HZ) + random.random()
    places = np.arange(sound.size) - swing * np.sin(2 * np.pi * turns)
    return np.interp(places, np.arange(sound.size), sound).astype(np.float32)


def _echoes() -> Iterator[tuple[str, Session, float]]:
    """Yield real echoes as they are and resampled, each three times over; their own drift is part of the truth."""
    every = echo_motion._pairs(material.DATA / "echo")  # noqa: SLF001
    pairs = [pair for pair in every if pair.source not in echo_motion.FITTED and pair.name not in echo_motion.MOVING]
    random = np.random.default_rng([SEED, 2])
    for number in random.permutation(len(pairs))[:ECHOES].tolist():
        pair = pairs[number].longer()
        if not LENGTHS_S[0] <= pair.duration_s <= MOST_S:
            continue
        own_ppm = pair.moved(pair.mic).drift_ppm
        if own_ppm is None:
            continue
        for ppm in (0.0, float(random.choice(DRIFTS_PPM[1:]))):
            mic = echo_motion._skewed(pair.mic, ppm)  # noqa: SLF001
            session = _session({"user-sent": mic, "agent-played": pair.far}, pair.rate_hz)
            yield "echoes of 30 to 90 s", session, own_ppm + ppm


def _session(tracks: dict[TrackName, Samples], rate_hz: int = RATE_HZ) -> Session:
    made = {name: Track(name=name, source=ArraySource(sound, rate_hz)) for name, sound in tracks.items()}
    return Session(source="made", tracks=made)


if __name__ == "__main__":
    main()
