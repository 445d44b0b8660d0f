"""Whether the sound after a place goes on where the sound before it stopped: more numbers for `voicediag.measure.gaps`.

What
    The pitch on both sides and its phase across the place, once the place is closed up; how well each side foretells
    the other; how alike their spectra are; how the power moves within a millisecond of each edge, and by how much the
    samples jump there. They cost more than `gap_features`, so that only what may well be a gap is asked.
Formula
    Both sides at about 8 kHz. A side's period is the lag of its highest normalised autocorrelation over `PITCH_S`. The
    same correlation across the join, of `ACROSS_S` on one side with as much a period before or after it, is high only
    where the phase goes on; its rank among all lags says how much of that is chance. Prediction across the join is that
    of `voicediag.measure.joins`.
Conventions
    float32 samples, shape (frames,); places are frames, `starts` the first frame that does not sound and `ends` the
    first that does again. What lies beyond the samples is silence.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from voicediag.measure import joins
from voicediag.measure._filters import Frames, Samples

RATE_HZ = 8_000
SIDE_S = 0.05
PITCH_S = (0.00225, 0.016)
PERIOD_S, ACROSS_S = 0.02, 0.008
NEAR, AROUND = 2, 8
STEPS_S = (-0.004, -0.002, -0.001, -0.0005, 0.0, 0.0005, 0.001, 0.002, 0.004)
SPECTRUM_S = (0.008, 0.02)
SPECTRUM_HZ = (100, 200, 300, 400, 500, 600, 750, 900, 1_100, 1_300, 1_600, 1_900, 2_300, 2_800, 3_400)
WIDTH = 68
_LEAST = 1e-10
_AT_ONCE = 256

Table = NDArray[np.float64]


def join_features(samples: Samples, starts: Frames, ends: Frames, *, rate_hz: float) -> Samples:
    """Return what is seen across each place, float32, shape (places, WIDTH)."""
    parts = [
        _seen(samples, starts[at : at + _AT_ONCE], ends[at : at + _AT_ONCE], rate_hz)
        for at in range(0, starts.size, _AT_ONCE)
    ]
    return np.concatenate(parts) if parts else np.empty((0, WIDTH), np.float32)


def _seen(samples: Samples, starts: Frames, ends: Frames, rate_hz: float) -> Samples:
    side, by = round(SIDE_S * RATE_HZ), max(1, round(rate_hz / RATE_HZ))
    reach = side * by
    padded = np.concatenate((np.zeros(reach, np.float32), samples, np.zeros(reach, np.float32)))
    left = padded[starts[:, None] + np.arange(reach)].astype(np.float64)
    right = padded[ends[:, None] + reach + np.arange(reach)].astype(np.float64)
    low_left, low_right = (each.reshape(len(each), side, by).mean(axis=2) for each in (left, right))
    parts = [
        _pitch(low_left.astype(np.float32), low_right.astype(np.float32)),
        _foretold(left, right, low_left, low_right),
        _spectra(low_left, low_right),
        _steps(padded, starts + reach, rate_hz),
        _steps(padded[::-1], padded.size - 1 - (ends + reach), rate_hz),
        _jumps(padded, starts + reach, ends + reach, left, right),
    ]
    return np.asarray(np.concatenate(parts, axis=1), np.float32)


def _pitch(left: Samples, right: Samples) -> Table:
    """Return how periodic the sides are, how alike their periods, and whether the phase goes on."""
    first, last = (round(lag_s * RATE_HZ) for lag_s in PITCH_S)
    lags, width, size = np.arange(first, last + 1), round(PERIOD_S * RATE_HZ), left.shape[1]
    own_left = _alike(left, size - width, size - width - lags, width)
    own_right = _alike(right, 0, lags, width)
    glued, short = np.concatenate((left, right), axis=1), round(ACROSS_S * RATE_HZ)
    across = (_alike(glued, size, size - lags, short) + _alike(glued, size - short, size - short + lags, short)) / 2
    at_left, at_right = own_left.argmax(axis=1), own_right.argmax(axis=1)
    rows = np.arange(len(left))
    told = [
        own_left.max(axis=1),
        own_right.max(axis=1),
        own_left[rows, at_right],
        own_right[rows, at_left],
        np.log2(lags[at_left] / first) / 2,
        np.log2(lags[at_right] / first) / 2,
        np.abs(np.log2(lags[at_left] / lags[at_right])),
        across.max(axis=1),
        across.mean(axis=1),
    ]
    both = (own_left + own_right) / 2
    for course in (own_left, own_right, both):
        peak = course.argmax(axis=1)
        for reach in (NEAR, AROUND):
            near = np.abs(np.arange(lags.size) - peak[:, None]) <= reach
            there = np.where(near, across, -1.0).max(axis=1)
            told += [there, np.mean(across > there[:, None], axis=1)]
    told += [both.max(axis=1), _correlation(across, both)]
    told += [*_by_period(left[:, ::-1], lags[at_left]), *_by_period(right, lags[at_right])]
    return np.stack(told, axis=1)


def _by_period(side: Samples, period: Frames) -> list[Table]:
    """Return the power of the period at the edge over that of the next three, outwards, in dB: what dies away shows."""
    total = np.concatenate((np.zeros((len(side), 1)), np.cumsum(np.square(side, dtype=np.float64), axis=1)), axis=1)
    rows, last = np.arange(len(side)), side.shape[1]
    powers = [
        (total[rows, np.minimum(last, (n + 1) * period)] - total[rows, np.minimum(last, n * period)]) / period
        for n in range(4)
    ]
    return [np.clip(10 * np.log10((powers[0] + _LEAST) / (power + _LEAST)), -40, 40) / 20 for power in powers[1:]]


def _alike(sound: Samples, begin: int, others: Frames, width: int) -> Table:
    """Return the normalised correlation of a stretch with others as wide, which follow one another either way."""
    first, last = int(others.min()), int(others.max())
    windows = np.lib.stride_tricks.sliding_window_view(sound, width, axis=1)
    product = np.matmul(windows[:, first : last + 1], sound[:, begin : begin + width, None])[..., 0]
    total = np.concatenate((np.zeros((len(sound), 1)), np.cumsum(sound**2, axis=1, dtype=np.float64)), axis=1)
    power = total[:, first + width : last + width + 1] - total[:, first : last + 1]
    own = total[:, begin + width] - total[:, begin]
    alike = product / np.sqrt(np.maximum(power * own[:, None], 0) + _LEAST**2)
    return np.asarray(alike if others[0] < others[-1] else alike[:, ::-1], np.float64)


def _correlation(one: Table, other: Table) -> Table:
    one, other = (each - each.mean(axis=1, keepdims=True) for each in (one, other))
    return np.asarray((one * other).sum(axis=1) / np.sqrt((one**2).sum(axis=1) * (other**2).sum(axis=1) + _LEAST))


def _foretold(left: Table, right: Table, low_left: Table, low_right: Table) -> Table:
    """Return the logarithm of how badly each side foretells the other, at the full rate and at the low one."""
    told: list[Table] = []
    for before, after in ((left, right), (low_left, low_right)):
        width = max(4 * joins.ORDER, round(joins.WINDOW_S * RATE_HZ * before.shape[1] / left.shape[1]))
        width = min(before.shape[1], width)
        pair = before[:, -width:], after[:, :width]
        told += [joins.foretold(*pair), joins.foretold(pair[1][:, ::-1], pair[0][:, ::-1])]
    return np.asarray(
        np.log(np.clip(np.stack([*told, np.minimum(*told[:2]), np.minimum(*told[2:])], axis=1), 1e-2, 1e4)) / 3,
        np.float64,
    )


def _spectra(left: Table, right: Table) -> Table:
    """Return how far apart the spectra beside the place are, with their level and without."""
    told: list[Table] = []
    for width in (round(width_s * RATE_HZ) for width_s in SPECTRUM_S):
        window = np.hanning(width + 2)[1:-1]
        bins = np.searchsorted(np.fft.rfftfreq(512, 1 / RATE_HZ), SPECTRUM_HZ)
        levels = [
            10 * np.log10(np.add.reduceat(np.abs(np.fft.rfft(part * window, 512)) ** 2, bins, axis=1)[:, :-1] + 1e-7)
            for part in (left[:, -width:], right[:, :width])
        ]
        apart = levels[0] - levels[1]
        level = apart.mean(axis=1)
        told += [np.abs(level) / 20, level / 20, apart.std(axis=1) / 10, np.abs(apart).max(axis=1) / 20]
        told += [_correlation(*levels)]
    return np.stack(told, axis=1)


def _steps(padded: Samples, edges: Frames, rate_hz: float) -> Table:
    """Return the power of the first difference around an edge, in dB over the 4 ms outside of it."""
    bounds = [round(step_s * rate_hz) for step_s in STEPS_S]
    rows = padded[edges[:, None] + np.arange(bounds[0] - 1, bounds[-1])].astype(np.float64)
    moved = np.diff(rows, axis=1) ** 2
    middle = -bounds[0]
    outside = moved[:, :middle].mean(axis=1)
    told = [
        10 * np.log10((moved[:, low + middle : max(low + 1, high) + middle].mean(axis=1) + _LEAST) / (outside + _LEAST))
        for low, high in pairwise(bounds)
    ]
    return np.asarray(np.clip(np.stack(told, axis=1), -60, 20) / 20, np.float64)


def _jumps(padded: Samples, starts: Frames, ends: Frames, left: Table, right: Table) -> Table:
    """Return how constant the place is, and by how much the samples jump at its edges."""
    told: list[Table] = []
    inside = starts + (ends - starts) // 2
    value = padded[inside].astype(np.float64)
    for edge, beyond, side in ((starts, starts - 1, left), (ends - 1, ends, right)):
        rms = np.sqrt(np.mean(side**2, axis=1)) + 1e-5
        told += [
            np.log10(np.abs(padded[beyond].astype(np.float64) - padded[edge]) / rms + 1e-3),
            np.log10(np.abs(padded[beyond] - value) / rms + 1e-3),
            np.log10(np.abs(value) / rms + 1e-3),
        ]
    told += [np.ptp(padded[inside[:, None] + np.arange(-4, 4)], axis=1) <= 2 / 32_768]
    return np.stack([np.asarray(each, np.float64) for each in told], axis=1)
