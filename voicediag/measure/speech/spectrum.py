"""What a sound looks like to `voicediag.measure.speech`, every 10 ms: its bands and how much it repeats itself.

What is measured
    The level of 32 bands between 60 and 7,600 Hz, and how alike the sound is to itself one pitch period later.
Method
    Triangles on the mel scale over windows of 25 ms. The likeness is the highest value of the autocorrelation over
    64 ms, freed of the window's own, for periods of 70 to 400 Hz.
Conventions
    float32 samples in [-1, 1] at `RATE_HZ`, shape (frames,). Step k is centred on (k + 1/2) · 10 ms.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np

from voicediag.measure._filters import Samples

RATE_HZ: Final = 16_000
STEP: Final = 160
STEP_S: Final = STEP / RATE_HZ
BANDS: Final = 32
BAND_HZ: Final = (60.0, 7_600.0)
WINDOW: Final = 400
PITCH_HZ: Final = (70.0, 400.0)
PITCH_WINDOW: Final = 512
# A sound of 16 bits that is turned down by 30 dB still has its noise above this.
DEAD_DB: Final = -110.0
_DEAD: Final = 10 ** (DEAD_DB / 10)
_SIZE: Final = 512
MARGIN: Final = 512
"""Samples that a step needs on either side of its own."""


def steps_of(samples: Samples) -> tuple[Samples, Samples]:
    """Return the bands in dB, shape (steps, BANDS), and the likeness, shape (steps,), of whole steps.

    Parameters
    ----------
    samples : float32, shape (MARGIN + steps * STEP + MARGIN,)
    """
    from scipy.fft import rfft

    steps = (samples.size - 2 * MARGIN) // STEP
    centres = np.arange(steps) * STEP + MARGIN + STEP // 2
    windows = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[centres - WINDOW // 2]
    power = np.abs(rfft(windows * _hann(WINDOW), _SIZE)) ** 2
    bands = 10 * np.log10((power @ _triangles()) + _DEAD)
    return np.asarray(bands, np.float32), _likeness(samples, steps)


def _likeness(samples: Samples, steps: int) -> Samples:
    """Return the highest value of the normalised autocorrelation of each step."""
    import soxr
    from scipy.fft import irfft, rfft

    half = np.asarray(soxr.resample(samples, 2, 1), np.float32)
    half = np.pad(half, (PITCH_WINDOW, PITCH_WINDOW))
    starts = np.arange(steps) * (STEP // 2) + (MARGIN + STEP // 2) // 2 + PITCH_WINDOW // 2
    windows = np.lib.stride_tricks.sliding_window_view(half, PITCH_WINDOW)[starts]
    window = _hann(PITCH_WINDOW)
    own = irfft(np.abs(rfft(window, 2 * PITCH_WINDOW)) ** 2)
    found = irfft(np.abs(rfft(windows * window, 2 * PITCH_WINDOW)) ** 2)
    first, last = (round(RATE_HZ / 2 / hz) for hz in reversed(PITCH_HZ))
    lags = slice(first, last + 1)
    return np.asarray((found[:, lags] / own[lags] * own[0]).max(axis=1) / (found[:, 0] + 1e-9), np.float32)


@cache
def _hann(size: int) -> Samples:
    return np.asarray(np.hanning(size + 1)[:-1], np.float32)


@cache
def _triangles() -> Samples:
    """Return the weights of the bands, shape (bins, BANDS); a full-scale sine has about 0 dB in its band."""
    mel = 2595 * np.log10(1 + np.array(BAND_HZ) / 700)
    edges = 700 * (10 ** (np.linspace(mel[0], mel[1], BANDS + 2) / 2595) - 1)
    hz = np.arange(_SIZE // 2 + 1) * RATE_HZ / _SIZE
    rising = (hz[:, None] - edges[:-2]) / np.diff(edges)[:-1]
    falling = (edges[2:] - hz[:, None]) / np.diff(edges)[1:]
    return np.asarray(np.maximum(0, np.minimum(rising, falling)) / (_hann(WINDOW).sum() / 2) ** 2, np.float32)
