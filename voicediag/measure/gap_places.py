"""Where exactly a gap begins and ends: the samples at which the sound stops and sets in again.

Formula
    An edge is the sample at which the power of the first difference changes most: the likeliest of two Gaussians, each
    of its own variance. What is constant tells its edges by itself; there the sound may have stopped before, faded out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from voicediag.measure._filters import Samples

_REACH = 4
# Two steps of int16: what a resampler's ringing leaves of a gap a millisecond on.
_STEADY = np.float32(2 / 32_768)
# -80 dBFS: below it any change of the power says nothing.
_LEAST_POWER = 1e-8


class Place(NamedTuple):
    """A gap in samples, half-open; `stops` is where the sound ends that may have been faded out up to `start`.

    `value` is the sample that is held all through; NaN where there is none.
    """

    start: int
    end: int
    value: float
    stops: int


def placed(window: Samples, first: int, last: int, hop: int) -> Place:
    """Return where a gap lies whose first and last cell are known."""
    middle = (first + last) // 2 * hop
    start = _change(window, max(0, (first - _REACH) * hop), min(middle, (first + _REACH) * hop))
    end = _change(window, max(middle, (last - _REACH) * hop), min(window.size, (last + _REACH) * hop))
    inner = window[start + (end - start) // 4 : end - (end - start) // 4]
    if not inner.size or np.ptp(inner) > _STEADY:
        return Place(start, max(end, start + 1), float("nan"), start)
    value, around, stops = inner[inner.size // 2], 2 * _REACH * hop, start
    low = max(0, start - around)
    other = np.flatnonzero(np.abs(window[low:middle] - value) > _STEADY)
    start = low + int(other[-1]) + 1 if other.size else start
    other = np.flatnonzero(np.abs(window[middle : end + around] - value) > _STEADY)
    end = middle + int(other[0]) if other.size else end
    return Place(start, max(end, start + 1), 0.0 if abs(value) <= _STEADY else float(value), min(start, stops))


def _change(window: Samples, low: int, high: int) -> int:
    """Return the frame between two at which the power changes most."""
    power = np.square(np.diff(window[max(0, low - 1) : high]), dtype=np.float64)
    if power.size < 2:
        return low
    total = np.cumsum(power + _LEAST_POWER)
    count = np.arange(1, power.size)
    before = total[:-1] / count
    after = (total[-1] - total[:-1]) / (power.size - count)
    cost = count * np.log(before) + (power.size - count) * np.log(after)
    return low + 1 + int(cost.argmin())
