"""A comb of short holes: each chunk of a stream filled up with zeros to a whole number of frames.

What is measured
    How long the sound of a chunk is, how long the zeros after it, and how many chunks are filled up so.
Formula
    A hole is a run of exact zeros of `LEAST_FRAMES` to `MOST_S` between sound of `LIVE_RMS`. Its end is where the next
    chunk begins, to the sample. The period is the distance between two ends that comes most often; a comb it is where
    `LEAST_SHARE` of all distances under `APART_S` are whole multiples of it, give or take a sample, and there are
    `LEAST_HOLES` that follow on one another.
Conventions
    Frames count from the track's first. A player that begins anew begins another comb of the same period.
Differences
    Holes that are no comb are dropouts (`measure.silence`), at lengths that this does not look at too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voicediag.measure._filters import Samples

LEAST_FRAMES: Final = 8
MOST_S: Final = 0.02
APART_S: Final = 2.0
# Below -54 dBFS quiet sound of 16 bits stands at zero by itself.
LIVE_RMS: Final = 64 / 32_768
CONTEXT_S: Final = 0.003
# By chance one distance in hundreds is a whole multiple.
LEAST_HOLES: Final = 10
LEAST_SHARE: Final = 0.8
BLOCK_S: Final = 30.0
# A track of garbage must not fill the memory.
MOST_HOLES: Final = 200_000

Frames = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comb:
    """Chunks that are filled up with zeros.

    Attributes
    ----------
    period_frames, hole_frames : int
        From one chunk to the next, and the zeros at the end of each.
    starts, ends : int64, shape (holes,)
        Half-open frame ranges of the holes that were heard.
    """

    rate_hz: int
    period_frames: int
    hole_frames: int
    starts: Frames
    ends: Frames

    @property
    def chunk_frames(self) -> int:
        """How much sound a chunk holds."""
        return self.period_frames - self.hole_frames


def comb(read: Callable[[int, int], Samples], frames: int, *, rate_hz: int) -> Comb | None:
    """Return the comb of holes in a track; None where its holes make none.

    Parameters
    ----------
    read : callable
        Returns so many samples from a frame on, float32, shape (n,), in [-1, 1].
    frames, rate_hz : int
    """
    starts, ends = _holes(read, frames, rate_hz)
    if ends.size < LEAST_HOLES:
        return None
    apart = np.diff(ends)
    near = apart[apart <= APART_S * rate_hz]
    if near.size < LEAST_HOLES - 1:
        return None
    values, counts = np.unique(near, return_counts=True)
    period = int(values[np.argmax(counts)])
    whole = np.maximum(1, np.round(near / period)) * period
    hole = int(np.median(ends - starts))
    steady = np.count_nonzero(np.abs(near - whole) <= 1) >= LEAST_SHARE * near.size
    if not steady or counts.max() < LEAST_HOLES - 1 or 2 * hole > period:
        return None
    return Comb(rate_hz=rate_hz, period_frames=period, hole_frames=hole, starts=starts, ends=ends)


def _holes(read: Callable[[int, int], Samples], frames: int, rate_hz: int) -> tuple[Frames, Frames]:
    """Return where the holes begin and end, read in blocks."""
    block, margin = round(BLOCK_S * rate_hz), round((MOST_S + CONTEXT_S) * rate_hz) + 1
    found: list[Frames] = []
    total = 0
    for first in range(0, frames, block):
        low = max(0, first - margin)
        holes = _in_block(read(low, first + block + margin - low), rate_hz) + low
        # Each belongs to the block that it begins in.
        holes = holes[(holes[:, 0] >= first) & (holes[:, 0] < first + block)]
        found.append(holes[: MOST_HOLES - total])
        total += found[-1].shape[0]
    every = np.concatenate(found) if found else np.empty((0, 2), np.int64)
    return every[:, 0], every[:, 1]


def _in_block(sound: Samples, rate_hz: int) -> Frames:
    """Return the runs of zeros that have live sound on both sides, shape (holes, 2)."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], sound == 0, [0])).astype(np.int8)))
    runs = edges.reshape(-1, 2).astype(np.int64)
    sizes, side = runs[:, 1] - runs[:, 0], round(CONTEXT_S * rate_hz)
    runs = runs[(sizes >= LEAST_FRAMES) & (sizes <= MOST_S * rate_hz)]
    runs = runs[(runs[:, 0] >= side) & (runs[:, 1] + side <= sound.size)]
    power = np.concatenate(([0.0], np.cumsum(sound.astype(np.float64) ** 2)))
    before = power[runs[:, 0]] - power[runs[:, 0] - side]
    after = power[runs[:, 1] + side] - power[runs[:, 1]]
    live: Frames = runs[np.minimum(before, after) >= side * LIVE_RMS**2]
    return live
