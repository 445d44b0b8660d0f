"""Where a sound breaks off, where it sets in again, and which of the two belong together.

What
    Falls and rises of the level within a few milliseconds, and pairs of them with quiet between: all that could be a
    gap. Most are not: a stop consonant, the end of a word, a door. `voicediag.measure.gaps` tells them apart.
Formula
    The mean over the bands of a telephone's line of what the level in dB falls from `BEFORE` cells to the `AFTER`
    cells behind it, rises left out; its highest within `APART` cells, from `LEAST_DB` on. A fall belongs to the place
    at which the level comes half of its way up again, and a rise to the one at which it was last as high before.
Conventions
    Levels are those of `voicediag.measure.band_cells`; places are cells.
"""

from __future__ import annotations

import numpy as np

from voicediag.measure._filters import Frames, Samples
from voicediag.measure.band_cells import LINE_BANDS

BEFORE, AFTER, APART = 5, 4, 4
LEAST_DB = 3.0
"""Measured on 192 gaps in speech at 5 dB SNR and more: 97 % of them begin and end with such a step."""
SHORTEST, LONGEST = 4, 1_100
"""Cells: 8 ms to 2.2 s."""
_LINE = np.full(LINE_BANDS, 1 / LINE_BANDS, np.float32)
_NEAR = 6
_SOON = 64


def candidates(levels: Samples) -> tuple[Frames, Frames]:
    """Return the first and the last cell of all that could be a gap, in order.

    Parameters
    ----------
    levels : float32, shape (cells, bands), in dB
    """
    if len(levels) <= SHORTEST:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    falls, rises = steps(levels)
    line = levels[:, :LINE_BANDS] @ _LINE
    ahead = _pairs(line, falls, rises)
    behind = _pairs(line[::-1], line.size - 1 - rises[::-1], line.size - 1 - falls[::-1])
    turned = line.size - 1 - behind[:, ::-1]
    # As one number each: numpy takes ten times as long for rows.
    pairs = np.unique(np.concatenate((ahead, turned)) @ (line.size, 1))
    return pairs // line.size, pairs % line.size


def steps(levels: Samples) -> tuple[Frames, Frames]:
    """Return the cells at which the level falls, and those at which it rises."""
    cells = len(levels)
    wide = np.zeros((cells + 2 * BEFORE, levels.shape[1]), np.float32)
    wide[BEFORE:][:cells] = levels
    at = np.arange(cells)
    few, many = (_sums(wide, count) for count in (AFTER, BEFORE))
    left, ahead = np.minimum(at, AFTER), np.minimum(cells - 1 - at, AFTER)

    falls = _share(many[:cells], np.minimum(at, BEFORE))
    falls -= _share(few[BEFORE + 1 :][:cells], ahead)
    rises = _share(many[BEFORE + 1 :][:cells], np.minimum(cells - 1 - at, BEFORE))
    rises -= _share(few[BEFORE - AFTER :][:cells], left)
    return _peaks(falls), _peaks(rises)


def _sums(levels: Samples, count: int) -> Samples:
    """Return the sums of so many cells from each on."""
    total = levels[: len(levels) - count + 1].copy()
    for step in range(1, count):
        total += levels[step : len(levels) - count + 1 + step]
    return total


def _share(total: Samples, cells: Frames) -> Samples:
    return total / np.maximum(cells, 1).astype(np.float32)[:, None]


def _peaks(steps_db: Samples) -> Frames:
    """Return the cells at which the mean step of the line's bands is the highest within `APART`."""
    step_db = np.maximum(steps_db, 0, out=steps_db)[:, :LINE_BANDS] @ _LINE
    around = np.pad(step_db, APART)
    # The highest of 2, of 4, of 8 and of 9.
    for apart in (1, 2, 4, 1):
        around = np.maximum(around[:-apart], around[apart:])
    return np.flatnonzero((step_db >= around) & (step_db >= LEAST_DB))


def _pairs(line: Samples, falls: Frames, rises: Frames) -> Frames:
    """Return each fall with the rises near the place at which the level is half up again, shape (pairs, 2)."""
    total = np.concatenate(([0.0], np.cumsum(line, dtype=np.float64)))
    last = line.size
    begins, ends = np.maximum(0, falls - BEFORE), np.minimum(last, falls + 1 + AFTER)
    high = (total[falls + 1] - total[begins]) / (falls + 1 - begins)
    low = (total[ends] - total[falls + 1]) / np.maximum(1, ends - falls - 1)
    half = ((high + low) / 2).astype(np.float32)
    smooth = np.convolve(np.pad(line, 1, mode="edge"), np.full(3, 1 / 3, np.float32), "valid")
    begins = falls + SHORTEST - 1
    again = _first_above(smooth, begins, np.minimum(last, falls + LONGEST), half)
    first = np.searchsorted(rises, np.maximum(again - _NEAR, falls + SHORTEST))
    count = np.where(again < last, np.searchsorted(rises, again + _NEAR + 1) - first, 0).clip(0)
    within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return np.stack((np.repeat(falls, count), rises[np.repeat(first, count) + within]), axis=1)


def _first_above(line: Samples, begins: Frames, ends: Frames, levels: Samples) -> Frames:
    """Return the first cell above each level from its begin on, or the line's end where there is none."""
    above = np.concatenate((line, np.full(_SOON, -np.inf, np.float32)))
    soon = np.lib.stride_tricks.sliding_window_view(above, _SOON)[np.minimum(begins, line.size)] > levels[:, None]
    first = begins + soon.argmax(axis=1)
    # Most are near.
    for place in np.flatnonzero(~soon.any(axis=1)).tolist():
        later = line[begins[place] + _SOON : ends[place]] > levels[place]
        first[place] = begins[place] + _SOON + int(later.argmax()) if later.any() else line.size
    return np.where(first < ends, first, line.size)
