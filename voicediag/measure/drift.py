"""How fast a lag drifts, how sure that is, and what of its motion is no drift.

Method
    The lags of a second are one median. Their line is fitted by least squares with Huber's weights (P. Huber, Ann.
    Math. Statist. 35(1), 1964), one slope for all and a height of its own for each stretch between two jumps. The
    standard error counts neighbouring residuals as alike as they are (first-order autoregression), so that a slow
    wander widens it as it should.
Conventions
    +50 ppm: the microphone's clock runs 50 ppm faster than the speaker's, and the lag grows by 50 µs each second.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

BIN_S = 1.0
LEAST_BINS = 6
LEAST_SPAN_S = 8.0
# 3GPP TS 26.131 allows a terminal 50 ppm: an answer that may be wrong by as much again says nothing.
MOST_ERROR_PPM: Final = 10.0
HUBER = 1.5
PASSES = 8
# A lag is never known better than this: a tenth of a sample of the grid.
FLOOR_S = 2e-6
MOST_ALIKE = 0.95
WANDER_PERCENTILES = (5, 95)
MAD_TO_SIGMA = 1.4826
PPM = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """The slope of a lag.

    Attributes
    ----------
    ppm : float or None
        None where it cannot be told; `reason` says why.
    error_ppm : float or None
        Its standard error; None with too little to say even that.
    reason : str
    rest_s : float, shape (bins,)
        What the slope leaves of each second's lag, beside its stretch's height; all of it where no slope can be told.
    seconds : int
        Seconds of the echo that were followed.
    """

    ppm: float | None
    error_ppm: float | None
    rest_s: Array
    seconds: int = 0
    reason: str = ""


def drift(times_s: Array, lags_s: Array, *, breaks_s: Array) -> Drift:
    """Return the slope of lags over time.

    Parameters
    ----------
    times_s, lags_s : float64, shape (frames,)
        In order.
    breaks_s : float64, shape (jumps,)
        When the lag jumps: each stretch between two of them has a height of its own.
    """
    times, lags, stretch = _seconds(times_s, lags_s, np.searchsorted(breaks_s, times_s))
    slope, rest, weight = _fit(times, lags, stretch)
    level = rest + slope * _centred(times, stretch, weight)
    span_s = float(np.ptp(times)) if times.size else 0.0
    if times.size < LEAST_BINS or span_s < LEAST_SPAN_S:
        reason = f"the echo is heard for {times.size} s only"
        return Drift(ppm=None, error_ppm=None, reason=reason, rest_s=level, seconds=times.size)
    error = _error(times, stretch, rest, weight) * PPM
    if error > MOST_ERROR_PPM:
        reason = f"the lag moves too unevenly: its slope is known to {error:.0f} ppm only"
        return Drift(ppm=None, error_ppm=error, reason=reason, rest_s=level, seconds=times.size)
    return Drift(ppm=slope * PPM, error_ppm=error, rest_s=rest, seconds=times.size)


def spread_s(rest_s: Array) -> float | None:
    """Return the spread of nine tenths of some lags; None where there are none."""
    if not rest_s.size:
        return None
    low, high = np.percentile(rest_s, WANDER_PERCENTILES)
    return float(high - low)


def _seconds(times_s: Array, lags_s: Array, stretch: NDArray[np.intp]) -> tuple[Array, Array, NDArray[np.intp]]:
    """Return the mean time, the median lag and the stretch of each second of each stretch."""
    cell = np.floor(times_s / BIN_S).astype(np.int64)
    starts = np.flatnonzero(np.diff(cell, prepend=-1) | np.diff(stretch, prepend=-1))
    counts = np.diff(starts, append=times_s.size)
    ranked = lags_s[np.lexsort((lags_s, np.repeat(np.arange(starts.size), counts)))]
    medians = (ranked[starts + (counts - 1) // 2] + ranked[starts + counts // 2]) / 2
    means = np.add.reduceat(times_s, starts) / counts if starts.size else times_s
    return means, medians, stretch[starts]


def _fit(times: Array, lags: Array, stretch: NDArray[np.intp]) -> tuple[float, Array, Array]:
    """Return the common slope, what it leaves, and how much each second counted."""
    weight, slope, rest = np.ones(times.size), 0.0, lags.copy()
    if not times.size:
        return slope, rest, weight
    for _ in range(PASSES):
        time, lag = _centred(times, stretch, weight), _centred(lags, stretch, weight)
        power = float((weight * time**2).sum())
        slope = float((weight * time * lag).sum()) / power if power else 0.0
        rest = lag - slope * time
        sigma = MAD_TO_SIGMA * float(np.median(np.abs(rest))) + FLOOR_S
        weight = np.minimum(1, HUBER * sigma / np.maximum(np.abs(rest), FLOOR_S))
    return slope, rest, weight


def _centred(values: Array, stretch: NDArray[np.intp], weight: Array) -> Array:
    """Return values less the weighted mean of their stretch."""
    if not values.size:
        return values
    total = np.bincount(stretch, weight, minlength=int(stretch.max()) + 1)
    mean = np.bincount(stretch, weight * values, minlength=total.size) / np.maximum(total, 1e-12)
    return values - mean[stretch]


def _error(times: Array, stretch: NDArray[np.intp], rest: Array, weight: Array) -> float:
    """Return the standard error of the slope."""
    free = times.size - np.unique(stretch).size - 1
    power = float((weight * _centred(times, stretch, weight) ** 2).sum())
    if free < LEAST_BINS // 2 or not power:
        return float("inf")
    most = 3 * (MAD_TO_SIGMA * float(np.median(np.abs(rest))) + FLOOR_S)
    limited = np.clip(rest, -most, most)
    sigma = math.sqrt(float((weight * limited**2).sum() / weight.sum()) * times.size / free) + FLOOR_S
    alike = float((limited[1:] * limited[:-1]).sum() / max((limited**2).sum(), 1e-30))
    alike = min(max(alike, 0.0), MOST_ALIKE)
    return sigma / math.sqrt(power) * math.sqrt((1 + alike) / (1 - alike))
