"""The one lag for each frame that makes most sense of all of them: a Viterbi search over lags.

A lag stays, moves a little at a price for each sample, or jumps anywhere at a price of its own. Frames that say nothing
cost nothing, so that a track is carried over pauses and under a talker.

Reference
    G. D. Forney, "The Viterbi algorithm", Proc. IEEE 61(3), 1973; the moves at a price for each sample are the distance
    transform of P. Felzenszwalb and D. Huttenlocher, Theory of Computing 8, 2012.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# In nats; chosen on the fitted sources of benchmarks/echo_motion.
MOVE_COST = 0.5
JUMP_COST = 90.0
# In samples from frame to frame: 8 of them are 8 ms in a second, what a queue that breathes does.
MOVES = (1, 2, 4, 8)
# A frame that fits with this many sigmas says all that it can.
SURE_SIGMAS = 12.0


def likelihood(scores: NDArray[np.float32], is_live: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the log-likelihood of each lag for each frame, shape (frames, lags), from curves in robust sigmas."""
    loudest = scores.max(axis=1, keepdims=True, initial=SURE_SIGMAS)
    # Scaled, not clipped: of two tops that are both sure the higher one stays the better.
    scaled = np.maximum(scores, 0) * (np.float32(SURE_SIGMAS) / loudest)
    return np.asarray(np.float32(0.5) * scaled * scaled * is_live[:, None], np.float32)


def steadiest(worth: NDArray[np.float32], *, first: int | None = None, near: int = 80) -> NDArray[np.intp]:
    """Return the path of the greatest worth through the lags.

    Parameters
    ----------
    worth : float32, shape (frames, lags)
        From `likelihood`.
    first : int, optional
        Where the path came from; to begin farther than `near` samples from there is a jump.
    """
    frames, lags = worth.shape
    if not frames:
        return np.zeros(0, np.intp)
    places = np.arange(lags, dtype=np.int32)
    came_from = np.empty((frames, lags), np.int32)
    total = np.zeros(lags, np.float32)
    if first is not None:
        total -= np.float32(JUMP_COST) * (np.abs(places - first) > near)
    for frame in range(frames):
        total, came_from[frame] = _moved(total, places)
        total += worth[frame]
    path = np.empty(frames, np.intp)
    place = int(total.argmax())
    for frame in range(frames - 1, -1, -1):
        path[frame] = place
        place = int(came_from[frame, place])
    return path


def _moved(total: NDArray[np.float32], places: NDArray[np.int32]) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Return the best that each lag can come from, and where that is."""
    best = int(total.argmax())
    jumped = total[best] - np.float32(JUMP_COST)
    value = np.maximum(total, jumped)
    origin = np.where(total >= jumped, places, np.int32(best))
    for move in MOVES:
        cost = np.float32(MOVE_COST * move)
        for here, there in ((slice(move, None), slice(None, -move)), (slice(None, -move), slice(move, None))):
            moved = total[there] - cost
            better = moved > value[here]
            np.copyto(value[here], moved, where=better)
            np.copyto(origin[here], places[there], where=better)
    # Only differences count; kept near zero they keep their precision.
    return value - total[best], origin
