"""Cases for ``benchmarks.starvation``: real speech at two points, with one kind of damage between them.

The voices are those of the development recordings (`VOICEDIAG_DATA`, or ../shared/data), in two halves: constants are
chosen on the one, and figures are those of the other. Without them the sound is speech-like noise, and `REAL` says so.
Case `index` of a half is always the same: `case(7, fitted=False)`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Final, Literal

import numpy as np
import soundfile
import soxr
from numpy.random import Generator

from benchmarks.starvation_damage import KINDS, Damage, Kind, plant, taken
from voicediag import signals
from voicediag.measure import measure_active_level
from voicediag.session import Samples

DATA: Final = Path(os.environ.get("VOICEDIAG_DATA", Path(__file__).parents[2] / "shared" / "data"))
REAL: Final = (DATA / "speech").is_dir()
SEED = 20_261_122
RATES_HZ = (8_000, 16_000, 24_000, 48_000)
SIZES_S = (0.01, 2.0)
SNRS_DB = (5.0, 40.0)
MOST_PPM = 500.0
DURATION_S = 20.0
# Every recording of one of these is another voice, and they are dealt out one by one; other folders go as a whole.
DEALT = frozenset({"picovoice_s2i", "ten_vad", "vap_phrases"})
FITTED_FOLDERS = frozenset({"pyroomacoustics_arctic", "lyra_testdata", "faster_whisper_tests"})
FITTED_NOISES = frozenset({"forest-ambience", "keyboard-typing", "office-ambience", "noise1", "noise2", "noise3"})
MUSIC = frozenset({"hold_music"})
SPEECH_DBOV = -26.0
LOUD_DB = 18.0
# Compression of libsndfile's Opus that is 24 kbit/s: 6 at the most, 256 at the least.
OPUS_24 = 1 - (24 - 6) / (256 - 6)

Codec = Literal["none", "g711", "opus"]


@dataclass(frozen=True, eq=False)
class Case:
    """Two points, and what happened between them.

    Attributes
    ----------
    received, played : float32, shape (frames,)
        At `received_hz` and `played_hz`.
    damages : tuple of Damage
        In order of time.
    drift_ppm : float
        Positive where the played track's clock is the faster: it holds more samples of the same sound.
    offset_s, gain_db : float
        Time of the received track's first sample on the played clock, before all damages; gain on the way.
    snr_db : float or None
        Of speech over noise. `is_noise_shared`: the noise is at both points; else it came in between.
    codec : str
        `is_coded_first`: before the damage; else after it.
    """

    received: Samples
    played: Samples
    received_hz: int
    played_hz: int
    damages: tuple[Damage, ...]
    kind: Kind
    drift_ppm: float
    offset_s: float
    gain_db: float
    snr_db: float | None
    is_noise_shared: bool
    codec: Codec
    is_coded_first: bool


def cases(count: int, *, fitted: bool, first: int = 0) -> Iterator[Case]:
    """Yield cases of one half of the voices, the kinds in turn."""
    for index in range(first, first + count):
        yield case(index, fitted=fitted)


def case(index: int, *, fitted: bool, kind: Kind | None = None, duration_s: float = DURATION_S) -> Case:
    """Return one case, always the same."""
    random = np.random.default_rng((SEED, int(fitted), index))
    kind = kind or KINDS[index % len(KINDS)]
    received_hz = int(random.choice(RATES_HZ))
    played_hz = int(random.choice(RATES_HZ)) if random.random() < 0.4 else received_hz
    codec: Codec = ("none", "none", "g711", "opus")[int(random.integers(4))]
    snr_db = None if random.random() < 0.25 else float(random.uniform(*SNRS_DB))
    shared, coded_first = bool(random.random() < 0.7), bool(random.random() < 0.5)
    drift_ppm = 0.0 if random.random() < 0.3 else float(random.uniform(-MOST_PPM, MOST_PPM))
    said = speech(duration_s, received_hz, fitted=fitted, random=random)
    received = said
    if snr_db is not None and shared:
        received = said + noise(said, received_hz, snr_db, fitted=fitted, random=random)
    sound = through(received, received_hz, codec) if coded_first else received
    played, damages = _damaged(kind, sound, _live(said, received_hz, snr_db), received_hz, random)
    played = _at_rate(played, received_hz, played_hz * (1 + drift_ppm * 1e-6))
    gain_db = float(random.uniform(-20, 3))
    offset_s = float(random.uniform(-0.8, 0.0) if random.random() < 0.25 else random.uniform(0.0, 4.0))
    played = _moved(played, round(offset_s * played_hz)) * np.float32(10 ** (gain_db / 20))
    if snr_db is not None and not shared:
        played = played + noise(played, played_hz, snr_db, fitted=fitted, random=random)
    if not coded_first:
        played = through(played, played_hz, codec)
    offset_s = round(offset_s * played_hz) / played_hz
    return Case(
        received=received,
        played=played.astype(np.float32),
        received_hz=received_hz,
        played_hz=played_hz,
        damages=tuple(_on_clock(each, offset_s, drift_ppm) for each in damages),
        kind=kind,
        drift_ppm=drift_ppm,
        offset_s=offset_s,
        gain_db=gain_db,
        snr_db=snr_db,
        is_noise_shared=shared,
        codec=codec,
        is_coded_first=coded_first,
    )


def clean_clips(count: int = 200, *, fitted: bool = False, first: int = 0) -> Iterator[tuple[Samples, int]]:
    """Yield natural speech with its pauses and closures, and the rate of each clip; half of it in a live room."""
    for index in range(first, first + count):
        random = np.random.default_rng((SEED, 2 + int(fitted), index))
        rate_hz = int(random.choice(RATES_HZ))
        sound = speech(float(random.uniform(4, 12)), rate_hz, fitted=fitted, random=random, pause="own")
        if index % 2:
            sound = sound + noise(sound, rate_hz, float(random.uniform(25, 50)), fitted=fitted, random=random)
        yield sound.astype(np.float32), rate_hz


def speech(
    duration_s: float, rate_hz: int, *, fitted: bool, random: Generator, pause: Literal["zeros", "own"] = "zeros"
) -> Samples:
    """Return readings one after another; between them zeros, or nothing but the silence that they bring along."""
    if not REAL:
        seed = int(random.integers(1 << 30))
        return signals.speech_like(duration_s=duration_s, rate_hz=rate_hz, level_db=SPEECH_DBOV, seed=seed).samples
    frames, pieces, voices = round(duration_s * rate_hz), [np.zeros(0, np.float32)], recordings(fitted=fitted)
    order: list[int] = []
    rounds = 0
    while sum(piece.size for piece in pieces) < frames:
        if not order:
            order, rounds = random.permutation(len(voices)).tolist(), rounds + 1
        sound, from_hz = voices[order.pop()]
        # Who speaks again does so a little faster or slower, so that nothing in it comes twice.
        pace = 1.0 if rounds == 1 else float(random.uniform(0.9, 1.1))
        level = np.float32(10 ** ((SPEECH_DBOV + random.uniform(-4, 4)) / 20))
        pieces.append(_at_rate(sound, from_hz, rate_hz * pace) * level)
        if pause == "zeros":
            pieces.append(np.zeros(round(random.uniform(0.2, 1.2) * rate_hz), np.float32))
    return np.concatenate(pieces)[:frames].astype(np.float32)


def noise(sound: Samples, rate_hz: int, snr_db: float, *, fitted: bool, random: Generator) -> Samples:
    """Return noise of a recorded place, or white or pink, so far under the speech of `sound`."""
    places = _noises(fitted=fitted) if REAL else ()
    which = int(random.integers(len(places) + 2))
    if which < len(places):
        place, from_hz = places[which]
        wanted = sound.size * from_hz // rate_hz + from_hz
        begin = int(random.integers(max(1, place.size - wanted)))
        hiss = _at_rate(np.resize(place[begin:], wanted), from_hz, rate_hz)
    else:
        exponent, seed = float(which - len(places)), int(random.integers(1 << 30))
        duration_s = sound.size / rate_hz + 0.1
        hiss = signals.noise(duration_s=duration_s, rate_hz=rate_hz, level_db=-30, seed=seed, exponent=exponent)
    hiss = np.resize(hiss, sound.size)
    speech_dbov = measure_active_level(sound, rate_hz=rate_hz).active_speech_dbov or SPEECH_DBOV
    return (hiss * (10 ** ((speech_dbov - snr_db) / 20) / (np.sqrt(np.mean(hiss**2)) + 1e-12))).astype(np.float32)


def through(sound: Samples, rate_hz: int, codec: Codec) -> Samples:
    """Return what a codec leaves of sound, at the same rate and without its delay."""
    if codec == "none":
        return sound
    if codec == "g711":
        line = _at_rate(sound, rate_hz, 8_000)
        return _fit(_at_rate(_coded(line, 8_000, "WAV", "ULAW"), 8_000, rate_hz), sound.size)
    return _fit(_coded(sound, rate_hz, "OGG", "OPUS"), sound.size)


def _coded(sound: Samples, rate_hz: int, form: str, subtype: str) -> Samples:
    file, more = BytesIO(), {"compression_level": OPUS_24} if subtype == "OPUS" else {}
    with soundfile.SoundFile(file, "w", samplerate=rate_hz, channels=1, format=form, subtype=subtype, **more) as out:
        out.write(np.clip(sound, -1, 1))
    file.seek(0)
    return np.asarray(soundfile.read(file, dtype="float32")[0])


@cache
def recordings(*, fitted: bool) -> tuple[tuple[Samples, int], ...]:
    """Return the readings of one half of the voices, each with its rate and at an active level of 0 dBov."""
    files = [path for folder in ("speech", "vad/ten_vad", "vad/vap_phrases") for path in _sounds(DATA / folder)]
    chosen = [path for path in files if _is_fitted(path) is fitted]
    return tuple(read for path in chosen if (read := _reading(path)))


def _is_fitted(path: Path) -> bool:
    folder = path.parent.name
    # The synthetic voices bear a letter at the end of their names, and say many phrases.
    voice = path.stem.split("-")[-1] if folder == "vap_phrases" else path.stem
    return sum(voice.encode()) % 2 == 0 if folder in DEALT else folder in FITTED_FOLDERS


def _reading(path: Path) -> tuple[Samples, int] | None:
    sound, rate_hz = _first_channel(path)
    level_dbov = measure_active_level(sound, rate_hz=rate_hz).active_speech_dbov if sound.size > rate_hz else None
    return None if level_dbov is None else (sound * np.float32(10 ** (-level_dbov / 20)), rate_hz)


@cache
def _noises(*, fitted: bool) -> tuple[tuple[Samples, int], ...]:
    folders = ("rooms_noise/livekit_agents", "rooms_noise/speechbrain/noise")
    files = [path for folder in folders for path in _sounds(DATA / folder) if path.stem not in MUSIC]
    return tuple(_first_channel(path) for path in files if (path.stem in FITTED_NOISES) is fitted)


def _sounds(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix in {".flac", ".wav", ".ogg", ".mp3"})


def _first_channel(path: Path) -> tuple[Samples, int]:
    sound, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    return np.ascontiguousarray(sound[:, 0]), rate_hz


def _damaged(
    kind: Kind, sound: Samples, live: np.ndarray, rate_hz: int, random: Generator
) -> tuple[Samples, list[Damage]]:
    """Return sound with some damages of one kind in its speech, on the clock of the received samples."""
    pieces: list[Samples] = []
    damages: list[Damage] = []
    at = played = 0
    for _ in range(int(random.integers(2, 6))):
        size = round(float(np.exp(random.uniform(*np.log(SIZES_S)))) * rate_hz)
        ends = (size, 2 * size) if kind == "swapped" else (taken(kind, size, rate_hz=rate_hz),)
        begin = _place(live, at + rate_hz, ends, rate_hz, random)
        if begin is None:
            break
        done = plant(kind, sound, begin, size, rate_hz=rate_hz, random=random)
        pieces += [sound[at:begin], done.piece]
        began = played + begin - at + done.begins
        damages.append(
            Damage(
                kind=kind,
                received_s=(done.received[0] / rate_hz, done.received[1] / rate_hz),
                played_s=(began / rate_hz, (began + done.length) / rate_hz),
                length_s=size / rate_hz,
            )
        )
        played += begin - at + done.piece.size
        at = begin + taken(kind, size, rate_hz=rate_hz)
    return np.concatenate([*pieces, sound[at:]]), damages


def _live(sound: Samples, rate_hz: int, snr_db: float | None) -> np.ndarray:
    """Return for each hundredth of a second whether it, and its neighbours, are speech that the noise does not hide."""
    step = rate_hz // 100
    power = np.mean(sound[: sound.size // step * step].reshape(-1, step).astype(np.float64) ** 2, axis=1)
    level_dbov = measure_active_level(sound, rate_hz=rate_hz).active_speech_dbov or 0.0
    under_db = LOUD_DB if snr_db is None else min(LOUD_DB, snr_db)
    loud = power > 10 ** ((level_dbov - under_db) / 10)
    at_once = np.convolve(loud, np.ones(5), "same") >= 5
    # A word on either side, not the last click of a clip.
    total = np.concatenate(([0], np.cumsum(loud)))
    here = np.arange(loud.size)
    before, after = total[here] - total[np.maximum(here - 20, 0)], total[np.minimum(here + 20, loud.size)] - total[here]
    return np.asarray(at_once & (before >= 8) & (after >= 8))


def _place(live: np.ndarray, first: int, ends: tuple[int, ...], rate_hz: int, random: Generator) -> int | None:
    """Return a sample within the next three seconds of speech from which on it is in speech that a damage ends."""
    step = rate_hz // 100
    begins = np.flatnonzero(live[: max(0, live.size - max(ends) // step - 50)])
    fit = begins >= -(-first // step)
    total = np.concatenate(([0], np.cumsum(live)))
    for start, end in pairwise((0, *ends)):
        low, high = begins + start // step, begins + round(end / step)
        fit &= live[high]
        if len(ends) > 1:
            # Of two chunks that change places neither is a pause.
            fit &= total[high] - total[low] >= (high - low) / 2
    chosen = begins[fit][:300]
    return int(random.choice(chosen)) * step + int(random.integers(step)) if chosen.size else None


def _on_clock(damage: Damage, offset_s: float, drift_ppm: float) -> Damage:
    began, ended = (offset_s + at_s * (1 + drift_ppm * 1e-6) for at_s in damage.played_s)
    return Damage(damage.kind, damage.received_s, (began, ended), damage.length_s)


def _at_rate(sound: Samples, from_hz: float, to_hz: float) -> Samples:
    return sound if from_hz == to_hz else np.asarray(soxr.resample(sound, from_hz, to_hz, quality="HQ"), np.float32)


def _moved(sound: Samples, by: int) -> Samples:
    return sound[-by:] if by < 0 else np.concatenate((np.zeros(by, np.float32), sound))


def _fit(sound: Samples, size: int) -> Samples:
    return np.concatenate((sound, np.zeros(max(0, size - sound.size), np.float32)))[:size]
