"""Rooms by the image method, and the noise that fills them: nothing a microphone hears is digitally silent."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from voicediag.signals import noise

if TYPE_CHECKING:
    from recipe.sound import Samples

MAINS_HZ = 50


@dataclass(frozen=True)
class Place:
    """A shoebox room with a talker, a loudspeaker and a microphone in it; lengths in metres."""

    size_m: tuple[float, float, float]
    rt60_s: float
    microphone_m: tuple[float, float, float]
    talker_m: tuple[float, float, float]
    loudspeaker_m: tuple[float, float, float]


KITCHEN = Place((4.1, 3.2, 2.6), 0.45, (1.6, 1.2, 1.0), (2.2, 1.7, 1.55), (1.9, 1.1, 1.0))
OFFICE = Place((5.2, 4.1, 2.8), 0.32, (2.1, 2.0, 0.8), (2.5, 2.2, 1.2), (2.6, 1.7, 0.8))
BEDROOM = Place((3.6, 3.1, 2.5), 0.25, (1.5, 1.3, 0.9), (1.8, 1.5, 1.1), (1.7, 1.25, 0.9))
CAR = Place((2.6, 1.5, 1.25), 0.10, (1.3, 0.5, 1.1), (0.9, 0.55, 0.95), (1.6, 0.3, 0.6))


@cache
def response(place: Place, source_m: tuple[float, float, float], rate_hz: int) -> Samples:
    """Return the way from a source to the microphone, its strongest tap first, float32, (taps,)."""
    import pyroomacoustics as room

    absorption, order = room.inverse_sabine(place.rt60_s, place.size_m)
    box = room.ShoeBox(place.size_m, fs=rate_hz, materials=room.Material(absorption), max_order=min(order, 24))
    box.add_source(source_m)
    box.add_microphone(place.microphone_m)
    box.compute_rir()
    taps = np.asarray(box.rir[0][0], dtype=np.float32)
    return taps[int(np.argmax(np.abs(taps))) :] / np.max(np.abs(taps))


def heard(dry: Samples, way: Samples) -> Samples:
    """Return `dry` as it arrives over a way, its tail included."""
    from scipy.signal import fftconvolve

    return fftconvolve(dry, way).astype(np.float32)


def room_noise(*, kind: str, duration_s: float, rate_hz: int, level_db: float, seed: int) -> Samples:
    """Return the noise of a place: ``room``, ``kitchen`` or ``street``, of exactly `level_db`."""
    makers = {"room": _room, "kitchen": _kitchen, "street": _street}
    made = makers[kind](duration_s, rate_hz, seed)
    return (made * 10 ** (level_db / 20) / np.sqrt(np.mean(made.astype(np.float64) ** 2))).astype(np.float32)


def _room(duration_s: float, rate_hz: int, seed: int) -> Samples:
    """Air and electronics: pink and white, with a trace of mains hum."""
    pink = noise(duration_s=duration_s, rate_hz=rate_hz, level_db=-60, seed=seed, exponent=1)
    white = noise(duration_s=duration_s, rate_hz=rate_hz, level_db=-66, seed=seed + 1)
    time_s = np.arange(pink.size) / rate_hz
    hum = sum(10 ** (-80 / 20) * np.sin(2 * np.pi * MAINS_HZ * harmonic * time_s) for harmonic in (1, 3))
    return (pink + white + hum).astype(np.float32)


def _kitchen(duration_s: float, rate_hz: int, seed: int) -> Samples:
    """An extractor hood, and dishes: damped modes of china and steel at random moments."""
    hood = noise(duration_s=duration_s, rate_hz=rate_hz, level_db=-46, seed=seed, exponent=1.4)
    hood += noise(duration_s=duration_s, rate_hz=rate_hz, level_db=-58, seed=seed + 1)
    random = np.random.default_rng(seed + 2)
    for start in np.flatnonzero(random.random(hood.size) < 0.8 / rate_hz):
        time_s = np.arange(min(hood.size - start, rate_hz // 3)) / rate_hz
        for _ in range(5):
            mode = random.uniform(900, 6_500)
            ring = np.sin(2 * np.pi * mode * time_s) * np.exp(-time_s * random.uniform(18, 70))
            hood[start : start + ring.size] += (random.uniform(0.001, 0.006) * ring).astype(np.float32)
    return hood


def _street(duration_s: float, rate_hz: int, seed: int) -> Samples:
    """A distant rumble, and cars that pass: tyre noise that swells and fades."""
    rumble = noise(duration_s=duration_s, rate_hz=rate_hz, level_db=-48, seed=seed, exponent=1.8)
    tyres = noise(duration_s=duration_s, rate_hz=rate_hz, level_db=-46, seed=seed + 1, exponent=1.1)
    random = np.random.default_rng(seed + 2)
    time_s = np.arange(rumble.size) / rate_hz
    passing = np.zeros(rumble.size)
    for middle in np.cumsum(random.uniform(3, 7, size=round(duration_s))):
        passing += random.uniform(0.3, 1.0) * np.exp(-(((time_s - middle) / random.uniform(0.8, 1.8)) ** 2))
    return (rumble + tyres * (0.15 + passing)).astype(np.float32)
