"""How true the response time is that is measured from the sound, and how often `slow-turn` is right.

``python -m benchmarks.slow_turn`` builds dialogues from the sounds of `benchmarks.dialogues` (real voices, real noises,
random levels) with known waits: in half of them every answer comes after 0.3 to 1.8 s, in the others one comes after 3
to 7 s. There is no wire log, so that the sound alone decides. The limits of `slow-turn` come from a paper and house
rules; nothing here was used to choose them. How far below the talker the background lies, `BACKGROUND_DB` of
`detect.examination`, was chosen with an earlier draw; `SEED` is a new draw of the same sounds. Where a voice ends is
known from its clip before any noise is added: the last 20 ms within `SPEECH_DB` of its loudest that do not stand alone.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.progress import Progress

import voicediag as vd
from benchmarks import dialogues
from benchmarks.dialogues import RATE_HZ, Material
from benchmarks.table import show
from voicediag.detect import slow_turn
from voicediag.session import ArraySource, Samples, Session, Track, TrackName

ROOT = Path(__file__).parents[1]
TRIALS = 150
SEED = 20_261_124
DURATION_S = 40.0
SPEECH_DB = 35.0
FRAME = RATE_HZ // 50
material: Material


@dataclass(frozen=True)
class Tried:
    """One dialogue: whether a turn was slow, whether one was found, and the errors of the times that were measured."""

    planted: bool
    found: bool
    judged: bool
    turns: int
    errors_ms: tuple[float, ...]


def main() -> None:
    """Print the table."""
    folder = Path(os.environ.get("VOICEDIAG_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        sys.exit(f"no recordings at {folder}; VOICEDIAG_DATA names the folder")
    with Progress(transient=True) as bar, ProcessPoolExecutor(initializer=_load, initargs=(folder,)) as pool:
        jobs = pool.map(_tried, range(TRIALS), chunksize=5)
        tried = list(bar.track(jobs, total=TRIALS, description="checking"))
    slow = [each for each in tried if each.planted]
    hits, false = sum(each.found for each in slow), sum(each.found and not each.planted for each in tried)
    show(
        f"slow-turn, {TRIALS} dialogues",
        ("planted", "found", "recall", "false", "of", "precision", "rule of succession"),
        [
            [
                len(slow),
                hits,
                hits / len(slow),
                false,
                len(tried) - len(slow),
                hits / (hits + false) if hits + false else None,
                (hits + 1) / (hits + false + 2),
            ]
        ],
        note=f"{sum(not each.judged for each in tried)} dialogues could not be judged",
    )
    errors = np.array([error for each in tried for error in each.errors_ms])
    ranks = np.percentile(errors, (5, 50, 95), method="inverted_cdf")
    show(
        "Response time, measured less true",
        ("turns", "timed", "p5 ms", "p50 ms", "p95 ms"),
        [[sum(each.turns for each in tried), errors.size, *(round(float(rank)) for rank in ranks)]],
    )


def _load(folder: Path) -> None:
    global material  # noqa: PLW0603 - how a pool's processes are given what they share
    material = dialogues.read_material(folder)


def _tried(trial: int) -> Tried:
    random = np.random.default_rng((SEED, trial))
    is_slow = bool(trial % 2)
    sounds, waits = _dialogue(random, slow=is_slow)
    tracks = {name: Track(name=name, source=ArraySource(sound, RATE_HZ)) for name, sound in sounds.items()}
    diagnosis = vd.check(Session(source="planted", tracks=tracks), detectors=[slow_turn.DETECTOR])
    errors = [
        answer.audio_ms - 1_000 * (heard_s - said_s)
        for said_s, heard_s in waits
        for answer in diagnosis.latency.answers
        if abs(answer.heard_s - heard_s) < 0.5
    ]
    return Tried(is_slow, bool(diagnosis.findings), not diagnosis.unjudged, len(waits), tuple(errors))


def _dialogue(random: np.random.Generator, *, slow: bool) -> tuple[dict[TrackName, Samples], list[tuple[float, float]]]:
    """Return both voices, and when each turn ended and its answer began."""
    frames = round(DURATION_S * RATE_HZ)
    user, agent = np.zeros(frames, np.float32), np.zeros(frames, np.float32)
    at, waits, gaps = round(0.5 * RATE_HZ), [], iter([random.uniform(3, 7)] if slow else [])
    while True:
        said, reply = (_speech(voices[random.integers(len(voices))]) for voices in (material.users, material.agents))
        wait = round(next(gaps, random.uniform(0.3, 1.8)) * RATE_HZ)
        end = at + said.size
        if end + wait + reply.size > frames:
            break
        user[at:end] += said
        agent[end + wait : end + wait + reply.size] += reply
        waits.append((end / RATE_HZ, (end + wait) / RATE_HZ))
        at = end + wait + reply.size + round(random.uniform(0.2, 1.5) * RATE_HZ)
    if not waits:
        return _dialogue(random, slow=slow)
    noise = material.noises[random.integers(len(material.noises))]
    begin = random.integers(max(1, noise.size - frames))
    room = np.resize(noise[begin : begin + frames], frames)
    room = room * np.float32(10 ** (random.uniform(-68, -50) / 20) / np.sqrt(np.mean(room**2)))
    level_db = random.uniform(-32, -18)
    return {
        "user-sent": dialogues.at_level(user, level_db) + room,
        "agent-received": dialogues.at_level(agent, -24.0),
    }, waits


def _speech(clip: Samples) -> Samples:
    """Return a clip from its first to its last sound."""
    steps = clip[: clip.size // FRAME * FRAME].reshape(-1, FRAME)
    power = np.mean(np.square(steps), axis=1)
    # A click or a breath alone in a silence is not the first word.
    dense = np.convolve(power > power.max() * 10 ** (-SPEECH_DB / 10), np.ones(9), "same") >= 5
    loud = np.flatnonzero(dense)
    return clip[int(loud[0]) * FRAME : (int(loud[-1]) + 1) * FRAME]


if __name__ == "__main__":
    main()
