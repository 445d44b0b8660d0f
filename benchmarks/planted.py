"""How often each detector is right on faults planted in real voices, rooms and noises that are not in the repository.

``python -m benchmarks.planted`` builds dialogues from the development recordings (`VOICEDIAG_DATA`, or ../shared/data):
people ordering coffee on their own microphones as the user, read speech as the agent, real noises, room responses, at
random levels. Each fault is planted in some of them at a random size, and as many are left clean. Some limits were
chosen with draws of these sounds at hand; `SEED` is a draw that was first looked at when they stood. The voices are the
same, so the figures are those of a new draw and not of new voices. ``python -m benchmarks.planted others`` builds from
voices and noises that no limit was chosen on, in the same rooms.
"""

from __future__ import annotations

import itertools
import os
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.progress import Progress

import voicediag as vd
from benchmarks.dialogues import (
    DURATION_S,
    RATE_HZ,
    Material,
    Scene,
    as_chunks,
    as_int16,
    draw,
    hear,
    read_material,
    read_others,
    to_peak,
    turn_of,
)
from benchmarks.table import show
from voicediag import signals
from voicediag.detect import DETECTORS
from voicediag.session import ArraySource, Chunks, Cue, Mark, Samples, Session, Track, TrackName
from voicediag.spans import Span

ROOT = Path(__file__).parents[1]
TRIALS = 40
SEED = 20_261_123
WHOLE = Span(0, DURATION_S)


# Most of the users' clips end with some seconds of silence, so that answers here are slow without being planted; the
# waits of `benchmarks.slow_turn` are known.
ASKED = [detector for detector in DETECTORS if detector.id != "slow-turn"]
Plant = Callable[[Scene], Scene]
material: Material


def main() -> None:
    """Print the table."""
    folder = Path(os.environ.get("VOICEDIAG_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        sys.exit(f"no recordings at {folder}; VOICEDIAG_DATA names the folder")
    read = read_others if sys.argv[1:] == ["others"] else read_material
    jobs = [(name, trial) for name in PLANTS for trial in range(TRIALS)]
    with Progress(transient=True) as bar, ProcessPoolExecutor(initializer=_load, initargs=(read, folder)) as pool:
        found = bar.track(pool.map(_found, jobs, chunksize=4), total=len(jobs), description="checking")
        seen = [(name, ids) for (name, _), ids in zip(jobs, found, strict=True)]
    rows = [_row(fault, seen) for fault in sorted(set().union(*FAULTS.values()))]
    clean = [found for name, found in seen if not FAULTS[name]]
    show(
        f"Planted faults, {TRIALS} dialogues of each kind",
        ("fault", "planted", "found", "recall", "false", "precision"),
        rows,
        note=f"{sum(not found for found in clean)} of {len(clean)} clean dialogues without a finding: "
        f"{dict(Counter(fault for found in clean for fault in found))}",
    )
    show("By kind", ("kind", "exactly that found", "of"), [_kind(name, seen) for name in PLANTS])


def _row(fault: str, seen: list[tuple[str, set[str]]]) -> list[object]:
    planted = [found for name, found in seen if fault in FAULTS[name]]
    hits = sum(fault in found for found in planted)
    false = sum(fault in found for name, found in seen if fault not in FAULTS[name])
    return [fault, len(planted), hits, hits / len(planted), false, hits / (hits + false) if hits + false else None]


def _kind(name: str, seen: list[tuple[str, set[str]]]) -> list[object]:
    mine = [found for kind, found in seen if kind == name]
    return [name, sum(found == FAULTS[name] for found in mine), len(mine)]


def _load(read: Callable[[Path], Material], folder: Path) -> None:
    """Read the material once for each process."""
    global material  # noqa: PLW0603 - how a pool's processes are given what they share
    material = read(folder)


def _found(job: tuple[str, int]) -> set[str]:
    name, trial = job
    scene = PLANTS[name](draw(material, np.random.default_rng((SEED, trial))))
    sounds: dict[TrackName, Samples] = {"user-sent": scene.user, "agent-received": scene.agent}
    tracks = {name: Track(name=name, source=ArraySource(as_int16(s), RATE_HZ)) for name, s in sounds.items()}
    marks = (Mark(kind="ready", at_s=0.0, message="planted"),) if scene.cues else ()
    session = Session(
        source="planted", tracks=tracks, turns=scene.turns, chunks=scene.chunks, cues=scene.cues, marks=marks
    )
    diagnosis = vd.check(session, detectors=ASKED)
    return {finding.id for finding in diagnosis.findings}


def _clean(scene: Scene) -> Scene:
    return scene


def _echo(low_db: float, high_db: float) -> Plant:
    def plant(scene: Scene) -> Scene:
        delay, erl = scene.random.uniform(10, 600), scene.random.uniform(low_db, high_db)
        echo = signals.leak(scene.agent, rate_hz=RATE_HZ, delay_ms=delay, erl_db=erl, response=scene.room).echo
        return replace(scene, user=scene.user + echo)

    return plant


def _loop(scene: Scene) -> Scene:
    """Every turn of the agent comes back, as sound and as the user's words."""
    agents = [turn for turn in scene.turns if turn.role == "agent"]
    back = (turn_of("user", turn.span.shifted(0.3), like=turn) for turn in agents)
    return replace(_echo(6, 20)(scene), turns=tuple(sorted((*scene.turns, *back), key=lambda turn: turn.span)))


def _quoting(scene: Scene) -> Scene:
    """The user says every turn of the agent again, in their own voice."""
    turns = [
        turn_of("user", turn.span, like=before) if turn.role == "user" else turn
        for before, turn in itertools.pairwise((scene.turns[0], *scene.turns))
    ]
    return replace(scene, turns=tuple(turns))


def _quoting_over_echo(scene: Scene) -> Scene:
    return _echo(6, 20)(_quoting(scene))


def _muted(scene: Scene) -> Scene:
    return replace(scene, user=signals.silence(scene.user, rate_hz=RATE_HZ, within=WHOLE).samples)


def _hissing(scene: Scene) -> Scene:
    return replace(
        scene, agent=signals.hiss(scene.agent, rate_hz=RATE_HZ, within=WHOLE, peak=18 / 32_768, seed=1).samples
    )


def _tenth(scene: Scene) -> Scene:
    return replace(scene, user=signals.gain(scene.user, rate_hz=RATE_HZ, within=WHOLE, gain_db=-20).samples)


def _fallen(scene: Scene) -> Scene:
    later = Span(scene.random.uniform(6, 16), DURATION_S)
    return replace(scene, user=signals.gain(scene.user, rate_hz=RATE_HZ, within=later, gain_db=-20).samples)


def _zeroed(scene: Scene) -> Scene:
    rate = scene.random.uniform(1, 8)
    return replace(
        scene,
        user=signals.zero_frames(
            scene.user, rate_hz=RATE_HZ, within=WHOLE, per_second=rate, seed=2, frame_s=_frame_s(scene)
        ).samples,
    )


def _repeated(scene: Scene) -> Scene:
    rate = scene.random.uniform(0.5, 8)
    return replace(
        scene,
        user=signals.repeat_frames(
            scene.user, rate_hz=RATE_HZ, within=WHOLE, per_second=rate, seed=2, frame_s=_frame_s(scene)
        ).samples,
    )


def _frame_s(scene: Scene) -> float:
    return float(scene.random.choice([0.01, 0.02, 0.04]))


def _clipped(scene: Scene) -> Scene:
    loud = to_peak(scene.user, scene.random.uniform(3, 15))
    return replace(scene, user=np.clip(loud, -1, 32_767 / 32_768).astype(np.float32))


def _wrapped(scene: Scene) -> Scene:
    loud = to_peak(scene.user, 0.0)
    gain_db = scene.random.uniform(3, 12)
    return replace(scene, user=signals.wrap(loud, rate_hz=RATE_HZ, within=WHOLE, gain_db=gain_db).samples)


def _late(scene: Scene) -> Scene:
    """In each turn nothing comes for a while, and then what is late in one burst."""
    at_s = _came(scene).at_s.copy()
    for part in _came(scene).each_answer():
        late_s = scene.random.uniform(0.3, 1.5) + (at_s[part][-1] - at_s[part][0])
        first = part.start + round(scene.random.uniform(0.2, 0.8) * (part.stop - part.start))
        first = min(first, part.stop - 1)
        at_s[first : part.stop] = np.maximum(at_s[first : part.stop], at_s[first] + late_s)
    return replace(scene, chunks=_with(scene, at_s=at_s))


def _lost(scene: Scene) -> Scene:
    """One chunk in five to thirty never comes: what follows in the turn moves up."""
    came, agent = _came(scene), scene.agent.copy()
    share = scene.random.uniform(1 / 30, 1 / 5)
    kept, firsts, ends = [], [], []
    for part in came.each_answer():
        place = int(came.firsts[part.start])
        turn_end = int(came.ends[part.stop - 1])
        for chunk in range(part.start, part.stop):
            if chunk > part.start and scene.random.random() < share:
                continue
            sound = scene.agent[came.firsts[chunk] : came.ends[chunk]]
            agent[place : place + sound.size] = sound
            kept.append(chunk)
            firsts.append(place)
            ends.append(place := place + sound.size)
        agent[place:turn_end] = 0
    chunks = as_chunks(came.at_s[kept], np.array(firsts), np.array(ends), came.answers[kept])
    return replace(scene, agent=agent, chunks=chunks)


def _played_with_gaps(scene: Scene) -> Scene:
    """The agent's track alone, with gaps in it."""
    rate = scene.random.uniform(0.5, 4)
    holed = signals.zero_frames(
        scene.agent, rate_hz=RATE_HZ, within=WHOLE, per_second=rate, seed=3, frame_s=_frame_s(scene)
    )
    return replace(scene, agent=holed.samples, chunks=None)


def _came(scene: Scene) -> Chunks:
    if scene.chunks is None:
        raise ValueError("the scene has no chunks")
    return scene.chunks


def _with(scene: Scene, *, at_s: NDArray[Any]) -> Chunks:
    came = _came(scene)
    return as_chunks(at_s, came.firsts, came.ends, came.answers)


def _heard(low_ms: int, high_ms: int) -> Plant:
    """A provider that ends turns after so much silence."""

    def plant(scene: Scene) -> Scene:
        silence_ms = round(scene.random.uniform(low_ms, high_ms))
        threshold_dbfs = scene.random.uniform(-46, -40)
        return replace(scene, cues=hear(scene, silence_ms=silence_ms, threshold_dbfs=threshold_dbfs))

    return plant


def _hasty(scene: Scene) -> Scene:
    """The user stops to think in the middle of a turn, and the provider ends it there."""
    noise = scene.user * 0 if scene.noise is None else scene.noise
    voice = scene.user - noise
    late_s = {"vad": 0.0, "arrival": 1.0}
    users = [turn for turn in scene.turns if turn.role == "user"]
    mine = [turn.span.shifted(-late_s[turn.learnt_from]) for turn in users if turn.span.duration_s > 1.5]
    said = mine[scene.random.integers(len(mine))]
    frames = np.arange(round(said.start_s * RATE_HZ), min(voice.size, round(said.end_s * RATE_HZ)), 160)
    power = np.array([float(np.sum(voice[frame : frame + 160] ** 2)) for frame in frames])
    # Its clip has silence around it: the middle is where the middle of its energy is.
    middle = slice(*np.searchsorted(np.cumsum(power) / power.sum(), (0.3, 0.7)).tolist())
    at, silent = int(frames[middle][int(np.argmin(power[middle]))]), round(scene.random.uniform(0.2, 0.45) * RATE_HZ)
    paused = np.concatenate((voice[:at], np.zeros(silent, np.float32), voice[at:]))[: voice.size]
    scene = replace(scene, user=paused + noise)
    silence_ms = round(scene.random.uniform(60, 150))
    return replace(scene, cues=hear(scene, silence_ms=silence_ms, threshold_dbfs=scene.random.uniform(-46, -40)))


def _ghostly(scene: Scene) -> Scene:
    """A provider that also hears a start while the agent speaks and the user is silent."""
    scene = _heard(700, 1_000)(scene)
    spans = [turn.span for turn in scene.turns if turn.role == "agent"]
    alone = [span for span in spans if span.duration_s > 2] or [max(spans, key=lambda span: span.duration_s)]
    said = alone[scene.random.integers(len(alone))]
    at_s = scene.random.uniform(said.start_s + min(1.2, said.duration_s / 2), said.end_s - 0.3)
    ghost = (Cue(kind="speech-started", at_s=at_s + 0.2, audio_s=at_s - 0.3), Cue(kind="interrupted", at_s=at_s + 0.21))
    return replace(scene, cues=tuple(sorted((*scene.cues, *ghost), key=lambda cue: cue.at_s)))


def _echo_heard(scene: Scene) -> Scene:
    """A provider that takes a loud echo for the user."""
    return _heard(700, 1_000)(_echo(3, 12)(scene))


PLANTS: dict[str, Plant] = {
    "clean": _clean,
    "quoting user": _quoting,
    "self-hearing": _loop,
    "quoting user over an echo": _quoting_over_echo,
    "echo 6-20 dB": _echo(6, 20),
    "echo 20-35 dB": _echo(20, 35),
    "muted microphone": _muted,
    "silent model": _hissing,
    "a tenth of the level": _tenth,
    "fall to a tenth": _fallen,
    "zeroed frames": _zeroed,
    "repeated frames": _repeated,
    "late chunks": _late,
    "lost chunks": _lost,
    "gaps, one track alone": _played_with_gaps,
    "well heard": _heard(700, 1_000),
    "turns ended in a pause": _hasty,
    "a start that nobody spoke": _ghostly,
    "echo taken for a start": _echo_heard,
    "clipped 3-15 dB": _clipped,
    "wrapped 3-12 dB": _wrapped,
}
FAULTS: dict[str, set[str]] = {
    "clean": set(),
    "quoting user": set(),
    "self-hearing": {"self-hearing-loop", "echo-leak"},
    "quoting user over an echo": {"echo-leak"},
    "echo 6-20 dB": {"echo-leak"},
    "echo 20-35 dB": {"echo-leak"},
    "muted microphone": {"silent-track"},
    "silent model": {"silent-track"},
    "a tenth of the level": {"starved-capture"},
    "fall to a tenth": {"starved-capture"},
    "zeroed frames": {"starved-capture"},
    "repeated frames": {"starved-capture"},
    "late chunks": {"bad-pacing", "starved-playback"},
    "lost chunks": {"starved-playback"},
    "gaps, one track alone": {"starved-playback"},
    "well heard": set(),
    "turns ended in a pause": {"early-endpoint"},
    "a start that nobody spoke": {"false-start"},
    "echo taken for a start": {"echo-leak", "false-start"},
    "clipped 3-15 dB": {"clipped-audio"},
    "wrapped 3-12 dB": {"clipped-audio"},
}


if __name__ == "__main__":
    main()
