"""How the sound beside a place stands over what fills it: still more numbers for `voicediag.measure.gaps`.

What
    Noise that was added after a gap hides its edges in some bands and not in others. What fills the place says in
    which: it is made white, and with it the sound on both sides, so that each band counts by how far it stands out. The
    courses of the power into the place and out of it follow, in parts of a millisecond; whether they fall at once or
    over some milliseconds, as a voice does that stops by itself; and how alike the two sides are in what stands out.
Formula
    Linear prediction of order `ORDER` of the middle of the fill (autocorrelation method, Hann window, white noise of
    `RIDGE` added), run over all; powers are those of its error, over that within the fill. A course is the likeliest of
    Gaussian noise whose level falls in dB along a straight line, from one of `OVER_DB` down to the fill, within one of
    `FALLS_S`, and lies one of `SHIFTS_S` off the edge. What is kept is how much likelier each duration is than a step.
Conventions
    As in `voicediag.measure.gap_joins`. The rate is about 16 kHz, or 8 where the samples have no more.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from voicediag.measure._filters import Frames, Samples

RATE_HZ = 16_000
ORDER = 10
RIDGE = 1e-3
FILL_S = 0.04
OUTSIDE_S, INSIDE_S = 0.05, 0.03
STEPS_S = (
    -0.05, -0.03, -0.02, -0.014, -0.01, -0.007, -0.005, -0.004, -0.003, -0.002, -0.001, -0.0005,
    0.0, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.008, 0.014, 0.03,
)  # fmt: skip
"""Of the courses, from the edge on, inwards."""
CELL_S = 0.0005
FITTED_S = (-0.024, 0.008)
FALLS_S = (0.0, 0.002, 0.004, 0.008, 0.016, 0.032)
SHIFTS_S = (-0.002, -0.001, -0.0005, 0.0, 0.0005, 0.001, 0.002)
OVER_DB = (2, 4, 6, 9, 12, 16, 20, 26, 34)
SPECTRUM_S = (0.01, 0.03)
SPECTRUM_HZ = (100, 200, 300, 400, 500, 600, 750, 900, 1_100, 1_300, 1_600, 1_900, 2_300, 2_800, 3_400)
STANDS_OUT_DB = 3.0
WIDTH = 2 * (len(STEPS_S) - 1 + len(FALLS_S)) + 5 * len(SPECTRUM_S)
_LEAST = 1e-10
_AT_ONCE = 256

Table = NDArray[np.float64]


def fill_features(samples: Samples, starts: Frames, ends: Frames, *, rate_hz: float) -> Samples:
    """Return what is seen beside each place, float32, shape (places, WIDTH)."""
    by = max(1, round(rate_hz / RATE_HZ))
    size = samples.size // by
    low = samples[: size * by].reshape(size, by).mean(axis=1)
    starts, ends = np.minimum(starts // by, size - 1), np.minimum(-(-ends // by), size)
    parts = [
        _seen(low, starts[at : at + _AT_ONCE], ends[at : at + _AT_ONCE], rate_hz / by)
        for at in range(0, starts.size, _AT_ONCE)
    ]
    return np.concatenate(parts) if parts else np.empty((0, WIDTH), np.float32)


def _seen(samples: Samples, starts: Frames, ends: Frames, rate_hz: float) -> Samples:
    outside, inside, fill = (round(each_s * rate_hz) for each_s in (OUTSIDE_S, INSIDE_S, FILL_S))
    reach = max(outside, inside, fill) + ORDER
    padded = np.concatenate((np.zeros(reach, np.float32), samples, np.zeros(reach, np.float32)))
    starts, ends = starts + reach, np.maximum(ends, starts + 1) + reach
    taps, power = _whitening(padded, starts, ends, fill)
    parts: list[Table] = []
    for sound, edges in ((padded, starts), (padded[::-1], padded.size - ends)):
        rows = sound[edges[:, None] + np.arange(-outside - ORDER, inside)].astype(np.float64)
        past = np.lib.stride_tricks.sliding_window_view(rows, ORDER + 1, axis=1)
        error = np.matmul(past, taps[:, ::-1, None])[..., 0] ** 2 / power[:, None]
        # Beyond the middle of a short place the other edge begins.
        beyond = np.arange(-outside, inside) >= np.maximum(1, (ends - starts) // 2)[:, None]
        error[beyond] = 1.0
        parts += [_course(error, rate_hz), _falls(error, rate_hz)]
    parts.append(_spectra(padded, starts, ends, rate_hz))
    return np.asarray(np.concatenate(parts, axis=1), np.float32)


def _whitening(padded: Samples, starts: Frames, ends: Frames, fill: int) -> tuple[Table, Table]:
    """Return the filter that makes each fill white, its first tap first, and the power that it leaves of it."""
    length = np.clip(ends - starts - 2, 1, fill)
    begin = (starts + ends - length) // 2
    at = np.arange(fill)
    inside = at < length[:, None]
    rows = np.where(inside, padded[begin[:, None] + at], 0).astype(np.float64)
    rows -= np.where(inside, rows.sum(axis=1, keepdims=True) / length[:, None], 0)
    faded = rows * np.where(inside, 0.5 - 0.5 * np.cos(2 * np.pi * (at + 1) / (length[:, None] + 1)), 0)
    size = 1 << (fill + ORDER).bit_length()
    alike = np.fft.irfft(np.abs(np.fft.rfft(faded, size)) ** 2)[:, : ORDER + 1]
    alike[:, 0] = alike[:, 0] * (1 + RIDGE) + _LEAST
    lags = np.abs(np.arange(ORDER)[:, None] - np.arange(ORDER))
    weights = np.linalg.solve(alike[:, lags], alike[:, 1:, None])[..., 0]
    taps = np.concatenate((np.ones((len(weights), 1)), -weights), axis=1)
    # What the filter leaves of the mean square, by the same lags.
    left = np.einsum("nij,ni,nj->n", alike[:, np.abs(np.arange(ORDER + 1)[:, None] - np.arange(ORDER + 1))], taps, taps)
    shape = np.sum(np.where(inside, 0.5 - 0.5 * np.cos(2 * np.pi * (at + 1) / (length[:, None] + 1)), 0) ** 2, axis=1)
    return taps, left / np.maximum(shape, 0.5) + _LEAST


def _course(error: Table, rate_hz: float) -> Table:
    """Return the power in each of `STEPS_S`, in dB over the fill."""
    bounds = [round((step_s - STEPS_S[0]) * rate_hz) for step_s in STEPS_S]
    power = [error[:, low : max(low + 1, high)].mean(axis=1) for low, high in pairwise(bounds)]
    return np.asarray(np.clip(10 * np.log10(np.stack(power, axis=1) + _LEAST), -20, 60) / 20)


def _falls(error: Table, rate_hz: float) -> Table:
    """Return by how much likelier a step is than no edge at all, and each slower fall than a step."""
    cell = round(CELL_S * rate_hz)
    first = round(OUTSIDE_S * rate_hz) + round(FITTED_S[0] * rate_hz)
    courses = _courses()
    count = courses.shape[-1]
    cells = error[:, first : first + count * cell].reshape(len(error), count, cell).mean(axis=2)
    cells = np.minimum(cells, 1e5)
    flat = courses.reshape(-1, count)
    nats = -(cells @ (1 / flat).T + np.log(flat).sum(axis=1)) * cell / 2
    best = nats.reshape(len(error), len(FALLS_S), -1).max(axis=2)
    none = -cells.sum(axis=1) * cell / 2
    told = np.concatenate((best[:, :1] - none[:, None], best[:, 1:] - best[:, :1]), axis=1)
    return np.asarray(np.arcsinh(told) / 4)


@cache
def _courses() -> Table:
    """Return the powers of each duration, shift and height, float64, shape (falls, shifts, heights, cells)."""
    at_s = np.arange(FITTED_S[0], FITTED_S[1] - CELL_S / 2, CELL_S) + CELL_S / 2
    fall_s = np.array(FALLS_S)[:, None, None, None]
    end_s = np.array(SHIFTS_S)[:, None, None] + fall_s / 2
    share = np.clip((end_s - at_s) / np.maximum(fall_s, CELL_S / 10), 0, 1)
    return np.asarray(10 ** (share * np.array(OVER_DB)[:, None] / 10))


def _spectra(padded: Samples, starts: Frames, ends: Frames, rate_hz: float) -> Table:
    """Return how alike the two sides are in what stands out of the fill, and how much of them does."""
    lines = 1_024
    bins = np.searchsorted(np.fft.rfftfreq(lines, 1 / rate_hz), SPECTRUM_HZ)
    told: list[Table] = []
    for width in (round(width_s * rate_hz) for width_s in SPECTRUM_S):
        window, at = np.hanning(width + 2)[1:-1], np.arange(width)
        middle = (starts + ends - width) // 2
        short = np.minimum(1.0, (ends - starts) / width)[:, None]
        masked = np.abs(at - (width - 1) / 2) < short * width / 2
        rows = [padded[begin[:, None] + at] * window for begin in (starts - width, ends)]
        rows.append(np.where(masked, padded[middle[:, None] + at] * window, 0) / np.sqrt(short))
        left, right, fill = (
            10 * np.log10(np.add.reduceat(np.abs(np.fft.rfft(row, lines)) ** 2, bins, axis=1)[:, :-1] + 1e-7)
            for row in rows
        )
        over_left, over_right = (np.maximum(0.0, side - fill) for side in (left, right))
        out = np.maximum(over_left, over_right) > STANDS_OUT_DB
        both = np.minimum(over_left, over_right) > STANDS_OUT_DB
        apart = np.where(out, over_left - over_right, 0)
        some = np.maximum(1, out.sum(axis=1))
        told += [out.mean(axis=1), both.sum(axis=1) / some, np.abs(apart).sum(axis=1) / some / 20]
        told += [np.minimum(over_left, over_right).max(axis=1) / 20, _correlation(over_left, over_right)]
    return np.stack(told, axis=1)


def _correlation(one: Table, other: Table) -> Table:
    one, other = (each - each.mean(axis=1, keepdims=True) for each in (one, other))
    return np.asarray((one * other).sum(axis=1) / np.sqrt((one**2).sum(axis=1) * (other**2).sum(axis=1) + _LEAST))
