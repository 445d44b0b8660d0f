"""How well the motion of an echo is told: single cuts, staircases, skews of clocks, and what stands still.

``python -m benchmarks.echo_motion`` reads the development pairs (`VOICEDIAG_DATA`, or ../shared/data). The echoes are
real or synthetic as they were recorded, and are followed from the delay that `measure.echo` finds; the faults are made
here: a stretch of the microphone is cut out at a random place, or it is resampled. The constants were chosen on the
sources named in `FITTED`; the others are reported apart. For double talk somebody else's near end is laid over the
microphone, as loud as the echo. Recordings that play one after another three times over make the long ones.
"""

from __future__ import annotations

import csv
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.table import show
from voicediag.measure.echo import leak
from voicediag.measure.echo_grid import Reader
from voicediag.measure.echo_motion import EchoMotion, motion
from voicediag.measure.echo_track import Jump
from voicediag.session import Samples
from voicediag.spans import Span

ROOT = Path(__file__).parents[1]
FITTED = frozenset({"aec_challenge_syn", "nkf_syn", "mediastreamer2"})
# Their echo path is changed on purpose, which is a jump and no fault of the measurement.
MOVING = frozenset({"nkf_syn-067", "nkf_syn-068", "nkf_syn-069", "nkf_syn-070", "nkf_syn-071", "mediastreamer2-092"})
CUTS = 3
CUT_MS = 10.0
DRIFTS_PPM = (50.0, -100.0, 200.0, -500.0)
BUFFERS = ((128, 48_000), (480, 48_000), (512, 48_000), (128, 16_000))
LONGER = 3
EDGE_S = 1.5
TIME_S = 0.15
SIZE_MS = 0.5
SEED = 7


@dataclass(frozen=True)
class Pair:
    """A microphone that holds an echo."""

    name: str
    source: str
    rate_hz: int
    mic: Samples
    far: Samples
    delay_ms: float

    @property
    def duration_s(self) -> float:
        """How long it lasts."""
        return self.mic.size / self.rate_hz

    def moved(self, mic: Samples) -> EchoMotion:
        """Return the motion of the echo in a microphone that something was done to."""
        return motion(
            _reader(mic, self.rate_hz),
            _reader(self.far, self.rate_hz),
            mic_rate_hz=self.rate_hz,
            speaker_rate_hz=self.rate_hz,
            heard=[(Span(0, self.far.size / self.rate_hz), self.delay_ms / 1_000)],
        )

    def longer(self) -> Pair:
        """Return it several times over."""
        size = min(self.mic.size, self.far.size)
        mic, far = (np.tile(track[:size], LONGER) for track in (self.mic, self.far))
        return Pair(self.name, self.source, self.rate_hz, mic, far, self.delay_ms)


@dataclass
class Score:
    """What came out over some pairs."""

    cuts: int = 0
    hits: int = 0
    sizes: int = 0
    false: int = 0
    still_s: float = 0.0
    errors_s: list[float] = field(default_factory=list)
    errors_ms: list[float] = field(default_factory=list)


def main() -> None:
    """Print the tables."""
    folder = Path(os.environ.get("VOICEDIAG_DATA", ROOT.parent / "shared" / "data")) / "echo"
    if not folder.is_dir():
        sys.exit(f"no pairs at {folder}; VOICEDIAG_DATA names the folder that holds echo/manifest.csv")
    pairs = list(_pairs(folder))
    groups = {
        "fitted sources": [pair for pair in pairs if pair.source in FITTED],
        "other sources": [pair for pair in pairs if pair.source not in FITTED],
    }
    random = np.random.default_rng(SEED)
    rows = []
    for name, some in groups.items():
        for talk, noisy in (("", some), (", double talk", _talked_over(some, random))):
            score = _cut(noisy, random)
            rows.append(_cut_row(name + talk, score))
    show(
        f"single cuts of {CUT_MS:g} ms, found within {TIME_S * 1_000:g} ms and {SIZE_MS:g} ms; jumps where none is",
        ("", "cuts", "found", "size right", "time, p90 ms", "size, p90 ms", "false jumps", "in s"),
        rows,
    )
    show(
        "skew, against the recording's own",
        ("", "told", "not told", "error, p50 ppm", "p90", "worst", "within 2 se", "steps"),
        [row for name, some in groups.items() for row in _skews(name, some)],
    )
    show(
        "staircases over recordings three times as long",
        ("", "staircases", "buffer named", "named wrong", "lost, p50 of truth", "skew read into it, p90 ppm"),
        [_stairs(name, some, random) for name, some in groups.items()],
    )
    show(
        "speed, one core",
        ("", "s of sound", "s", "times real time"),
        [_speed(groups["other sources"])],
    )


def _cut(pairs: list[Pair], random: np.random.Generator) -> Score:
    score = Score()
    for pair in pairs:
        if pair.name not in MOVING:
            score.false += len(pair.moved(pair.mic).jumps)
            score.still_s += pair.duration_s
            for _ in range(CUTS):
                at_s = float(random.uniform(EDGE_S, pair.duration_s - EDGE_S))
                _count(score, pair.moved(_without(pair, at_s, CUT_MS)).jumps, at_s)
    return score


def _count(score: Score, jumps: tuple[Jump, ...], at_s: float) -> None:
    score.cuts += 1
    right = [jump for jump in jumps if abs(jump.size_ms + CUT_MS) <= SIZE_MS]
    if right:
        nearest = min(right, key=lambda jump: abs(jump.at_s - at_s))
        score.sizes += 1
        score.errors_s.append(abs(nearest.at_s - at_s))
        score.errors_ms.append(abs(nearest.size_ms + CUT_MS))
        score.hits += score.errors_s[-1] <= TIME_S
    score.false += len(jumps) - bool(right)


def _cut_row(name: str, score: Score) -> list[object]:
    # The recordings with a cut are as long a chance for a false jump as those without.
    return [
        name,
        score.cuts,
        score.hits,
        score.sizes,
        float(np.percentile(score.errors_s, 90)) * 1_000,
        float(np.percentile(score.errors_ms, 90)),
        score.false,
        round((1 + CUTS) * score.still_s),
    ]


def _skews(name: str, pairs: list[Pair]) -> Iterator[list[object]]:
    """Yield a row for the recordings as they are, and one for the long ones."""
    for label, some in ((f"{name}, 10 to 27 s", pairs), (f"{name}, 30 s and more", [p.longer() for p in pairs])):
        told, errors, sure, steps = 0, [], 0, 0
        asked = [
            pair for pair in some if pair.name not in MOVING and pair.duration_s >= (30 if some is not pairs else 9)
        ]
        for pair in asked:
            own = pair.moved(pair.mic)
            for ppm in DRIFTS_PPM:
                found = pair.moved(_skewed(pair.mic, ppm))
                steps += len(found.jumps)
                if found.drift_ppm is None or own.drift_ppm is None or found.drift_error_ppm is None:
                    continue
                told += 1
                errors.append(abs(found.drift_ppm - own.drift_ppm - ppm))
                sure += errors[-1] <= 2 * found.drift_error_ppm
        rest = len(asked) * len(DRIFTS_PPM) - told
        p50, p90, worst = np.percentile(errors, (50, 90, 100))
        yield [label, told, rest, float(p50), float(p90), float(worst), f"{sure / told:.0%}", steps]


def _stairs(name: str, pairs: list[Pair], random: np.random.Generator) -> list[object]:
    made = named = wrong = 0
    shares, skews = [], []
    for index, pair in enumerate(pair.longer() for pair in pairs if pair.name not in MOVING):
        frames, rate_hz = BUFFERS[index % len(BUFFERS)]
        times = np.sort(random.uniform(EDGE_S, pair.duration_s - EDGE_S, 8))
        keep = np.ones(pair.mic.size, np.bool_)
        for at_s in times:
            start = round(at_s * pair.rate_hz)
            keep[start : start + round(frames / rate_hz * pair.rate_hz)] = False
        found = pair.moved(pair.mic[keep])
        made += 1
        lost = found.mic_lost
        if lost and lost.buffer_ms is not None:
            right = abs(lost.buffer_ms - 1_000 * frames / rate_hz) < 0.1
            named, wrong = named + right, wrong + (not right)
        truth_ms = 1_000 * np.count_nonzero(~keep) / pair.rate_hz
        shares.append(lost.lost_ms / truth_ms if lost else 0.0)
        if found.drift_ppm is not None:
            skews.append(abs(found.drift_ppm))
    return [name, made, named, wrong, float(np.median(shares)), float(np.percentile(skews, 90))]


def _speed(pairs: list[Pair]) -> list[object]:
    long = [pair.longer() for pair in pairs]
    started = time.process_time()
    for pair in long:
        pair.moved(pair.mic)
    took_s, sound_s = time.process_time() - started, sum(pair.duration_s for pair in long)
    return ["other sources, three times as long", sound_s, took_s, sound_s / took_s]


def _skewed(mic: Samples, ppm: float) -> Samples:
    import soxr

    return np.asarray(soxr.resample(mic.astype(np.float64), 1.0, 1.0 + ppm * 1e-6, quality="VHQ"), np.float32)


def _without(pair: Pair, at_s: float, lost_ms: float) -> Samples:
    start = round(at_s * pair.rate_hz)
    return np.concatenate((pair.mic[:start], pair.mic[start + round(lost_ms * pair.rate_hz / 1_000) :]))


def _talked_over(pairs: list[Pair], random: np.random.Generator) -> list[Pair]:
    """Return the pairs with another recording's far end spoken into the microphone, as loud as the echo."""
    mixed = []
    for pair in pairs:
        others = [other for other in pairs if other.name != pair.name and other.rate_hz == pair.rate_hz]
        talker = np.resize(others[int(random.integers(len(others)))].far, pair.mic.size) if others else None
        if talker is not None and (level := float(np.std(talker))) > 0:
            mic = pair.mic + talker * np.float32(np.std(pair.mic) / level)
            mixed.append(Pair(pair.name, pair.source, pair.rate_hz, mic.astype(np.float32), pair.far, pair.delay_ms))
    return mixed


def _pairs(folder: Path) -> Iterator[Pair]:
    """Yield every pair that is labelled as an echo and found to be one."""
    for row in csv.DictReader((folder / "manifest.csv").read_text(encoding="utf-8").splitlines()):
        if row["echo_label"] != "1":
            continue
        mic, rate_hz = soundfile.read(folder / row["file_mic"], dtype="float32", always_2d=True)
        far, far_hz = soundfile.read(folder / row["file_far"], dtype="float32", always_2d=True)
        echo = leak(mic[:, 0], far[:, 0], rate_hz=rate_hz, speaker_rate_hz=far_hz)
        if echo.delay_ms is not None and rate_hz == far_hz:
            yield Pair(row["id"], row["source"], rate_hz, mic[:, 0], far[:, 0], echo.delay_ms)


def _reader(samples: Samples, rate_hz: int) -> Reader:
    def read(span: Span) -> Samples:
        start, frames = round(span.start_s * rate_hz), round(span.duration_s * rate_hz)
        out = np.zeros(frames, np.float32)
        low, high = max(0, start), min(samples.size, start + frames)
        if high > low:
            out[low - start : high - start] = samples[low:high]
        return out

    return read


if __name__ == "__main__":
    main()
