"""Where an echo went that left the lags that are read at once: a player's new queue, a microphone that stood still.

Method
    Live frames of which hardly one fits its lag any more are held against the room that is known, window by window over
    `SEARCHED_S` on either side. Their mean curve has a top where the echo is, and only there.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from voicediag.measure.echo_frames import REACH, EchoFrames
from voicediag.measure.whitening import GRID_HZ

# A second and a half of the agent's speech in which the echo is not where it was.
LOST_FRAMES = 12
MOST_FRAMES = 24
FIT_SIGMAS = 5.0
MOST_FITTING = 0.2
# Of fewer frames, at a recording's end, one alone is high by chance.
LEAST_FRAMES = LOST_FRAMES // 2
SEARCHED_S = 1.5
# The lag at which a microphone is read lies on this grid, on which every common rate has whole frames; windows overlap,
# because reflections near an edge are cut off.
CENTRE = GRID_HZ // 50
WINDOW = 9 * CENTRE
SURE_SIGMAS = 8.0
# Chance reaches 1.5 with a dozen frames; an echo that is followed has 5 and more.
LEAST_MEAN = 2.5
CLEAR_OF_RIVALS = 2.0
REVERBERATION = round(0.05 * GRID_HZ)

Room = NDArray[np.complex64]


def lost_frames(fits: NDArray[np.float32], is_live: NDArray[np.bool_], *, after: int) -> NDArray[np.intp]:
    """Return the live frames from where on the echo is lost, `MOST_FRAMES` of them; none where it is not.

    Parameters
    ----------
    fits : float32, shape (frames,)
    is_live : bool, shape (frames,)
    after : int
        The first frame to ask for.
    """
    live = np.flatnonzero(is_live)
    live = live[live >= after]
    if live.size < LOST_FRAMES:
        return np.zeros(0, np.intp)
    fitting = np.concatenate(([0], np.cumsum(fits[live] >= FIT_SIGMAS)))
    share = (fitting[LOST_FRAMES:] - fitting[:-LOST_FRAMES]) / LOST_FRAMES
    lost = np.flatnonzero((share <= MOST_FITTING) & (fits[live[: share.size]] < FIT_SIGMAS))
    return live[lost[0] : lost[0] + MOST_FRAMES] if lost.size else np.zeros(0, np.intp)


def sought(frames_at: Callable[[int], EchoFrames], room: Room, *, around: int) -> int | None:
    """Return the lag at which some frames hold the echo, in samples of the grid; None where they hold none.

    Parameters
    ----------
    frames_at : callable
        Returns the frames with the microphone read around a lag.
    around : int
        The lag at which it was last.
    """
    reach = round(SEARCHED_S * GRID_HZ)
    tops: list[tuple[float, int]] = []
    # On the grid of lags at which the microphone is read.
    middle = round(around / CENTRE) * CENTRE
    for centre in range(middle - reach, middle + reach + 1, WINDOW):
        frames = frames_at(centre)
        if np.count_nonzero(frames.is_live) < LEAST_FRAMES:
            continue
        mean = _limited(frames.scores(room)[frames.is_live]).mean(axis=0)
        top = int(mean.argmax())
        tops.append((float(mean[top]), centre - REACH + top))
    best, lag = max(tops, default=(0.0, 0))
    rival = max((height for height, other in tops if abs(other - lag) > REVERBERATION), default=0.0)
    return lag if best >= max(LEAST_MEAN, CLEAR_OF_RIVALS * rival) else None


def _limited(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return curves of which none outvotes the others: scaled, not clipped, so that a top stays one."""
    highest = scores.max(axis=1, keepdims=True)
    return np.asarray(scores * (np.float32(SURE_SIGMAS) / np.maximum(highest, np.float32(SURE_SIGMAS))), np.float32)
