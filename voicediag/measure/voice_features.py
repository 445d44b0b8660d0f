"""What `voice_rate` looks at: pitch, formants and their movement, in the band that every telephone carries.

What is measured
    Every 10 ms the energy of 30 bands between 100 and 3,800 Hz, and how much the sound repeats itself after each of 33
    lags, which are pitches of 50 to 640 Hz.
Method
    The sound is brought to 8 kHz. The bands are triangles on the mel scale over windows of 32 ms, their logarithms
    taken down to 70 dB below the loudest frames; a stretch's mean is taken off each band, and with it the microphone's,
    the codec's and the level's share. The lags are the autocorrelation over 64 ms, normalised and freed of the window's
    own.
Conventions
    float32 samples in [-1, 1], shape (frames,).
Differences from other tools
    These are no cepstra: what is played too fast moves along the bands and the lags alike, and that must stay visible.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from voicediag.measure._filters import Samples

RATE_HZ: Final = 8_000
STEP: Final = 80
WINDOW: Final = 256
LONG_WINDOW: Final = 512
BANDS: Final = 30
BAND_HZ: Final = (100.0, 3_800.0)
PITCH_HZ: Final = (640.0, 50.0)
LAGS: Final = 33
WIDTH: Final = BANDS + LAGS
# A stretch is long enough for some words, and short enough to have several in one sentence.
STRETCH: Final = 200
STRETCH_S: Final = STRETCH * STEP / RATE_HZ
LOUDEST_PERCENTILE: Final = 95.0
# 70 dB below the loudest frames: what lies lower is the noise of 16 bits, or of nothing.
FLOOR: Final = 1e-7
SILENT: Final = 1e-12


def stretches(samples: Samples, rate_hz: int, *, hop: int = STRETCH) -> Samples:
    """Return speech as stretches of features, float32, shape (stretches, STRETCH, WIDTH).

    Parameters
    ----------
    samples : float32, shape (frames,)
        Speech alone, its pauses cut out.
    rate_hz : int
        At which it is declared.
    hop : int
        Steps from one stretch to the next.
    """
    seen = _features(_narrow(samples, rate_hz))
    starts = range(0, len(seen) - STRETCH + 1, hop)
    if not starts:
        return np.zeros((0, STRETCH, WIDTH), np.float32)
    out = np.stack([seen[start : start + STRETCH] for start in starts])
    out[:, :, :BANDS] -= out[:, :, :BANDS].mean(axis=1, keepdims=True)
    return out


def _narrow(samples: Samples, rate_hz: int) -> Samples:
    if rate_hz == RATE_HZ or not samples.size:
        return samples
    import soxr

    return np.asarray(soxr.resample(samples, rate_hz, RATE_HZ), np.float32)


def _features(samples: Samples) -> Samples:
    """Return the features of each step, shape (steps, WIDTH)."""
    if samples.size < LONG_WINDOW:
        return np.zeros((0, WIDTH), np.float32)
    from scipy.fft import irfft, rfft

    power = _power(rfft(_windowed(samples, WINDOW))) @ _triangles().T
    top = float(np.percentile(power.sum(axis=1), LOUDEST_PERCENTILE)) + SILENT
    own = irfft(_power(rfft(_windowed(samples, LONG_WINDOW), 2 * LONG_WINDOW)))
    first, last, window = _lags()
    likeness = own[:, : window.size] / (own[:, :1] + 1e-9 * top) / window
    lags = np.stack([likeness[:, low:high].max(axis=1) for low, high in zip(first, last, strict=True)], axis=1)
    return np.concatenate((np.log10(np.maximum(power, FLOOR * top)), lags), axis=1).astype(np.float32)


def _power(spectra: NDArray[np.complexfloating]) -> Samples:
    power = np.square(spectra.real)
    power += np.square(spectra.imag)
    return np.asarray(power, np.float32)


def _windowed(samples: Samples, size: int) -> Samples:
    """Return windows around the same moments whatever their size, shape (steps, size)."""
    steps = (samples.size - LONG_WINDOW) // STEP + 1
    views = np.lib.stride_tricks.sliding_window_view(samples[(LONG_WINDOW - size) // 2 :], size)[::STEP][:steps]
    return np.asarray(views * np.hanning(size).astype(np.float32), np.float32)


@cache
def _triangles() -> Samples:
    """Return the weights of the bands, shape (BANDS, bins)."""
    low, high = (1127 * np.log1p(edge / 700) for edge in BAND_HZ)
    edges = 700 * np.expm1(np.linspace(low, high, BANDS + 2) / 1127)
    bins = np.arange(WINDOW // 2 + 1) * RATE_HZ / WINDOW
    up = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    down = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    weights = np.maximum(0, np.minimum(up, down))
    return np.asarray(weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-9), np.float32)


@cache
def _lags() -> tuple[list[int], list[int], Samples]:
    """Return where each group of lags begins and ends, and the window's own autocorrelation."""
    edges = RATE_HZ / np.geomspace(*PITCH_HZ, LAGS + 1)
    first = np.floor(edges[:-1]).astype(int)
    last = np.maximum(np.ceil(edges[1:]).astype(int), first + 2)
    window = np.fft.irfft(np.abs(np.fft.rfft(np.hanning(LONG_WINDOW), 2 * LONG_WINDOW)) ** 2)[: last.max()]
    return first.tolist(), last.tolist(), (window / window[0]).astype(np.float32)
