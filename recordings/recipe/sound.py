"""Levels, placing and rates, for the recipe only: the package's own meters must not judge what they helped to make."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
FRAME_S = 0.02
# Frames this far below the loudest are pauses.
ACTIVE_RANGE_DB = 30.0


def active_frames(samples: Samples, rate_hz: int) -> NDArray[np.bool_]:
    """Return which frames of 20 ms hold speech."""
    size = round(FRAME_S * rate_hz)
    power = np.mean(np.square(samples[: samples.size // size * size].reshape(-1, size), dtype=np.float64), axis=1)
    return power > power.max() * 10 ** (-ACTIVE_RANGE_DB / 10)


def active_level_db(samples: Samples, rate_hz: int) -> float:
    """Return the level over the frames that hold speech, in dB re an RMS of 1.0."""
    size = round(FRAME_S * rate_hz)
    power = np.mean(np.square(samples[: samples.size // size * size].reshape(-1, size), dtype=np.float64), axis=1)
    return float(10 * np.log10(np.mean(power[active_frames(samples, rate_hz)])))


def at_level(samples: Samples, rate_hz: int, level_db: float) -> Samples:
    """Return speech scaled to an active level."""
    return (samples * 10 ** ((level_db - active_level_db(samples, rate_hz)) / 20)).astype(np.float32)


def trimmed(samples: Samples, rate_hz: int, margin_s: float = 0.06) -> Samples:
    """Return speech without the silence before and after it, but for a margin."""
    size = round(FRAME_S * rate_hz)
    speaking = np.flatnonzero(active_frames(samples, rate_hz))
    margin = round(margin_s * rate_hz)
    start = max(0, int(speaking[0]) * size - margin)
    end = min(samples.size, (int(speaking[-1]) + 1) * size + 2 * margin)
    ramp = np.linspace(0, 1, margin // 2, dtype=np.float32)
    kept = samples[start:end].copy()
    kept[: ramp.size] *= ramp
    kept[-ramp.size :] *= ramp[::-1]
    return kept


def resampled(samples: Samples, from_hz: int, to_hz: int) -> Samples:
    """Return `samples` at another rate."""
    import soxr

    return samples if from_hz == to_hz else soxr.resample(samples, from_hz, to_hz, quality="VHQ")


def drifted(samples: Samples, ppm: float) -> Samples:
    """Return what a clock that runs faster makes of `samples`, in steps of ten bits as `narrowed` has them."""
    import soxr

    if not ppm:
        return samples
    return (np.round(soxr.resample(samples, 1e6, 1e6 + ppm, quality="VHQ") * 512) / 512).astype(np.float32)


def narrowed(samples: Samples, rate_hz: int) -> Samples:
    """Return speech below 4 kHz and in steps of ten bits: lossless coders make it small."""
    narrow = resampled(resampled(samples, rate_hz, 8_000), 8_000, rate_hz)
    return (np.round(narrow * 512) / 512).astype(np.float32)


def add_at(mix: Samples, samples: Samples, start: int) -> None:
    """Add `samples` into `mix` from frame `start` on; what does not fit is dropped."""
    end = min(mix.size, start + samples.size)
    if end > max(0, start):
        mix[max(0, start) : end] += samples[max(0, -start) : end - start]


def as_16_bit(samples: Samples) -> Samples:
    """Return `samples` rounded to what 16 bits hold, so that FLAC keeps them exactly."""
    codes = np.clip(np.round(samples.astype(np.float64) * 32_768), -32_768, 32_767)
    return (codes / 32_768).astype(np.float32)
