"""What can be seen of a place that may be a gap: numbers for `voicediag.measure.gaps`.

What
    How the eight bands run into the quiet and out of it again, in cells of 2 ms that grow coarser with the distance;
    level, spread and course of the quiet itself, against the quiet of the whole track too; how long it lasts.
Conventions
    Levels in dB over the louder side of the place, divided by `SCALE_DB`: nothing hangs on how loud a track is.
"""

from __future__ import annotations

import numpy as np

from voicediag.measure._filters import Frames, Samples
from voicediag.measure.band_cells import BANDS, LINE_BANDS, SILENT_DB, Table, line_level, loudest_band, summed

RANGES = (
    (-150, -70), (-70, -30), (-30, -18), (-18, -11), (-11, -7),
    (-7, -5), (-5, -4), (-4, -3), (-3, -2), (-2, -1), (-1, 0),
    (0, 1), (1, 2), (2, 3), (3, 5), (5, 9), (9, 15),
)  # fmt: skip
"""Cells beside an edge, seen from outside the gap."""
BESIDE = 10
WIDTH = 2 * len(RANGES) * BANDS + 4 * BANDS + 8
SCALE_DB = 20.0
SIDES = slice(WIDTH - 6, WIDTH - 4)
"""Columns of the level beside the start and the end, over that of the track's loud parts."""
_INSIDE = 11
"""Of `RANGES`: the first that lies within the gap."""
COURSES = ((10, 7), (8, 4), (4, 2), (4, 1), (1, 0))
"""Of `RANGES`: pairs between which the way into a gap and out of it shows, the nearer one first."""
_LOWEST, _HIGHEST = -4.0, 2.0
_DEAD_DB = SILENT_DB + 5


def features(levels: Samples, starts: Frames, ends: Frames, *, floor_db: Samples, speech_db: float) -> Samples:
    """Return what is seen of each place, float32, shape (places, WIDTH).

    Parameters
    ----------
    levels : float32, shape (cells, BANDS)
    starts, ends : int64, shape (places,)
        First and last cell of each.
    floor_db : float32, shape (BANDS,)
        The quiet of the track.
    speech_db : float
        Its loud parts: mean over the bands of a telephone's line.
    """
    if not starts.size:
        return np.empty((0, WIDTH), np.float32)
    total = summed(levels)
    squares = summed(np.square(levels, dtype=np.float64))
    middle = (starts + ends) // 2
    beside = np.stack([
        _mean(total, starts - BESIDE, starts)[:, :LINE_BANDS].mean(axis=1),
        _mean(total, ends + 1, ends + 1 + BESIDE)[:, :LINE_BANDS].mean(axis=1),
    ])  # fmt: skip
    loud = beside.max(axis=0)[:, None]
    near, far = (np.array(side)[:, None] for side in zip(*RANGES, strict=True))
    falling = _mean(total, np.minimum(starts + near, middle), np.minimum(starts + far, middle + 1))
    rising = _mean(total, np.maximum(ends + 1 - far, middle), np.maximum(ends + 1 - near, middle + 1))
    inside, until = starts + 2, np.maximum(starts + 3, ends - 1)
    quiet = _mean(total, inside, until)
    spread = np.sqrt(np.maximum(0, _mean(squares, inside, until) - quiet**2))
    course = _mean(total, middle, until) - _mean(total, inside, np.maximum(middle, inside + 1))
    dead = summed((loudest_band(levels) < _DEAD_DB)[:, None])
    parts = [
        *((part - loud) / SCALE_DB for part in (*falling, *rising, quiet)),
        (quiet - floor_db) / SCALE_DB,
        spread / SCALE_DB,
        course / SCALE_DB,
        (beside - loud[:, 0]).T / SCALE_DB,
        (beside.T - speech_db) / SCALE_DB,
        (loud - floor_db[:LINE_BANDS].mean()) / SCALE_DB,
        (_loudest(levels, inside, until) - quiet[:, :LINE_BANDS].mean(axis=1))[:, None] / SCALE_DB,
        np.log2(ends - starts)[:, None] / 3 - 1,
        _mean(dead, inside, until),
    ]
    return np.asarray(np.clip(np.concatenate(parts, axis=1), _LOWEST, _HIGHEST), np.float32)


def courses(seen: Samples) -> Samples:
    """Return what the bands of a telephone's line do together, out of `features`; float32, one row each.

    How far they fall, the least and the most of them; what is left of the sound inside; how they move outside; how
    unlike the two sides are.
    """
    beside = seen[:, : 2 * len(RANGES) * BANDS].reshape(len(seen), 2, len(RANGES), BANDS)[..., :LINE_BANDS]
    tail = seen[:, 2 * len(RANGES) * BANDS :]
    inner = [tail[:, kind * BANDS : kind * BANDS + LINE_BANDS] for kind in range(4)]
    close, near, far = (beside[:, :, part].mean(axis=2) for part in (slice(9, 11), slice(6, 9), slice(3, 5)))
    within = beside[:, :, 13:15].mean(axis=2)
    told = [_ranked(close - within), _ranked(near - within)]
    told += [_ranked(beside[:, :, part] - inner[0][:, None]) for part in range(_INSIDE, len(RANGES))]
    told += [_ranked(beside[:, :, after] - beside[:, :, before]) for after, before in COURSES]
    for side in (close, near, far):
        apart = side[:, 0] - side[:, 1]
        told.append(np.stack([np.abs(apart).mean(axis=1), apart.mean(axis=1), apart.std(axis=1)], axis=1))
    told += [_ranked(part) for part in inner]
    told += [inner[0].std(axis=1)[:, None], tail[:, 4 * BANDS :]]
    return np.concatenate([part.reshape(len(seen), int(np.prod(part.shape[1:]))) for part in told], axis=1)


def _ranked(bands: Samples) -> Samples:
    """Return the mean over the bands, the least two, the middle and the most, on the last axis."""
    ranked = np.sort(bands, axis=-1)
    return np.concatenate((ranked.mean(axis=-1, keepdims=True), ranked[..., [0, 1, 3, -1]]), axis=-1)


def _loudest(levels: Samples, begin: Frames, end: Frames) -> Table:
    """Return the loudest of four cells together within each place."""
    line = np.convolve(line_level(levels), np.full(4, 0.25), "same")
    end = np.clip(end, 1, line.size)
    begin = np.minimum(np.maximum(begin, 0), end - 1)
    edges = np.stack([begin, np.minimum(end, line.size - 1)], axis=1).ravel()
    return np.maximum.reduceat(line, edges)[::2]


def _mean(total: Table, begin: Frames, end: Frames) -> Table:
    """Return the mean of the cells from each begin to its end, float64, shape (..., bands)."""
    last = len(total) - 1
    begin = np.clip(begin, 0, last - 1)
    end = np.clip(end, begin + 1, last)
    return np.asarray((total.take(end, axis=0) - total.take(begin, axis=0)) / (end - begin)[..., None])
