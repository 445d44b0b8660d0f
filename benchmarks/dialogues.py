"""Dialogues without a fault, drawn from real voices, rooms and noises that are not in the repository."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from voicediag.live.emulator.gate import Gate
from voicediag.live.emulator.scenario import Vad
from voicediag.measure import measure_active_level
from voicediag.session import Chunks, Cue, Role, Samples, Turn
from voicediag.session.events import CueKind
from voicediag.spans import Span, SpanSet

RATE_HZ = 16_000
DURATION_S = 24.0
# A player's cushion hides so much jitter.
HIDDEN_S = 0.09
# From the end of a turn to the first sound of its answer.
ANSWER_S = 1.0
# What parts one utterance from the next.
PAUSE_S = 0.5
PEAK_SAMPLES = 8


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
    turns: tuple[Turn, ...] = ()
    chunks: Chunks | None = None
    cues: tuple[Cue, ...] = ()
    noise: Samples | None = None


def draw(material: Material, random: np.random.Generator) -> Scene:
    """Return a dialogue at random levels: the agent speaks, the user answers, over a live room."""
    frames = round(DURATION_S * RATE_HZ)
    user, agent = np.zeros(frames, np.float32), np.zeros(frames, np.float32)
    at, turns = 0, []
    sides: tuple[tuple[Role, Samples, list[Samples]], ...] = (
        ("agent", agent, material.agents),
        ("user", user, material.users),
    )
    while at < frames:
        for role, track, voices in sides:
            clip = _said(voices, random)[: frames - at]
            track[at : at + clip.size] += clip
            if clip.size:
                turns.append(turn_of(role, Span(at / RATE_HZ, (at + clip.size) / RATE_HZ)))
            at = min(frames, at + clip.size + round(random.uniform(0.2, 1.2) * RATE_HZ))
    agent = at_level(agent, -24.0)
    user = _under_the_rail(at_level(user, random.uniform(-32, -18)))
    noise = material.noises[random.integers(len(material.noises))]
    begin = random.integers(max(1, noise.size - frames))
    room = np.resize(noise[begin : begin + frames], frames)
    room = room * np.float32(10 ** (random.uniform(-68, -50) / 20) / np.sqrt(np.mean(room**2)))
    way = material.rooms[random.integers(len(material.rooms))]
    return Scene(user + room, agent, way, random, tuple(turns), _chunks(turns, random), noise=room)


def _under_the_rail(samples: Samples) -> Samples:
    """Return samples lowered so far that the highest peak, and some noise over it, is not clipped."""
    return samples * np.float32(min(1.0, 0.9 / np.abs(samples).max()))


def _said(voices: list[Samples], random: np.random.Generator) -> Samples:
    """Return a clip at about the level of all others.

    The clips are of many people, each with a microphone of their own; who talks to an agent keeps theirs, and varies by
    a few dB from turn to turn.
    """
    return at_level(voices[random.integers(len(voices))], random.uniform(-3, 3))


def _chunks(turns: list[Turn], random: np.random.Generator) -> Chunks:
    """Return when the agent's turns came: faster than they are heard, or in real time over a network that jitters."""
    length = round(float(random.choice([0.02, 0.04, 0.08, 0.2])) * RATE_HZ)
    speed, jitter_s = float(random.choice([1.0, 2.0, 4.0])), float(random.choice([0.0, 0.005, 0.02]))
    at_s, firsts, ends, answers = [], [], [], []
    for number, turn in enumerate(turn for turn in turns if turn.role == "agent"):
        begin, end = (round(at * RATE_HZ) for at in (turn.span.start_s, turn.span.end_s))
        came = turn.span.start_s + np.arange(0, end - begin, length) / RATE_HZ / speed
        came += np.minimum(random.exponential(jitter_s, came.size), HIDDEN_S)
        at_s.append(np.maximum.accumulate(came))
        firsts.append(np.arange(begin, end, length))
        ends.append(np.minimum(firsts[-1] + length, end))
        answers.append(np.full(came.size, number))
    parts = (np.concatenate(each) for each in (at_s, firsts, ends, answers))
    return as_chunks(*parts)


def as_chunks(at_s: NDArray[Any], firsts: NDArray[Any], ends: NDArray[Any], answers: NDArray[Any]) -> Chunks:
    """Return chunks at the rate of the dialogues, of a wire that says where answers end."""
    return Chunks(rate_hz=RATE_HZ, at_s=at_s, firsts=firsts, ends=ends, answers=answers, ended=True)


def hear(scene: Scene, *, silence_ms: int, threshold_dbfs: float) -> tuple[Cue, ...]:
    """Return what a provider with a level gate tells of a microphone; a start cancels what is due or said."""
    gate = Gate(Vad(threshold_dbfs=threshold_dbfs, silence_ms=silence_ms), RATE_HZ)
    size, cues, answered_s = RATE_HZ // 25, [], -1.0
    agent = [turn.span for turn in scene.turns if turn.role == "agent"]
    for start in range(0, scene.user.size, size):
        for heard in gate.push(scene.user[start : start + size]):
            at_s = (start + size) / RATE_HZ + float(scene.random.uniform(0.05, 0.3))
            kind: CueKind = "speech-started" if heard.kind == "started" else "speech-stopped"
            cues.append(Cue(kind=kind, at_s=at_s, audio_s=heard.audio_ms / 1_000))
            if kind == "speech-stopped":
                answered_s = at_s
            elif at_s - answered_s < ANSWER_S or any(span.start_s <= at_s <= span.end_s for span in agent):
                cues.append(Cue(kind="interrupted", at_s=at_s + 0.01))
    return tuple(cues)


def turn_of(role: Role, span: Span, *, like: Turn | None = None) -> Turn:
    """Return a turn with words of its own, or with those that another began with.

    Readers say two and a half words a second of their clips; who orders coffee pauses more. Half of the user's turns
    have a span of the provider's VAD; of the others only the arrival of the words is known, a second later.
    """
    first = round(1_000 * span.start_s) + (500_000 if role == "user" else 0)
    count = max(1, round((2.5 if role == "agent" else 1.5) * span.duration_s))
    words = like.text.split()[:count] if like else [_word(number) for number in range(first, first + count)]
    text = " ".join(words)
    if role == "agent":
        return Turn(role=role, text=text, span=span, learnt_from="audio")
    if first % 2:
        return Turn(role=role, text=text, span=span, learnt_from="vad")
    return Turn(role=role, text=text, span=span.shifted(1.0), learnt_from="arrival")


def _word(number: int) -> str:
    """Return a word of letters alone: a normaliser would take digits apart."""
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


def read_material(folder: Path) -> Material:
    """Return what the development recordings hold: users and agents are other people."""
    speech, places = folder / "speech", folder / "rooms_noise"
    readers = [*(speech / "lhotse_fixtures").glob("*.flac"), *(speech / "pyroomacoustics_arctic").glob("*.flac")]
    readers = [path for path in readers if not path.name.startswith(("real", "sim"))]
    return Material(
        users=[_trimmed(clip) for clip in _read(sorted((speech / "picovoice_s2i").glob("*.flac")))],
        agents=list(_read(sorted([*readers, *(speech / "azure").glob("*.flac")]))),
        noises=list(_read(sorted([*(places / "livekit_agents").glob("*-*.ogg"), *places.glob("**/noise/*.flac")]))),
        rooms=[_unit(room) for room in _read(sorted(places.glob("**/RIRs/*.flac")))],
    )


def read_others(folder: Path) -> Material:
    """Return voices and noises that no limit was chosen on: labelled speech, read phrases, rain and dogs; same rooms.

    Utterances that were clipped when they were recorded are left out: they are findings that nobody planted.
    """
    labelled = sorted((folder / "vad" / "ten_vad").glob("*.flac"))
    phrases = sorted((folder / "vad" / "vap_phrases").glob("*_long_*.flac"))
    return Material(
        users=[_trimmed(said) for path in labelled for said in _utterances(path) if not _is_clipped(said)],
        agents=list(_read(phrases)),
        noises=list(_read(sorted((folder / "vad" / "esc10").glob("**/*.ogg")))),
        rooms=read_material(folder).rooms,
    )


def _utterances(path: Path) -> Iterator[Samples]:
    """Yield what is said between pauses of half a second, by the clip's own labels, a second at least."""
    (clip,) = _read([path])
    _, *cells = path.with_suffix(".scv").read_text().strip().split(",")
    speech = SpanSet(
        Span(float(a), float(b)) for a, b, is_speech in zip(*[iter(cells)] * 3, strict=True) if is_speech == "1"
    )
    for said in speech.padded(PAUSE_S / 2).longer_than(1 + PAUSE_S):
        yield clip[round(said.start_s * RATE_HZ) : round(said.end_s * RATE_HZ)]


def _is_clipped(samples: Samples) -> bool:
    """Tell whether more samples lie at the very rail than a peak has."""
    return int((np.abs(samples) >= 1.0 - 2**-15).sum()) > PEAK_SAMPLES


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


def at_level(samples: Samples, level_db: float) -> Samples:
    """Return speech scaled to an active level."""
    active = measure_active_level(samples, rate_hz=RATE_HZ).active_speech_dbov
    return samples * np.float32(10 ** ((level_db - (active or level_db)) / 20))


def to_peak(samples: Samples, over_db: float) -> Samples:
    """Return samples whose peaks lie `over_db` above full scale."""
    return (samples * np.float32(10 ** (over_db / 20) / np.abs(samples).max())).astype(np.float32)


def as_int16(samples: NDArray[np.float32]) -> Samples:
    """Return samples as 16 bits hold them."""
    codes = np.clip(np.round(samples * 32_768), -32_768, 32_767)
    return (codes / 32_768).astype(np.float32)
