"""An edge brought to the very sample, where the second point holds the first one's samples but for a gain.

The grid knows an edge to a fraction of a millisecond. Where both tracks have one rate and nothing lossy lies between
them, the lag is a whole number of frames, and the last frame that fits can be counted off.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from voicediag.measure._filters import Samples
from voicediag.measure.points.edges import BLUR, Edge
from voicediag.measure.points.grid import GRID_HZ
from voicediag.measure.points.match import TINY, Line, Pair

SIDE_S = 0.02
AROUND_S = 0.008
# The rest of what was only scaled and rounded to 16 bits lies farther below the sound than that.
LEAST_FIT_DB = 40.0
# Of the sound's own level: what differs by more does not fit.
TOLERANCE = 0.02
# The grid knows the lag to about a frame of a high rate.
NEXT = (0, -1, 1, -2, 2)


def exact(pair: Pair, found: Edge, before: Line, after: Line) -> Edge:
    """Return an edge to the sample, or as it was."""
    if pair.first.sound.rate_hz != pair.second.sound.rate_hz:
        return found
    per_grid = pair.second.sound.rate_hz / GRID_HZ
    end = _reach(pair, found.end * per_grid, float(before.lag_at(found.end)) * per_grid, 1)
    begin = _reach(pair, found.begin * per_grid, float(after.lag_at(found.begin)) * per_grid, -1)
    if end is None or begin is None:
        return found
    (last, old), (next_, new) = end, begin
    if found.inserted == 0 or next_ < last:
        next_ = last
    elif abs(found.missing) <= BLUR and new > old:
        next_ = last + new - old
    return replace(
        found, end=last / per_grid, begin=next_ / per_grid, step=(new - old) / per_grid, source=(last - old) / per_grid
    )


def _reach(pair: Pair, place: float, lag: float, way: int) -> tuple[int, int] | None:
    """Return up to which frame the sound fits, and the lag in frames; None where it does not fit to the sample.

    `way` is 1 for the end of what lies before, and -1 for the beginning of what lies after.
    """
    rate_hz = pair.second.sound.rate_hz
    side, around = round(SIDE_S * rate_hz), round(AROUND_S * rate_hz)
    low = round(place) - around - side if way > 0 else round(place) - around
    count = side + 2 * around
    theirs = pair.second.frames(low, count)[::way]
    power = float(np.mean(theirs[:side] ** 2))
    for whole in (round(lag) + by for by in NEXT):
        mine = pair.first.frames(low - whole, count)[::way]
        gain = float(np.dot(mine[:side], theirs[:side])) / (float(np.dot(mine[:side], mine[:side])) + TINY)
        rest = np.abs(theirs - np.float32(gain) * mine)
        left = float(np.mean(rest[:side] ** 2))
        if power > TINY and 10 * np.log10((left + TINY) / power) <= -LEAST_FIT_DB:
            off = np.flatnonzero(rest[side:] > _most(rest[:side], power))
            if not off.size:
                return None
            reached = side + int(off[0])
            return (low + reached, whole) if way > 0 else (low + count - reached, whole)
    return None


def _most(rest: Samples | NDArray[np.float32], power: float) -> float:
    """Return by how much a sample that fits may differ."""
    return max(4 * float(rest.max()), TOLERANCE * TOLERANCE * float(np.sqrt(power)), 2 / 32_768)
