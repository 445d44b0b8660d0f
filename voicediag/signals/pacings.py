"""When chunks pass, paced as senders pace them: closed forms and seeds, each with what it was made from.

Times are float64, in seconds from the moment at which the sender began; chunks pass in order, as on a WebSocket.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

Seconds = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paced:
    """Chunks as they passed.

    Attributes
    ----------
    at_s, lengths_s : float64, (chunks,)
        When each chunk passed, and how long its sound lasts.
    """

    at_s: Seconds
    lengths_s: Seconds


def absolute(lengths_s: Sequence[float] | Seconds, *, speed: float = 1.0, lead_s: float = 0.0) -> Paced:
    """Return chunks sent at absolute deadlines, `speed` times as fast as they are heard, the first `lead_s` at once."""
    lengths = np.asarray(lengths_s, np.float64)
    due = np.concatenate(([0.0], np.cumsum(lengths)[:-1]))
    return Paced(at_s=np.asarray(np.maximum(0.0, due - lead_s) / speed, np.float64), lengths_s=lengths)


def sleeping(lengths_s: Sequence[float] | Seconds, *, overhead_s: float, seed: int, spread: float = 0.3) -> Paced:
    """Return chunks of a sender that sleeps a chunk's length after each one, and works `overhead_s` besides.

    The overhead is drawn log-normal with that mean; `spread` is the sigma of its logarithm.
    """
    lengths = np.asarray(lengths_s, np.float64)
    draw = np.random.default_rng(seed).lognormal(-(spread**2) / 2, spread, lengths.size)
    steps = lengths + overhead_s * draw
    return Paced(at_s=np.concatenate(([0.0], np.cumsum(steps)[:-1])), lengths_s=lengths)


def generated(lengths_s: Sequence[float] | Seconds, *, speed: float, seed: int, spread: float = 0.2) -> Paced:
    """Return chunks that are made one after the other, each in 1 / `speed` of its length, log-normal."""
    lengths = np.asarray(lengths_s, np.float64)
    draw = np.random.default_rng(seed).lognormal(-(spread**2) / 2, spread, lengths.size)
    return Paced(at_s=np.cumsum(lengths / speed * draw), lengths_s=lengths)


def framed(message_s: float, *, frame_s: float, messages: int) -> Paced:
    """Return messages cut into frames, each of which is waited for as if it were whole, what is left over too."""
    whole, rest_s = divmod(round(message_s * 1e6), round(frame_s * 1e6))
    one = [frame_s] * whole + ([rest_s / 1e6] if rest_s else [])
    lengths = np.array(one * messages, np.float64)
    return Paced(at_s=np.asarray(np.arange(lengths.size) * frame_s, np.float64), lengths_s=lengths)


def jittered(paced: Paced, *, sigma_s: float, seed: int) -> Paced:
    """Return chunks that a network holds up, each for an exponentially distributed time; none overtakes another."""
    delay = np.random.default_rng(seed).exponential(sigma_s, paced.at_s.size)
    return Paced(at_s=np.maximum.accumulate(paced.at_s + delay), lengths_s=paced.lengths_s)


def stalled(paced: Paced, *, stalls: Sequence[tuple[float, float]], burst_s: float = 0.001) -> Paced:
    """Return chunks of which those due in a stall, from its moment on for its length, come at its end in one burst."""
    at_s = paced.at_s.copy()
    for begin_s, for_s in stalls:
        held = (at_s >= begin_s) & (at_s < begin_s + for_s)
        at_s[held] = begin_s + for_s + burst_s * np.arange(np.count_nonzero(held))
    return Paced(at_s=np.maximum.accumulate(at_s), lengths_s=paced.lengths_s)


def lossy(paced: Paced, *, share: float, seed: int) -> Paced:
    """Return chunks of which a share never passes; the others keep their times."""
    kept = np.random.default_rng(seed).random(paced.at_s.size) >= share
    return Paced(at_s=paced.at_s[kept], lengths_s=paced.lengths_s[kept])
