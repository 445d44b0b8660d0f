"""The level of sound in a few bands, every two milliseconds: fine enough to see where something is cut.

What
    Power in eight bands from 125 Hz to 7.6 kHz, in dB, over cells of 4 ms that begin every 2 ms.
Formula
    A Hann window of two hops, its weighted mean taken off (a held sample is silence, whatever its value), and the
    discrete Fourier transform at the whole multiples of 1 / window. A band's power is the sum of its lines; a sine of
    full scale on a line reads -3 dBFS, as in `voicediag.measure.levels`.
Conventions
    float32 samples, shape (frames,). Cell k is centred on frame k * hop, counted from the first sample. Bands that the
    rate does not hold, and digital silence, read `SILENT_DB`.
"""

from __future__ import annotations

from functools import cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from voicediag.measure._filters import Samples, whole_frames

Table: TypeAlias = NDArray[np.float64]

CELL_S = 0.002
EDGES = (1, 2, 3, 5, 8, 11, 14, 20, 31)
"""Lines of 250 Hz at which the bands begin: a telephone's line holds six, and the other two make speech wide-band."""
BANDS = len(EDGES) - 1
LINE_BANDS = 6
SILENT_DB = -100.0
# The weights of `gaps` were fitted on sums of so many rows: other blocks round otherwise.
_AT_ONCE = 4_096


def hop_frames(rate_hz: float) -> int:
    """Return the frames between two cells."""
    return max(4, whole_frames(CELL_S, rate_hz))


def band_levels(samples: Samples, *, rate_hz: float) -> Samples:
    """Return the level of each band in dBFS, float32, shape (cells, BANDS)."""
    hop = hop_frames(rate_hz)
    basis, bands = _basis(hop)
    last = bands.shape[1]
    silence = np.zeros(hop, np.float32)
    padded = np.concatenate((silence, samples, silence))
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * hop)[::hop]
    levels = np.full((len(windows), BANDS), SILENT_DB, np.float32)
    for start in range(0, len(windows), _AT_ONCE):
        lines = windows[start : start + _AT_ONCE] @ basis
        power = np.square(lines, out=lines) @ bands
        power += np.float32(10 ** (SILENT_DB / 10))
        levels[start : start + _AT_ONCE, :last] = 10 * np.log10(power, out=power)
    return levels


@cache
def _basis(hop: int) -> tuple[Samples, Samples]:
    """Return the transform of a window, real parts and imaginary ones, and which of its lines each band holds."""
    numbers, lines = np.arange(2 * hop), np.arange(1, min(EDGES[-1], hop))
    window = 0.5 - 0.5 * np.cos(2 * np.pi * (numbers + 0.5) / (2 * hop))
    waves = window[:, None] * np.exp(-2j * np.pi * np.outer(numbers, lines) / (2 * hop))
    waves -= np.outer(window, waves.sum(axis=0) / window.sum())
    waves *= np.sqrt(2) / window.sum()
    begins = np.array([edge for edge in EDGES[:-1] if edge <= lines[-1]])
    bands = (np.searchsorted(begins, lines, side="right")[:, None] == np.arange(begins.size) + 1).astype(np.float32)
    return np.concatenate((waves.real, waves.imag), axis=1).astype(np.float32), np.concatenate((bands, bands))


def summed(levels: NDArray[Any]) -> Table:
    """Return the sums of all cells before each, float64, shape (cells + 1, bands)."""
    total = np.zeros((len(levels) + 1, levels.shape[1]))
    total[1:] = levels
    # Of doubles, and within their own array, this takes a third.
    return np.cumsum(total, axis=0, out=total)


def line_level(levels: Samples) -> Samples:
    """Return the mean over the bands of a telephone's line, float32, shape (cells,)."""
    return np.asarray(levels[:, :LINE_BANDS] @ np.full(LINE_BANDS, 1 / LINE_BANDS, np.float32), np.float32)


def loudest_band(levels: Samples) -> Samples:
    """Return the level of the loudest band of a telephone's line, float32, shape (cells,)."""
    loudest = levels[:, 0]
    for band in range(1, LINE_BANDS):
        loudest = np.maximum(loudest, levels[:, band])
    return loudest
