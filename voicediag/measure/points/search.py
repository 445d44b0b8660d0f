"""Where a stretch of the second point lies in the first one, wherever that is.

Method
    Normalised cross-correlation (J. Lewis, Vision Interface 1995) of what is live in the stretch, both whitened by the
    stretch's own smoothed spectrum, against a range of the first point. Its highest tops are tried with
    `measure.points.match`, which tells a pitch period from the place itself; of what fits alike the nearest counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voicediag.measure._filters import Samples
from voicediag.measure.points.match import BLOCK, FRAME, TINY, Line, Match, Pair, Way, learnt, match

TOPS = 5
# Tops nearer than a millisecond are one.
APART = 8
WHITE = 0.6
SMOOTH_HZ = 150.0
LEAST_ALIKE = 0.15
# Of the highest top: the place itself is not so much less alike than another.
NEXT_ALIKE = 0.5
# Forty-five milliseconds that fit as well as can be.
LEAST_NATS = 15.0
# Anywhere else much fits a little by chance.
ANYWHERE_NATS = 36.0
# Where neither gain nor noise is known, much else fits a little.
FIRST_NATS = 60.0
# What fits less well by so much is no further choice.
AS_GOOD_NATS = 5.0
# A lag that fits perfectly is told from one that fits but for a pitch period.
MOST_FIT = 15.0


@dataclass(frozen=True, slots=True)
class Found:
    """A stretch of the second point, from sample `begin` to `end`, that goes along a line.

    `nats` say how sure that is, `fit` tells it from other lags that fit too.
    """

    begin: int
    end: int
    line: Line
    way: Way
    nats: float
    fit: float = 0.0


def find(
    pair: Pair,
    window: tuple[int, int],
    within: tuple[int, int],
    *,
    line: Line,
    way: Way | None,
    least: float = ANYWHERE_NATS,
) -> Found | None:
    """Return where a window of the second point lies within a range of the first; None where it does not.

    Parameters
    ----------
    line : Line
        The lag so far, near which a place is preferred; its slope is kept.
    way : Way or None
        What is known of gain and noise.
    """
    begin, end = window
    tops = _tops(pair.first.cut(within[0], within[1] - within[0]), pair.second.cut(begin, end - begin))
    lags = [begin - (within[0] + top) for top in tops]
    middle = (begin + end) / 2
    tried = [tried for lag in lags if (tried := _tried(pair, window, Line(middle, lag, line.slope), way))]
    if not tried:
        return None
    if max(each.nats for each in tried) < (FIRST_NATS if way is None else least):
        return None
    best = max(each.fit for each in tried)
    alike = [each for each in tried if each.fit >= best - AS_GOOD_NATS]
    return min(alike, key=lambda each: abs(each.line.lag - float(line.lag_at(middle))))


def fits(pair: Pair, window: tuple[int, int], line: Line, way: Way) -> Found | None:
    """Return the longest stretch of a window that goes along a line."""
    return _told(match(pair, window[0], window[1] - window[0], line), window, line, way)


def best_run(values: NDArray[np.float64]) -> tuple[int, int, float]:
    """Return begin, end and sum of the run with the greatest sum (J. Kadane's, in one pass)."""
    if not values.size:
        return 0, 0, 0.0
    total = np.concatenate(([0.0], np.cumsum(values)))
    lowest = np.minimum.accumulate(total)
    end = int((total - lowest).argmax())
    begin = int(total[: end + 1].argmin())
    return begin, end, float(total[end] - total[begin])


def _tried(pair: Pair, window: tuple[int, int], line: Line, way: Way | None) -> Found | None:
    """Return what a lag explains of a window, the lag brought to a part of a sample."""
    count = window[1] - window[0]
    known = way
    for _ in range(2):
        seen = match(pair, window[0], count, line)
        offsets, alike = seen.lags()
        weight = np.sqrt(seen.heard.reshape(offsets.size, -1).mean(1)) * np.maximum(alike - 0.5, 0) * (alike < 1 + TINY)
        if weight.sum() > 0:
            order = np.argsort(offsets)
            half = np.searchsorted(np.cumsum(weight[order]), weight.sum() / 2)
            line = line.moved(float(offsets[order][min(int(half), offsets.size - 1)]))
    seen = match(pair, window[0], count, line)
    if way is None:
        good = np.repeat(seen.lags()[1] > 0.6, BLOCK // FRAME)
        known = learnt(seen, good, None, live=float(seen.heard.mean()))
    if known is None or known.gain <= 0:
        return None
    return _told(seen, window, line, known)


def _told(seen: Match, window: tuple[int, int], line: Line, way: Way) -> Found | None:
    """Return what of a window goes along a line; None where it is too little."""
    frames = (window[1] - window[0]) // FRAME
    low, high, total = best_run(seen.evidence(way)[:frames])
    if total < LEAST_NATS:
        return None
    fit = best_run(seen.evidence(way, most=MOST_FIT)[:frames])[2]
    return Found(window[0] + low * FRAME, window[0] + high * FRAME, line, way, total, fit)


def _tops(first: Samples, piece: Samples) -> list[int]:
    """Return the places in the first point that are most like a piece."""
    from scipy.fft import irfft, next_fast_len, rfft

    if first.size < piece.size or not piece.any():
        return []
    size = next_fast_len(first.size + piece.size, real=True)
    spectrum = rfft(piece, size)
    white = _whitener(piece, spectrum.size)
    near, far = spectrum * white, rfft(first, size) * white
    product = irfft(far * np.conj(near), size)[: first.size - piece.size + 1]
    sound, said = irfft(far, size)[: first.size], float(np.vdot(near, near).real) * 2 / size
    power = np.concatenate(([0.0], np.cumsum(sound.astype(np.float64) ** 2)))
    local = power[piece.size :] - power[: -piece.size]
    floor = 1e-4 * float(local.max(initial=0.0)) + TINY
    alike = product / np.sqrt((local + floor) * said + TINY)
    tops: list[int] = []
    least = max(LEAST_ALIKE, NEXT_ALIKE * float(alike.max()))
    for _ in range(TOPS):
        top = int(alike.argmax())
        if alike[top] < least:
            break
        tops.append(top)
        alike[max(0, top - APART) : top + APART] = 0
    return tops


def _whitener(piece: Samples, bins: int) -> Samples:
    """Return the weight that takes most of a piece's spectral envelope out."""
    from scipy.fft import rfft
    from scipy.ndimage import uniform_filter1d

    size = 512
    rows = piece[: piece.size // size * size].reshape(-1, size) if piece.size >= size else piece[None, :]
    power = np.mean(np.abs(rfft(rows * np.hanning(rows.shape[1]).astype(np.float32), size)) ** 2, axis=0)
    power = uniform_filter1d(power, max(1, round(SMOOTH_HZ * size / 8_000)))
    weight = (power + 1e-3 * power.max() + TINY) ** (-WHITE / 2)
    spread = np.interp(np.linspace(0, 1, bins), np.linspace(0, 1, weight.size), weight / weight.max())
    return np.asarray(spread, np.float32)
