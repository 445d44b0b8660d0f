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
MOVE_COST = 0.25
JUMP_COST = 90.0
# In samples from frame to frame: 16 of them are 8 ms in a second, what a queue that breathes does.
MOVES = (1, 2, 4, 8, 16)
# A frame that fits with this many sigmas says all that it can.
SURE_SIGMAS = 12.0


def likelihood(scores: NDArray[np.float32], is_live: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the log-likelihood of each lag for each frame, shape (frames, lags), from curves in robust sigmas."""
    loudest = scores.max(axis=1, keepdims=True, initial=SURE_SIGMAS)
    # Scaled, not clipped: of two tops that are both sure the higher one stays the better.
    scaled = np.maximum(scores, 0) * (np.float32(SURE_SIGMAS) / loudest)
    return np.asarray(np.float32(0.5) * scaled * scaled * is_live[:, None], np.float32)


def steadiest(worth: NDArray[np.float32], *, first: int | None = None, near: int = 160) -> NDArray[np.intp]:
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
    total = np.zeros(lags, np.float32)
    if first is not None:
        total -= np.float32(JUMP_COST) * (np.abs(np.arange(lags) - first) > near)
    totals = np.empty((frames, lags), np.float32)
    speaks = np.asarray(worth.max(axis=1) > 0)
    for frame in range(frames):
        if speaks[frame]:
            total = _moved(total)
            total += worth[frame]
            # Only differences count; kept near zero they keep their precision.
            total -= total.max()
        totals[frame] = total
    path = np.empty(frames, np.intp)
    path[-1] = totals[-1].argmax()
    for frame in range(frames - 1, 0, -1):
        path[frame - 1] = _origin(totals[frame - 1], int(path[frame])) if speaks[frame] else path[frame]
    return path


def _moved(total: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the best that each lag can be reached with."""
    value = np.asarray(np.maximum(total, total.max() - np.float32(JUMP_COST)), np.float32)
    for move in MOVES:
        cheaper = total - np.float32(MOVE_COST * move)
        np.maximum(value[move:], cheaper[:-move], out=value[move:])
        np.maximum(value[:-move], cheaper[move:], out=value[:-move])
    return value


def _origin(total: NDArray[np.float32], place: int) -> int:
    """Return where the best way to a lag comes from."""
    best, origin = float(total[place]), place
    for move in MOVES:
        for other in (place - move, place + move):
            if 0 <= other < total.size and float(total[other]) - MOVE_COST * move > best:
                best, origin = float(total[other]) - MOVE_COST * move, other
    highest = int(total.argmax())
    return highest if float(total[highest]) - JUMP_COST > best else origin
