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
FARTHEST = MOVES[-1]
_WAYS = FARTHEST + np.array([0, *(way for move in MOVES for way in (-move, move))])
_PRICES = (MOVE_COST * np.abs(_WAYS - FARTHEST)).astype(np.float32)
# A frame that fits with this many sigmas says all that it can.
SURE_SIGMAS = 12.0


def likelihood(scores: NDArray[np.float32], is_live: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the log-likelihood of each lag for each frame, shape (frames, lags), from curves in robust sigmas."""
    loudest = scores.max(axis=1, keepdims=True, initial=SURE_SIGMAS)
    worth = np.maximum(scores, 0)
    # Scaled, not clipped: of two tops that are both sure the higher one stays the better.
    worth *= np.float32(SURE_SIGMAS / 2**0.5) * is_live[:, None] / loudest
    return np.asarray(np.square(worth, out=worth), np.float32)


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
    walk = _Walk(lags)
    if first is not None:
        walk.total -= np.float32(JUMP_COST) * (np.abs(np.arange(lags) - first) > near)
        walk.total -= walk.total.max()
    totals, highest = np.empty((frames, walk.wide.size), np.float32), np.zeros(frames, np.intp)
    speaks, top = worth.max(axis=1) > 0, int(walk.total.argmax())
    for frame in range(frames):
        if speaks[frame]:
            top = walk.on(worth[frame])
        totals[frame], highest[frame] = walk.wide, top
    path = np.empty(frames, np.intp)
    path[-1] = top
    for frame in range(frames - 1, 0, -1):
        here = int(path[frame])
        path[frame - 1] = _origin(totals[frame - 1], here, int(highest[frame - 1])) if speaks[frame] else here
    return path


class _Walk:
    """What the best path to each lag is worth, from frame to frame; the best of all is worth nothing.

    Only differences count; kept near zero they keep their precision.

    Attributes
    ----------
    wide : float32, shape (lags + 2 * FARTHEST,)
        The worths, and beyond either end lags that cannot be.
    total : float32, shape (lags,)
        What lies between them.
    """

    def __init__(self, lags: int) -> None:
        self.wide = np.full(lags + 2 * FARTHEST, -np.inf, np.float32)
        self.total = self.wide[FARTHEST:][:lags]
        self.total[:] = 0
        self._prices = np.array(MOVES, np.float32)[:, None] * np.float32(MOVE_COST)
        # A row for each move, both ways, one for staying, and one for a jump from the best of all.
        self._ways = np.full((len(MOVES) + 2, lags), -JUMP_COST, np.float32)
        # Views take as long to make as to reckon with.
        self._moved = self._ways[: len(MOVES)]
        self._moves = [
            (self.wide[FARTHEST - move :][:lags], self.wide[FARTHEST + move :][:lags], row)
            for move, row in zip(MOVES, self._moved, strict=True)
        ]

    def on(self, worth: NDArray[np.float32]) -> int:
        """Go on by a frame, and return the lag of the best path."""
        for less, more, row in self._moves:
            np.maximum(less, more, out=row)
        self._moved -= self._prices
        self._ways[-2] = self.total
        np.max(self._ways, axis=0, out=self.total)
        self.total += worth
        top = int(self.total.argmax())
        self.total -= self.total[top]
        return top


def _origin(wide: NDArray[np.float32], place: int, highest: int) -> int:
    """Return where the best way to a lag comes from."""
    worth = wide.take(_WAYS + place)
    worth -= _PRICES
    best = int(worth.argmax())
    is_jump = wide[FARTHEST + highest] - JUMP_COST > worth[best]
    return highest if is_jump else place + int(_WAYS[best]) - FARTHEST
