"""How often each detector is right on faults planted in real voices, rooms and noises that are not in the repository.

``python -m benchmarks.planted`` builds dialogues from the development recordings (`VOICEDIAG_DATA`, or ../shared/data):
people ordering coffee on their own microphones as the user, read speech as the agent, real noises, room responses, at
random levels. Each fault is planted in some of them at a random size, and as many are left clean. The detectors were
not fitted on these voices.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from rich.progress import track

import voicediag as vd
from benchmarks.table import show
from voicediag import signals
from voicediag.measure import measure_active_level
from voicediag.session import ArraySource, Samples, Session, Track, TrackName
from voicediag.spans import Span

ROOT = Path(__file__).parents[1]
RATE_HZ = 16_000
DURATION_S = 24.0
TRIALS = 40
SEED = 20_261_121
WHOLE = Span(0, DURATION_S)


@dataclass(frozen=True)
class Material:
    """Real sounds to build from, all at 16 kHz."""

    users: list[Samples]
    agents: list[Samples]
    noises: list[Samples]
    rooms: list[Samples]


@dataclass(frozen=True)
class Scene:
    """A dialogue without a fault."""

    user: Samples
    agent: Samples
    room: Samples
    random: np.random.Generator


Plant = Callable[[Scene], tuple[Samples, Samples]]


def main() -> None:
    """Print the table."""
    folder = Path(os.environ.get("VOICEDIAG_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        sys.exit(f"no recordings at {folder}; VOICEDIAG_DATA names the folder")
    material = _material(folder)
    jobs = [(name, trial) for name in PLANTS for trial in range(TRIALS)]
    seen = [(name, _found(PLANTS[name], material, trial)) for name, trial in track(jobs, "checking", transient=True)]
    rows = [_row(fault, seen) for fault in sorted(set(FAULTS.values()) - {None}, key=str)]
    clean = [found for name, found in seen if FAULTS[name] is None]
    show(
        f"Planted faults, {TRIALS} dialogues of each kind",
        ("fault", "planted", "found", "recall", "false", "precision"),
        rows,
        note=f"{sum(not found for found in clean)} of {len(clean)} clean dialogues without a finding: "
        f"{dict(Counter(fault for found in clean for fault in found))}",
    )
    show("By kind", ("kind", "found", "of"), [_kind(name, seen) for name in PLANTS])


def _row(fault: str, seen: list[tuple[str, set[str]]]) -> list[object]:
    planted = [found for name, found in seen if FAULTS[name] == fault]
    hits = sum(fault in found for found in planted)
    false = sum(fault in found for name, found in seen if FAULTS[name] != fault)
    return [fault, len(planted), hits, hits / len(planted), false, hits / (hits + false) if hits + false else None]


def _kind(name: str, seen: list[tuple[str, set[str]]]) -> list[object]:
    mine = [found for kind, found in seen if kind == name]
    wanted = FAULTS[name]
    return [name, sum(wanted in found if wanted else not found for found in mine), len(mine)]


def _found(plant: Plant, material: Material, trial: int) -> set[str]:
    user, agent = plant(_scene(material, np.random.default_rng((SEED, trial))))
    sounds: dict[TrackName, Samples] = {"user-sent": user, "agent-received": agent}
    tracks = {name: Track(name=name, source=ArraySource(_as_int16(s), RATE_HZ)) for name, s in sounds.items()}
    diagnosis = vd.check(Session(source="planted", tracks=tracks))
    return {finding.id for finding in diagnosis.findings}


def _scene(material: Material, random: np.random.Generator) -> Scene:
    """Return a dialogue at random levels: the agent speaks, the user answers, over a live room."""
    frames = round(DURATION_S * RATE_HZ)
    user, agent = np.zeros(frames, np.float32), np.zeros(frames, np.float32)
    at = 0
    while at < frames:
        for track_, voices, level_db in ((agent, material.agents, -24.0), (user, material.users, 0.0)):
            clip = voices[random.integers(len(voices))][: frames - at]
            track_[at : at + clip.size] += clip * np.float32(10 ** ((level_db if track_ is agent else 0.0) / 20))
            at = min(frames, at + clip.size + round(random.uniform(0.2, 1.2) * RATE_HZ))
    agent = _at_level(agent, -24.0)
    user = _at_level(user, random.uniform(-32, -18))
    noise = material.noises[random.integers(len(material.noises))]
    begin = random.integers(max(1, noise.size - frames))
    room = np.resize(noise[begin : begin + frames], frames)
    room = room * np.float32(10 ** (random.uniform(-68, -50) / 20) / np.sqrt(np.mean(room**2)))
    return Scene(user + room, agent, material.rooms[random.integers(len(material.rooms))], random)


def _clean(scene: Scene) -> tuple[Samples, Samples]:
    return scene.user, scene.agent


def _echo(low_db: float, high_db: float) -> Plant:
    def plant(scene: Scene) -> tuple[Samples, Samples]:
        delay, erl = scene.random.uniform(10, 600), scene.random.uniform(low_db, high_db)
        echo = signals.leak(scene.agent, rate_hz=RATE_HZ, delay_ms=delay, erl_db=erl, response=scene.room).echo
        return scene.user + echo, scene.agent

    return plant


def _muted(scene: Scene) -> tuple[Samples, Samples]:
    return signals.silence(scene.user, rate_hz=RATE_HZ, within=WHOLE).samples, scene.agent


def _hissing(scene: Scene) -> tuple[Samples, Samples]:
    return scene.user, signals.hiss(scene.agent, rate_hz=RATE_HZ, within=WHOLE, peak=18 / 32_768, seed=1).samples


def _tenth(scene: Scene) -> tuple[Samples, Samples]:
    return signals.gain(scene.user, rate_hz=RATE_HZ, within=WHOLE, gain_db=-20).samples, scene.agent


def _fallen(scene: Scene) -> tuple[Samples, Samples]:
    later = Span(scene.random.uniform(6, 16), DURATION_S)
    return signals.gain(scene.user, rate_hz=RATE_HZ, within=later, gain_db=-20).samples, scene.agent


def _zeroed(scene: Scene) -> tuple[Samples, Samples]:
    rate = scene.random.uniform(1, 8)
    return signals.zero_frames(
        scene.user, rate_hz=RATE_HZ, within=WHOLE, per_second=rate, seed=2, frame_s=_frame_s(scene)
    ).samples, scene.agent


def _repeated(scene: Scene) -> tuple[Samples, Samples]:
    rate = scene.random.uniform(0.5, 8)
    return signals.repeat_frames(
        scene.user, rate_hz=RATE_HZ, within=WHOLE, per_second=rate, seed=2, frame_s=_frame_s(scene)
    ).samples, scene.agent


def _frame_s(scene: Scene) -> float:
    return float(scene.random.choice([0.01, 0.02, 0.04]))


def _clipped(scene: Scene) -> tuple[Samples, Samples]:
    loud = _to_peak(scene.user, scene.random.uniform(3, 15))
    return np.clip(loud, -1, 32_767 / 32_768).astype(np.float32), scene.agent


def _wrapped(scene: Scene) -> tuple[Samples, Samples]:
    loud = _to_peak(scene.user, 0.0)
    gain_db = scene.random.uniform(3, 12)
    return signals.wrap(loud, rate_hz=RATE_HZ, within=WHOLE, gain_db=gain_db).samples, scene.agent


PLANTS: dict[str, Plant] = {
    "clean": _clean,
    "echo 6-20 dB": _echo(6, 20),
    "echo 20-35 dB": _echo(20, 35),
    "muted microphone": _muted,
    "silent model": _hissing,
    "a tenth of the level": _tenth,
    "fall to a tenth": _fallen,
    "zeroed frames": _zeroed,
    "repeated frames": _repeated,
    "clipped 3-15 dB": _clipped,
    "wrapped 3-12 dB": _wrapped,
}
FAULTS: dict[str, str | None] = {
    "clean": None,
    "echo 6-20 dB": "echo-leak",
    "echo 20-35 dB": "echo-leak",
    "muted microphone": "silent-track",
    "silent model": "silent-track",
    "a tenth of the level": "starved-capture",
    "fall to a tenth": "starved-capture",
    "zeroed frames": "starved-capture",
    "repeated frames": "starved-capture",
    "clipped 3-15 dB": "clipped-audio",
    "wrapped 3-12 dB": "clipped-audio",
}


def _material(folder: Path) -> Material:
    speech, places = folder / "speech", folder / "rooms_noise"
    readers = [*(speech / "lhotse_fixtures").glob("*.flac"), *(speech / "pyroomacoustics_arctic").glob("*.flac")]
    readers = [path for path in readers if not path.name.startswith(("real", "sim"))]
    return Material(
        users=[_trimmed(clip) for clip in _read(sorted((speech / "picovoice_s2i").glob("*.flac")))],
        agents=list(_read(sorted([*readers, *(speech / "azure").glob("*.flac")]))),
        noises=list(_read(sorted([*(places / "livekit_agents").glob("*-*.ogg"), *places.glob("**/noise/*.flac")]))),
        rooms=[_unit(room) for room in _read(sorted(places.glob("**/RIRs/*.flac")))],
    )


def _read(paths: list[Path]) -> Iterator[Samples]:
    for path in paths:
        sound, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
        yield soxr.resample(sound[:, 0], rate_hz, RATE_HZ)[: 12 * RATE_HZ]


def _trimmed(clip: Samples) -> Samples:
    """Return a clip with a tenth of a second faded in and out, so that its own noise does not begin with a step."""
    fade = np.minimum(1, np.arange(clip.size) / (0.1 * RATE_HZ)).astype(np.float32)
    return clip * fade * fade[::-1]


def _unit(room: Samples) -> Samples:
    """Return a response that begins with its direct sound."""
    return room[int(np.abs(room).argmax()) :]


def _at_level(samples: Samples, level_db: float) -> Samples:
    active = measure_active_level(samples, rate_hz=RATE_HZ).active_speech_dbov
    return samples * np.float32(10 ** ((level_db - (active or level_db)) / 20))


def _to_peak(samples: Samples, over_db: float) -> Samples:
    """Return samples whose peaks lie `over_db` above full scale."""
    return (samples * np.float32(10 ** (over_db / 20) / np.abs(samples).max())).astype(np.float32)


def _as_int16(samples: NDArray[np.float32]) -> Samples:
    codes = np.clip(np.round(samples * 32_768), -32_768, 32_767)
    return (codes / 32_768).astype(np.float32)


if __name__ == "__main__":
    main()
