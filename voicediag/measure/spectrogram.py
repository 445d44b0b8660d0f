"""A spectrogram with as many columns and rows as a picture has, however long the sound is.

What
    The power of windowed pieces of 32 ms, averaged over all that begin within a column; a row is the strongest of its
    frequencies. In dB: a full-scale sine on a frequency of the transform reads 0 dBFS.
Conventions
    Samples are float32, shape (frames,), in [-1, 1]. Rows go from 0 Hz up, columns forward in time.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from voicediag.measure._filters import Samples, mono

Image: TypeAlias = NDArray[np.float32]

WINDOW_S = 0.032
"""Long enough to part the harmonics of a low voice (31 Hz a bin), short enough to part syllables."""
MOST_AT_ONCE = 2_048
FLOOR_DB = -120.0


def spectrogram(samples: Samples, *, rate_hz: float, columns: int, rows: int) -> Image:
    """Return levels in dBFS, float32, shape (rows, columns), -120 where there is nothing.

    Parameters
    ----------
    samples : float32, shape (frames,), in [-1, 1]
    rate_hz : float
    columns, rows : int
        At most so many; there are fewer rows where the transform has fewer frequencies.
    """
    samples = mono(samples)
    size = 1 << max(4, round(WINDOW_S * rate_hz) - 1).bit_length()
    hop = max(1, min(size // 2, samples.size // max(1, columns)))
    starts = np.arange(0, max(1, samples.size), hop)
    column = np.minimum(starts * columns // max(1, samples.size), columns - 1)
    padded = np.concatenate((np.zeros(size // 2, np.float32), samples, np.zeros(size, np.float32)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, size)
    window = np.hanning(size + 1)[:-1].astype(np.float32)
    power = np.zeros((columns, size // 2 + 1))
    for first in range(0, starts.size, MOST_AT_ONCE):
        some = slice(first, first + MOST_AT_ONCE)
        spectra = np.fft.rfft(windows[starts[some]] * window, axis=1)
        np.add.at(power, column[some], np.abs(spectra * (2 / window.sum())) ** 2)
    power /= np.maximum(np.bincount(column, minlength=columns), 1)[:, None]
    edges = np.linspace(0, power.shape[1], min(rows, power.shape[1]) + 1).astype(int)[:-1]
    strongest = np.maximum.reduceat(power, edges, axis=1)
    levels: Image = np.maximum(10 * np.log10(np.maximum(strongest.T, 1e-12)), FLOOR_DB).astype(np.float32)
    return levels
