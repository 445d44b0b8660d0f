"""Stretches of a track that say what was said just before once more, also through a codec and under noise.

What
    A chunk that is played twice comes again after exactly its own length, and for exactly that long. A coder leaves no
    two samples equal (`voicediag.measure.repeats` wants that), but the second one stays far more like the first than
    any voice is like itself.
Method
    On the grid of 8 kHz that two points are compared on, each 25 ms of live sound are laid over what was heard up to
    `MAX_LAG_S` before (product over mean power, which is 1 for equal sound only). Where one lag stands out, the run is
    followed in which it fits, 5 ms by 5 ms. It counts where it is as long as its lag, and where no other lag within
    20 ms explains it nearly as well. A voice repeats its pitch period: it is as like itself one period earlier or
    later. The contrast is what the best other lag leaves of the run, at the best gain, over what this lag leaves.
Conventions
    `start_s` is where the second time begins, counted from the track's first sample.
Differences
    A stutter, an echo and a word that is said again by the same voice are not equal enough, or not as long as their
    lag. A loop of synthetic music that is heard just twice cannot be told from a chunk.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from voicediag.measure._filters import Samples
from voicediag.measure.points.grid import GRID_HZ, Grid, Sound

MIN_LAG_S, MAX_LAG_S = 0.03, 0.5
"""The longer one: two of the largest buffers in use, 4,096 frames at 16 kHz."""
LEAST_CONTRAST_DB, LEAST_FIT_DB = 6.0, 5.0

PIECE = 15 * GRID_HZ
FRAME = GRID_HZ // 200
# The coarse search works at half the rate of the grid.
WINDOW, HOP, SIZE = GRID_HZ // 80, GRID_HZ // 100, 2_160
LEAST_ALIKE, LEAST_AHEAD_DB = 0.75, 1.0
LIVE_SHARE = 1e-3
# What lies below a step of 16 bits is what filters leave of a level that stays.
STEP = 1 / 32_768
BESIDE, NEXT = GRID_HZ // 50, round(0.0015 * GRID_HZ)
# An edge is seen to so much: two frames, and what a codec smears.
SLACK = round(0.015 * GRID_HZ)
# Nats a frame must be worth before it speaks for the lag, and the most that it speaks for or against.
DUE, MOST = 3.0, 6.0
TINY = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardTwice:
    """A stretch that was heard just before.

    Attributes
    ----------
    start_s, length_s : float
        The second time; it is as long as the lag between the two.
    contrast_db, fit_db : float
        By how much better this lag explains it than any other near it, and how far below the sound the rest lies.
    """

    start_s: float
    length_s: float
    contrast_db: float
    fit_db: float


def heard_twice(
    sound: Sound, *, least_contrast_db: float = LEAST_CONTRAST_DB, first_look_s: float = float("inf")
) -> tuple[HeardTwice, ...]:
    """Return the stretches of a track that are heard twice in a row, in order.

    Parameters
    ----------
    sound : Sound
        What has `rate_hz`, `frames` and `read(start, frames)`, as the sources of tracks do.
    least_contrast_db : float
        By how much the lag must explain the sound better than any other.
    first_look_s : float
        Of a longer track so much is searched, in pieces from all over it, and the rest only where they hold one.
    """
    grid = Grid(sound)
    begins = range(0, grid.size, PIECE)
    step = max(1, math.ceil(grid.size / (first_look_s * GRID_HZ)))
    found = [each for begin in begins[::step] for each in _in_piece(grid, begin, least_contrast_db)]
    if found:
        rest = (begin for number, begin in enumerate(begins) if number % step)
        found += [each for begin in rest for each in _in_piece(grid, begin, least_contrast_db)]
    return tuple(sorted(_apart(found), key=lambda each: each.start_s))


def _in_piece(grid: Grid, begin: int, least_contrast_db: float) -> Iterator[HeardTwice]:
    """Yield what is heard twice in `PIECE` of the grid, and a bit around it."""
    lag = round(MAX_LAG_S * GRID_HZ)
    before, after = 2 * lag + PIECE // 15, lag + PIECE // 15
    piece = grid.cut(begin - before, before + PIECE + after)
    tried: list[tuple[int, int]] = []
    for at, by in _candidates(piece, before, before + PIECE):
        # Neighbours of one chunk say the same.
        if any(abs(by - known) <= 2 and abs(at - place) <= by for place, known in tried):
            continue
        tried.append((at, by))
        told = _told(piece, at, by)
        if told and told.contrast_db >= least_contrast_db and told.fit_db >= LEAST_FIT_DB:
            yield replace(told, start_s=told.start_s + (begin - before) / GRID_HZ)


def _apart(found: list[HeardTwice]) -> Iterator[HeardTwice]:
    """Yield the clearest of any that overlap."""
    kept: list[HeardTwice] = []
    for each in sorted(found, key=lambda one: -one.contrast_db):
        end_s = each.start_s + each.length_s
        if all(end_s <= other.start_s or each.start_s >= other.start_s + other.length_s for other in kept):
            kept.append(each)
            yield each


def _candidates(piece: Samples, low: int, high: int) -> list[tuple[int, int]]:
    """Return places between `low` and `high` and the lag that stands out there, the likeliest first."""
    half = (piece[: piece.size // 2 * 2].reshape(-1, 2).sum(axis=1) / 2).astype(np.float32)
    first, last = round(MIN_LAG_S * GRID_HZ / 2), round(MAX_LAG_S * GRID_HZ / 2)
    total = np.concatenate(([0.0], np.cumsum(half.astype(np.float64) ** 2)))
    starts = np.arange(low // 2, high // 2, HOP)
    power = total[starts + WINDOW] - total[starts]
    starts = starts[power > np.maximum(LIVE_SHARE * np.percentile(power, 95), WINDOW * STEP**2)]
    out: list[tuple[float, int, int]] = []
    for some in np.array_split(starts, max(1, starts.size // 64)):
        alike = _alike(half, total, some, last)[:, : last - first + 1]
        tops = alike.argmax(axis=1)
        best = alike[np.arange(some.size), tops]
        lags = last - tops
        ahead = 10 * np.log10(np.maximum(1 - _next(alike, tops), TINY) / np.maximum(1 - best, TINY))
        good = (best >= LEAST_ALIKE) & (ahead >= LEAST_AHEAD_DB)
        out += zip(best[good].tolist(), (2 * some[good]).tolist(), (2 * lags[good]).tolist(), strict=True)
    return [(at, by) for _, at, by in sorted(out, reverse=True)]


def _alike(sound: Samples, total: NDArray[np.float64], starts: NDArray[np.intp], last: int) -> NDArray[np.float64]:
    """Return for each window how like it is to the sound from `last` samples before it on, 1 where they are equal."""
    from scipy.fft import irfft, rfft

    rows = np.lib.stride_tricks.sliding_window_view(sound, last + WINDOW)[starts - last]
    spectra = rfft(rows, SIZE)
    spectra *= np.conj(rfft(rows[:, -WINDOW:], SIZE))
    product = irfft(spectra, SIZE, overwrite_x=True)[:, :last]
    power = total[WINDOW:] - total[:-WINDOW]
    both = np.lib.stride_tricks.sliding_window_view(power, last)[starts - last] + (power[starts, None] + TINY)
    return np.asarray(2 * product / both)


def _next(alike: NDArray[np.float64], tops: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return how like the best other lag is that lies near the top, but not at it."""
    by = np.concatenate((np.arange(-BESIDE // 2, -NEXT // 2 + 1), np.arange(NEXT // 2, BESIDE // 2 + 1)))
    return np.asarray(
        alike[np.arange(tops.size)[:, None], np.clip(tops[:, None] + by, 0, alike.shape[1] - 1)].max(axis=1)
    )


def _told(piece: Samples, at: int, by: int) -> HeardTwice | None:
    """Return what a lag explains around a place, where that is as long as the lag; None else."""
    window = 2 * WINDOW
    lags = by + np.arange(-2.0, 2.01, 0.25)
    theirs = piece[at : at + window]
    lag = float(lags[np.sum((theirs - _moved(piece, at, window, lags)) ** 2, axis=1).argmin()])
    low, high = at - by - SLACK, at + window + by + SLACK
    count = (high - low) // FRAME * FRAME
    heard = piece[low : low + count].astype(np.float64)
    rest = heard - _moved(piece, low, count, np.array([lag]))[0]
    begin, end = _run(heard, rest, ((at - low) // FRAME, (at + window - low) // FRAME))
    if abs(end - begin - lag) > SLACK:
        return None
    power = float(np.sum(heard[begin:end] ** 2))
    left = float(np.sum(rest[begin:end] ** 2)) + TINY
    other = power * (1 - _others(piece, low + begin, end - begin, round(lag)))
    # The run is seen in steps of 5 ms; its length is the lag.
    start = low + (begin + end - lag) / 2
    return HeardTwice(
        start_s=start / GRID_HZ,
        length_s=lag / GRID_HZ,
        contrast_db=10 * float(np.log10((other + TINY) / left)),
        fit_db=10 * float(np.log10((power + TINY) / left)),
    )


def _run(heard: NDArray[np.float64], rest: NDArray[np.float64], within: tuple[int, int]) -> tuple[int, int]:
    """Return the samples around some frames over which the lag goes on to fit."""
    power, left = (np.mean(each.reshape(-1, FRAME) ** 2, axis=1) for each in (heard, rest))
    floor = 1e-4 * float(power.mean()) + TINY
    nats = np.clip(5 * np.log((power + floor) / (left + floor)) - DUE, -MOST, MOST)
    back = np.concatenate(([0.0], np.cumsum(nats[: within[0]][::-1])))
    on = np.concatenate(([0.0], np.cumsum(nats[within[1] :])))
    return (within[0] - int(back.argmax())) * FRAME, (within[1] + int(on.argmax())) * FRAME


def _others(piece: Samples, begin: int, count: int, lag: int) -> float:
    """Return the share of a run's power that the best other lag explains, at any gain."""
    from scipy.fft import irfft, next_fast_len, rfft

    low = begin - lag - BESIDE
    theirs, mine = piece[begin : begin + count], piece[low : low + count + 2 * BESIDE]
    size = next_fast_len(mine.size, real=True)
    product = irfft(rfft(mine, size) * np.conj(rfft(theirs, size)), size)[: 2 * BESIDE + 1]
    total = np.concatenate(([0.0], np.cumsum(mine.astype(np.float64) ** 2)))
    power = total[count : count + 2 * BESIDE + 1] - total[: 2 * BESIDE + 1]
    share = np.maximum(product, 0) ** 2 / (power * float(np.sum(theirs.astype(np.float64) ** 2)) + TINY)
    share[BESIDE - NEXT + 1 : BESIDE + NEXT] = 0
    return float(min(1.0, share.max()))


def _moved(piece: Samples, begin: int, count: int, lags: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return for each of some lags the sound that much earlier; they are near each other, and no whole numbers."""
    from scipy.fft import irfft, next_fast_len, rfft

    whole, margin = int(np.floor(lags[0])), 64
    wide = piece[begin - whole - margin : begin - whole + count + margin]
    size = next_fast_len(wide.size, real=True)
    turns = np.exp(-2j * np.pi / size * np.outer(lags - whole, np.arange(size // 2 + 1)))
    return np.asarray(irfft(rfft(wide, size) * turns, size)[:, margin : margin + count], np.float64)
