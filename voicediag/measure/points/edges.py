"""The exact samples between two stretches of sound: where the one ends and the other begins.

Method
    Sample by sample each of the two lags explains the second point or does not; the end is where the summed evidence
    for the lag before is greatest, the beginning where that for the lag after is. Of ways that explain it as well the
    simplest counts: the sound goes on at once, or as much later as the lag has grown.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voicediag.measure._filters import Samples
from voicediag.measure.points.follow import Stretch
from voicediag.measure.points.grid import GRID_HZ
from voicediag.measure.points.match import FRAME, FREEDOM, NOISE_SHARE, TINY, Line, Pair, Way, match
from voicediag.measure.points.search import best_run

Array = NDArray[np.float64]

BESIDE = round(0.15 * GRID_HZ)
SMOOTH = 24
MOST_FOR, MOST_AGAINST = 0.5, -1.0
SHARE = FREEDOM / FRAME
# A soft start or end, and a codec, blur an edge by so much.
BLUR = round(0.01 * GRID_HZ)
# A player that runs dry may let the sound in again softly, over so long; it is no soft beginning for less.
FADE, FADE_NATS = round(0.005 * GRID_HZ), 2.0
# Ways that explain the sound this nearly as well are as likely.
SLACK = 12.0
# Nothing shorter was put in: the sound goes on at once.
AT_ONCE = round(0.0025 * GRID_HZ)
FARTHEST = 2 * GRID_HZ
LEAST = round(0.02 * GRID_HZ)
# Looked at as one piece up to this length.
LONGEST = 8 * GRID_HZ


@dataclass(frozen=True, slots=True)
class Edge:
    """Between two stretches, in samples of the grid.

    Attributes
    ----------
    end, begin : float
        Where the sound before ends at the second point, and where the sound after begins.
    step : float
        By how much the lag grows.
    source : float
        The first point's sample at which the sound before ends.
    before, after : float
        Nats by which each side fits its own lag better than the other's.
    """

    end: float
    begin: float
    step: float
    source: float
    before: float
    after: float

    @property
    def inserted(self) -> float:
        """Samples that lie between the two."""
        return self.begin - self.end

    @property
    def missing(self) -> float:
        """Samples of the first point that are passed over; negative where they come again."""
        return self.begin - self.end - self.step


def edge(pair: Pair, before: Stretch, after: Stretch) -> Edge:
    """Return what lies between two stretches."""
    beside = BESIDE
    found, is_cut = _edge(pair, before, after, beside)
    while is_cut and beside < FARTHEST:
        beside *= 3
        found, is_cut = _edge(pair, before, after, beside)
    return found


def _edge(pair: Pair, before: Stretch, after: Stretch, beside: int) -> tuple[Edge, bool]:
    """Return what lies between two stretches, and whether it may lie farther back than was looked."""
    step = float(after.opening.lag_at(after.begin)) - float(before.line.lag_at(after.begin))
    # No farther than the stretches themselves: beyond them another lag holds.
    low = max(before.end - beside, min(before.begin, before.end - LEAST))
    high = min(after.begin + BESIDE, max(after.end, after.begin + LEAST))
    if high - low > LONGEST:
        return Edge(before.end, after.begin, step, before.line.source(before.end), np.inf, np.inf), False
    old = _evidence(pair, low, high - low, before.line, before.way)
    new = _evidence(pair, low, high - low, after.opening, after.way)
    if abs(step) < AT_ONCE:
        end, begin = _broken(old, (before.end - low, after.begin - low))
        against = -float(old[end:begin].sum()), -float(new[end:begin].sum())
        return Edge(low + end, low + begin, step, before.line.source(low + end), *against), False
    ends = np.concatenate(([0.0], np.cumsum(old)))
    begins = np.concatenate((np.cumsum(new[::-1])[::-1], [0.0]))
    end, begin = _apart(ends, begins, step)
    left, right = slice(max(0, end - BESIDE), end), slice(begin, begin + BESIDE)
    backed, borne = float((old[left] - new[left]).sum()), float((new[right] - old[right]).sum())
    found = Edge(low + end, low + begin, step, before.line.source(low + end), backed, borne)
    return found, end < LEAST and low > before.begin


def _apart(ends: Array, begins: Array, step: float) -> tuple[int, int]:
    """Return where the one ends and the other begins: at once, as much later as the lag has grown, or as it comes."""
    end, begin, by = int(ends.argmax()), int(begins.argmax()), round(step)
    free = float(ends.max() + begins.max()) if begin >= end else -np.inf
    best, places = -np.inf, (end, max(end, begin))
    joint = ends + begins
    if free - joint.max() <= SLACK or begin - end <= BLUR:
        best, places = float(joint.max()), (int(joint.argmax()), int(joint.argmax()))
    if 0 < by < ends.size:
        held = ends[:-by] + _faded_in(begins)[by:]
        near = free - held.max() <= SLACK or abs(begin - end - by) <= BLUR
        if near and held.max() > best:
            at = int(held.argmax())
            best, places = float(held.max()), (at, at + by)
    return places


def _faded_in(begins: Array) -> Array:
    """Return the evidence for sound that begins at each sample, at once or softly: what a fade hides is not missing."""
    from scipy.ndimage import maximum_filter1d

    # The greatest of a sample and those that follow it.
    later = maximum_filter1d(begins, FADE, origin=-(FADE // 2), mode="nearest")
    return np.asarray(np.maximum(begins, later - FADE_NATS))


def _broken(nats: Array, near: tuple[int, int]) -> tuple[int, int]:
    """Return the run that speaks most against a lag."""
    low, high = max(0, near[0] - BLUR), near[1] + BLUR
    begin, end, total = best_run(-nats[low:high])
    return (low + begin, low + end) if total > 0 else (near[0], near[0])


def _evidence(pair: Pair, begin: int, count: int, line: Line, way: Way) -> Array:
    seen = match(pair, begin, count, line)
    theirs = seen.second[:count]
    rest = theirs - seen.first[:count] * np.float32(way.gain)
    heard, left = theirs * theirs, rest * rest
    floor = NOISE_SHARE * way.live + TINY
    power, noise = _smooth(heard) + floor, _smooth(left) + floor
    nats = 0.5 * SHARE * (np.log(power / noise) + heard / power - left / noise)
    return np.asarray(np.clip(nats, MOST_AGAINST, MOST_FOR))


def _smooth(power: Samples) -> Array:
    from scipy.ndimage import uniform_filter1d

    return np.asarray(uniform_filter1d(power.astype(np.float64), SMOOTH))
