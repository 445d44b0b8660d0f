"""Making sense of a path through lags: pauses, excursions, and pieces that follow different reflections."""

from __future__ import annotations

from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from voicediag.measure import lag_steps
from voicediag.measure.echo_frames import REACH, Curves, EchoFrames, shift

Room: TypeAlias = NDArray[np.complex64]
Path: TypeAlias = NDArray[np.intp]

# A path that moves by this much from frame to frame may have gone to another reflection.
ANOTHER_REFLECTION = 16
REFLECTIONS = 512
EXCURSION = 8


def held(path: Path, is_live: NDArray[np.bool_]) -> Path:
    """Return the path with its lag held over frames that say nothing, so that it changes in one place."""
    last = np.maximum.accumulate(np.where(is_live, np.arange(path.size), -1))
    return path[np.where(last < 0, int(is_live.argmax()), last)]


def without_excursions(path: Path) -> Path:
    """Return the path with what leaves it for less than `EXCURSION` frames and comes back left out.

    A far end that repeats itself leads there; a buffer that is lost does not come back.
    """
    kept = path.copy()
    steps = np.flatnonzero(np.abs(np.diff(path)) >= lag_steps.LEAST_STEP)
    for first, last in pairwise(steps.tolist()):
        out, net = int(path[first + 1] - kept[first]), int(path[last + 1] - kept[first])
        if last - first <= EXCURSION and abs(net) < abs(out) / 2:
            kept[first + 1 : last + 1] = kept[first]
    return kept


def on_one_reflection(
    frames: EchoFrames, curves: Curves, path: Path, weight: NDArray[np.float32], before: Room | None
) -> Path:
    """Return the path with each of its pieces brought onto one room: that of the block before, or of the best piece."""
    edges = np.flatnonzero(np.abs(np.diff(path)) >= ANOTHER_REFLECTION) + 1
    pieces = [piece for piece in np.split(np.arange(path.size), edges) if frames.is_live[piece].sum() > 1]
    rooms = []
    for piece in pieces:
        alone = np.zeros_like(weight)
        alone[piece] = weight[piece]
        rooms.append(frames.room(path, alone, curves))
    if not pieces:
        return path
    best = max(range(len(pieces)), key=lambda index: float(weight[pieces[index]][frames.is_live[pieces[index]]].sum()))
    moved = path.copy()
    for piece, room in zip(pieces, rooms, strict=True):
        moved[piece] += shift(rooms[best] if before is None else before, room, reach=REFLECTIONS)
    return np.clip(moved, 0, 2 * REACH - 1)
