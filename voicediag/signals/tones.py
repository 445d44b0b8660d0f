"""Tones, sweeps and noise, with their levels in closed form.

Conventions: times in seconds, frequencies in Hz, `peak` is the amplitude in [0, 1], levels are in dB re an RMS of 1.0.
A tone of `duration_s` has ``round(duration_s * rate_hz)`` frames, the first at phase `phase_rad`.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from voicediag.errors import InputError

Samples: TypeAlias = NDArray[np.float32]
LOWEST_AUDIBLE_HZ = 20.0


def sine(*, frequency_hz: float, duration_s: float, rate_hz: int, peak: float = 1.0, phase_rad: float = 0.0) -> Samples:
    """Return a sine, float32, (frames,).

    Raises
    ------
    InputError
        Where the frequency is not below half the rate: such a tone would come out as another one.
    """
    _below_nyquist(frequency_hz, rate_hz)
    turns = frequency_hz / rate_hz * np.arange(_frames(duration_s, rate_hz))
    return np.asarray(peak * np.sin(2 * np.pi * turns + phase_rad), dtype=np.float32)


def sine_level_db(peak: float) -> float:
    """Return the level of a sine of amplitude `peak`, in dB re an RMS of 1.0: peak / sqrt(2)."""
    return 20 * math.log10(peak / math.sqrt(2))


def overload_share(peak: float) -> float:
    """Return the share of a sine's time that lies beyond ±1, where its amplitude is `peak`.

    ``|peak * sin(x)| > 1`` holds for ``1 - 2/pi * asin(1/peak)`` of a period; nothing clips up to a peak of 1.
    """
    return 1 - 2 / math.pi * math.asin(1 / peak) if peak > 1 else 0.0


def sweep(*, start_hz: float, end_hz: float, duration_s: float, rate_hz: int, peak: float = 1.0) -> Samples:
    """Return an exponential sine sweep, float32, (frames,).

    Its instantaneous frequency is ``start_hz * (end_hz / start_hz) ** (t / duration_s)``.

    Raises
    ------
    InputError
        Where either end is not below half the rate.

    References
    ----------
    A. Farina, Simultaneous measurement of impulse response and distortion with a swept-sine technique, AES 108 (2000),
    preprint 5093, eq. 5.
    """
    _below_nyquist(max(start_hz, end_hz), rate_hz)
    time_s = np.arange(_frames(duration_s, rate_hz)) / rate_hz
    octaves = math.log(end_hz / start_hz)
    turns = start_hz * duration_s / octaves * np.expm1(time_s / duration_s * octaves)
    return (peak * np.sin(2 * np.pi * turns)).astype(np.float32)


def noise(*, duration_s: float, rate_hz: int, level_db: float, seed: int, exponent: float = 0.0) -> Samples:
    """Return Gaussian noise of exactly `level_db`, float32, (frames,).

    Parameters
    ----------
    exponent : float
        The power falls as ``1 / f ** exponent``: 0 is white, 1 pink, 2 brown. Nothing lies below 20 Hz if it falls.
    """
    frames = _frames(duration_s, rate_hz)
    flat = np.random.default_rng(seed).standard_normal(frames)
    if exponent:
        spectrum = np.fft.rfft(flat)
        frequency = np.fft.rfftfreq(frames, 1 / rate_hz)
        audible = frequency >= LOWEST_AUDIBLE_HZ
        spectrum[~audible] = 0
        spectrum[audible] *= frequency[audible] ** (-exponent / 2)
        flat = np.fft.irfft(spectrum, frames)
    return scaled_to(flat, level_db=level_db)


def scaled_to(samples: NDArray[np.floating], *, level_db: float, active_frames: int | None = None) -> Samples:
    """Return `samples` scaled so that their energy, spread over `active_frames` frames (all of them), is `level_db`.

    Silence stays silence.
    """
    energy = float(np.sum(np.square(samples, dtype=np.float64)))
    if energy == 0:
        return samples.astype(np.float32)
    power = energy / (active_frames or samples.size)
    return (samples * (10 ** (level_db / 20) / math.sqrt(power))).astype(np.float32)


def _frames(duration_s: float, rate_hz: int) -> int:
    return round(duration_s * rate_hz)


def _below_nyquist(frequency_hz: float, rate_hz: int) -> None:
    if not frequency_hz < rate_hz / 2:
        raise InputError(
            expected=f"a frequency below {rate_hz / 2:g} Hz, half the rate",
            got=f"{frequency_hz:g} Hz",
            likely="the rate of another track",
        )
