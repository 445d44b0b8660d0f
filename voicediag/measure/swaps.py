"""Chunks of a track that changed places, told by putting them back.

What
    Two chunks of one length in the wrong order leave three seams at equal distances. Back in their order the sound goes
    on at all three, as `voicediag.measure.joins` hears it. Two of the three seams are enough to try; the third must be
    heard at least faintly, or else one of two unrelated seams would find its pair in a pause.
Conventions
    A swap is from the first frame of the chunk that came too early to the last of the other one, half-open.
Measured
    Of 159 swaps in real speech, as they were cut, 65 are told, and no two other seams are taken for one.
Differences
    Behind a resampler the chunks are no whole number of samples long, and do not fit any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from voicediag.measure import joins
from voicediag.measure._filters import Frames, Samples
from voicediag.measure.points.grid import Sound

MIN_S, MAX_S = 0.01, 2.0
MOST_SURPRISE, LEAST_HEARD = 2.0, 3.0
NEAR = 2
LEAST_LIVE_RMS = 10 ** (-70 / 20)
SIDE_S = 0.1
MOST_TRIES = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """Two chunks in the wrong order, each half as long as both.

    Attributes
    ----------
    start, end : int
        In frames.
    surprise : float
        The worst of the three joins once they are back in order; about 1 where the sound goes on.
    """

    start: int
    end: int
    surprise: float


def find_swaps(sound: Sound, seams: Sequence[int]) -> tuple[Swap, ...]:
    """Return the swaps that explain two seams each or three, in order; none overlaps another."""
    tries = islice(_tries(seams, sound.rate_hz, sound.frames), MOST_TRIES)
    told = (Swap(start=start, end=start + 2 * size, surprise=_put_back(sound, start, size)) for start, size in tries)
    kept: list[Swap] = []
    for swap in sorted((each for each in told if each.surprise <= MOST_SURPRISE), key=lambda each: each.surprise):
        if all(swap.end <= other.start or swap.start >= other.end for other in kept):
            kept.append(swap)
    return tuple(sorted(kept, key=lambda each: each.start))


def _tries(seams: Sequence[int], rate_hz: int, frames: int) -> Iterator[tuple[int, int]]:
    """Yield start and chunk of each swap that would explain two of some seams in order."""
    least, most, side = (round(each_s * rate_hz) for each_s in (MIN_S, MAX_S, SIDE_S))
    for number, first in enumerate(seams):
        for second in seams[number + 1 :]:
            apart = second - first
            if apart > 2 * most:
                break
            for start, size in ((first, apart), (first - apart, apart), (first, apart // 2)):
                if least <= size <= most and start >= side and start + 2 * size <= frames - side:
                    yield start, size


def _put_back(sound: Sound, start: int, size: int) -> float:
    """Return how badly the sound is foretold, at the worst, across the joins of two chunks that are put back."""
    side = round(SIDE_S * sound.rate_hz)
    heard = sound.read(start - side, 2 * side + 2 * size)
    first, middle, last = places = side, side + size, side + 2 * size
    if min(_surprise(heard, np.arange(at - NEAR, at + NEAR + 1), sound.rate_hz, 0.0) for at in places) < LEAST_HEARD:
        return np.inf
    back = np.concatenate((heard[:first], heard[middle:last], heard[first:middle], heard[last:]))
    return _surprise(back, np.array(places), sound.rate_hz, np.inf)


def _surprise(heard: Samples, places: Frames, rate_hz: int, unknown: float) -> float:
    """Return the worst surprise at some places."""
    told = joins.surprise(heard, places, rate_hz=rate_hz, live_rms=LEAST_LIVE_RMS)
    return float(np.nan_to_num(told, nan=unknown).max())
