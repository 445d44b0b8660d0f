"""Examples for `benchmarks.starvation_fit`: speech with gaps of every kind, and with all that looks like one.

Phrases are cut short as an interruption would, trimmed as players of clips do, gated as noise suppressors do, and lie
between digital silence, their own, or a room's. Voices are those of a folder (``<source>/<speaker>.flac``, as for
`benchmarks.voice_rate_fit`) and the fitted half of `benchmarks.starvation_material`; none is of its other half.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
import soxr
from numpy.random import Generator

from benchmarks import starvation_material
from benchmarks.starvation_damage import KINDS, Kind, plant, taken
from benchmarks.starvation_phrases import STEP_S, step_levels, trimmed
from voicediag import signals
from voicediag.measure import measure_active_level
from voicediag.session import Samples

TAKEN: Final = (
    "ast-armelle", "ast-en", "ast-es", "ast-esco", "ast-fr", "ast-it", "ast-it-m", "ast-ru", "espeak", "festival",
    "flite", "kokoro", "hibari", "fsdd", "sphinx", "aecsyn", "ami-2ch", "ami-mix", "aws",
)  # fmt: skip
"""Sources of the folder that are not in the benchmark's other half."""
OWN: Final = "fitted half"
OWN_SHARE: Final = 0.3
DURATION_S: Final = 20.0
PHRASES_S: Final = 8.0
PHRASES_SHARE: Final = 0.35
PIECE_S: Final = 12.0
LEVEL_DBOV: Final = -26.0
GAPS: Final = frozenset({"zeros", "held", "faded", "comfort", "blanked"})
OFTEN: Final[tuple[Kind, ...]] = (*KINDS, "comfort", "blanked", "faded", "held", "comfort", "blanked")

Voice = tuple[Samples, int]
Voices = Mapping[str, list[Voice]]
Planted = tuple[Kind, float, float]


@dataclass(frozen=True, eq=False)
class Example:
    """Sound, and the kind, begin and end of each damage in it, in seconds."""

    samples: Samples
    rate_hz: int
    damages: list[Planted]


def read_voices(folder: Path) -> Voices:
    """Return voices by their source, each with its rate and at 0 dBov."""
    voices = {source: [piece for path in sorted((folder / source).glob("*.flac")) for piece in _pieces(path)]
              for source in TAKEN}  # fmt: skip
    voices[OWN] = list(starvation_material.recordings(fitted=True))
    return {source: clips for source, clips in voices.items() if clips}


def _pieces(path: Path) -> list[Voice]:
    """Return a voice in pieces of about twelve seconds, each cut where it is quietest: a word that is cut is a gap."""
    sound, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    level_dbov = measure_active_level(sound[:, 0], rate_hz=rate_hz).active_speech_dbov
    if level_dbov is None:
        return []
    voice = np.ascontiguousarray(sound[:, 0]) * np.float32(10 ** (-level_dbov / 20))
    step = round(5 * STEP_S * rate_hz)
    levels, each = step_levels(voice, step), round(PIECE_S * rate_hz / step)
    middles = range(each, levels.size - each // 2, each)
    cuts = [(at - each // 4 + int(levels[at - each // 4 : at + each // 4].argmin())) * step + step // 2
            for at in middles]  # fmt: skip
    return [(piece, rate_hz) for piece in np.split(voice, cuts)]


def example(voices: Voices, random: Generator) -> Example:
    """Return one example: a third of them without a damage."""
    rate_hz = int(random.choice([8_000, 8_000, 16_000, 16_000, 24_000, 48_000]))
    played_hz = int(random.choice([8_000, 16_000, 24_000, 48_000])) if random.random() < 0.35 else rate_hz
    spoken = _phrases if random.random() < PHRASES_SHARE else _spoken
    sound = spoken(voices, rate_hz, random)
    snr_db = None if random.random() < 0.3 else float(random.uniform(5, 45))
    shared, coded_first = bool(random.random() < 0.6), bool(random.random() < 0.4)
    if snr_db is not None and shared:
        sound = _over(sound, rate_hz, snr_db, random)
    if random.random() < 0.12:
        sound = _gated(sound, rate_hz, random)
    codec: starvation_material.Codec = ("none", "g711", "opus")[int(random.choice(3, p=[0.57, 0.28, 0.15]))]
    if coded_first:
        sound = starvation_material.through(sound, rate_hz, codec)
    damages: list[Planted] = []
    if random.random() < 0.65:
        hidden_db = math.inf if snr_db is None or shared else snr_db
        sound, damages = _damaged(sound, rate_hz, hidden_db, random)
    if played_hz != rate_hz or random.random() < 0.3:
        pace = 1 + random.uniform(-5e-4, 5e-4)
        sound = np.asarray(soxr.resample(sound, rate_hz, played_hz * pace), np.float32)
        damages = [(kind, begin_s * pace, end_s * pace) for kind, begin_s, end_s in damages]
    sound = sound * np.float32(10 ** (random.uniform(-20, 3) / 20))
    if snr_db is not None and not shared:
        sound = _over(sound, played_hz, snr_db, random)
    if not coded_first:
        sound = starvation_material.through(sound, played_hz, codec)
    if random.random() < 0.5:
        sound = (np.round(np.clip(sound, -1, 1) * 32_767) / 32_768).astype(np.float32)
    return Example(sound.astype(np.float32), played_hz, damages)


def _spoken(voices: Voices, rate_hz: int, random: Generator) -> Samples:
    """Return phrases of many voices one after another, or noise that moves like speech."""
    floor_db = None if random.random() < 0.4 else random.uniform(-75, -55)
    if random.random() < 0.12:
        seed = int(random.integers(1 << 30))
        return signals.speech_like(
            duration_s=DURATION_S, rate_hz=rate_hz, seed=seed, level_db=LEVEL_DBOV, floor_db=floor_db
        ).samples
    frames, mode = round(DURATION_S * rate_hz), str(random.choice(["zeros", "own", "room"]))
    trim_db = random.uniform(13, 30) if random.random() < 0.3 else None
    fixed_s = random.uniform(0.05, 0.8) if random.random() < 0.5 else None
    pieces = [np.zeros(round(rate_hz * random.uniform(0, 0.5)), np.float32)]
    while sum(piece.size for piece in pieces) < frames:
        phrase = _phrase(voices, rate_hz, trim_db, random)
        pieces.append(phrase * np.float32(10 ** ((LEVEL_DBOV + random.uniform(-4, 4)) / 20)))
        pause_s = fixed_s if trim_db and fixed_s else random.uniform(0.02, 1.5)
        if not (mode == "own" and random.random() < 0.7):
            pieces.append(np.zeros(round(pause_s * rate_hz), np.float32))
    sound = np.concatenate(pieces)[:frames]
    if mode == "room":
        sound = _over(sound, rate_hz, random.uniform(29, 54), random)
    return sound.astype(np.float32)


def _phrases(voices: Voices, rate_hz: int, random: Generator) -> Samples:
    """Return a short stretch of what a player of clips plays: phrases of one source, trimmed, and silence or a room."""
    source = OWN if random.random() < OWN_SHARE else str(random.choice(list(voices)))
    clips = voices[source]
    begin, under_db = int(random.integers(len(clips))), random.uniform(10, 30)
    fixed_s = random.uniform(0.05, 0.8) if random.random() < 0.5 else None
    pace, frames = random.uniform(0.9, 1.1), round(PHRASES_S * rate_hz)
    pieces = [np.zeros(round(rate_hz * random.uniform(0, 0.5)), np.float32)]
    while sum(piece.size for piece in pieces) < frames:
        clip, from_hz = clips[(begin + int(random.integers(4))) % len(clips)]
        said = np.asarray(soxr.resample(clip, from_hz, rate_hz * pace), np.float32)
        pieces.append(trimmed(said, rate_hz, under_db + random.uniform(-2, 2), random))
        pieces.append(np.zeros(round((fixed_s or random.uniform(0.05, 1.2)) * rate_hz), np.float32))
    sound = np.concatenate(pieces)[:frames] * np.float32(10 ** (LEVEL_DBOV / 20))
    if random.random() < 0.4:
        sound = _over(sound, rate_hz, random.uniform(25, 54), random)
    return sound.astype(np.float32)


def _phrase(voices: Voices, rate_hz: int, trim_db: float | None, random: Generator) -> Samples:
    source = OWN if random.random() < OWN_SHARE else str(random.choice(list(voices)))
    clips = voices[source]
    clip, from_hz = clips[int(random.integers(len(clips)))]
    said = np.asarray(soxr.resample(clip, from_hz, rate_hz * random.uniform(0.9, 1.1)), np.float32)
    if trim_db is not None and random.random() < 0.9:
        return trimmed(said, rate_hz, trim_db, random)
    if random.random() < 0.15:
        said = said[: round(said.size * random.uniform(0.2, 0.9))]
    elif random.random() < 0.15:
        loud = np.flatnonzero(np.abs(said) > 10 ** (-random.uniform(25, 45) / 20))
        said = said[loud[0] : loud[-1] + 1] if loud.size else said
    edge = min(said.size // 2, round(rate_hz * random.uniform(0.002, 0.05))) if random.random() < 0.4 else 0
    fade = np.minimum(1, np.arange(said.size) / max(1, edge)).astype(np.float32)
    return said * fade * fade[::-1] if edge else said


def _gated(sound: Samples, rate_hz: int, random: Generator) -> Samples:
    """Return sound behind a gate that closes hard, as noise suppressors do."""
    step = round(STEP_S * rate_hz / 2)
    loud = step_levels(sound, step) > 10 ** ((LEVEL_DBOV - random.uniform(18, 30)) / 20)
    held = int(random.integers(4, 60))
    is_open = np.convolve(loud, np.ones(held))[: loud.size] > 0
    gain = np.where(is_open, 1.0, 10 ** (-random.uniform(15, 80) / 20))
    over = np.interp(np.arange(sound.size), (np.arange(gain.size) + 0.5) * step, gain)
    return (sound * over).astype(np.float32)


def _over(sound: Samples, rate_hz: int, snr_db: float, random: Generator) -> Samples:
    return sound + starvation_material.noise(sound, rate_hz, snr_db, fitted=True, random=random)


def _damaged(sound: Samples, rate_hz: int, hidden_db: float, random: Generator) -> tuple[Samples, list[Planted]]:
    """Return sound with damages of every kind wherever speech that no later noise hides leaves room for one."""
    live = _live(sound, rate_hz, min(hidden_db, float(random.choice([14, 18, 22]))))
    step, a_second = round(STEP_S * rate_hz), random.uniform(0.3, 2)
    pieces: list[Samples] = []
    damages: list[Planted] = []
    at = played = 0
    first = round(rate_hz * random.uniform(0.1, 0.6))
    while True:
        kind = OFTEN[int(random.integers(len(OFTEN)))]
        longest_s = 2.0 if random.random() < 0.6 else 0.2
        size = round(float(np.exp(random.uniform(np.log(0.01), np.log(longest_s)))) * rate_hz)
        used = taken(kind, size, rate_hz=rate_hz)
        begins = np.flatnonzero(live[: max(0, live.size - used // step - 20)])
        fit = begins[(begins >= -(-first // step)) & live[np.minimum(live.size - 1, begins + round(used / step))]]
        if not fit.size:
            return np.concatenate([*pieces, sound[at:]]), damages
        begin = int(random.choice(fit[:150])) * step + int(random.integers(step))
        done = plant(kind, sound, begin, size, rate_hz=rate_hz, random=random)
        pieces += [sound[at:begin], done.piece]
        start = played + begin - at + done.begins
        damages.append((kind, start / rate_hz, (start + done.length) / rate_hz))
        played += begin - at + done.piece.size
        at = begin + used
        first = at + round(rate_hz * (random.exponential(1 / a_second) + 0.1))


def _live(sound: Samples, rate_hz: int, under_db: float) -> np.ndarray:
    """Return for each hundredth of a second whether it and its neighbours are speech."""
    level_dbov = measure_active_level(sound, rate_hz=rate_hz).active_speech_dbov or 0.0
    loud = step_levels(sound, round(STEP_S * rate_hz)) > 10 ** ((level_dbov - under_db) / 20)
    return np.asarray(np.convolve(loud, np.ones(5), "same") >= 5)
