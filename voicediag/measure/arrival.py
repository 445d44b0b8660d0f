"""Where a player runs dry that plays chunks as they come.

What is measured
    How late each chunk comes for a player that began with the first of them, and where one that keeps a cushion falls
    silent all the same.
Formula
    A chunk k that comes at a_k, after chunks of D_k seconds, is late by L_k = a_k - a_0 - D_k. A player that waits
    `cushion_s` before it begins is behind by B_k = max(0, max over j <= k of L_j - cushion_s): it has waited that long
    by then, and each rise of B is a gap. A gap is covered by every cushion of at least L_k.
Conventions
    Times in seconds; one utterance at a time, in which the sender made no pause.
Differences
    Players that fill their cushion anew after each gap wait longer at each and less often.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Seconds = NDArray[np.float64]


def lateness(at_s: Seconds, lengths_s: Seconds) -> Seconds:
    """Return how late each chunk is, in seconds; negative where it came before its time.

    Parameters
    ----------
    at_s, lengths_s : float64, shape (chunks,)
        When each chunk came, and how long its sound lasts.
    """
    played = np.concatenate(([0.0], np.cumsum(lengths_s)[:-1]))
    late: Seconds = at_s - at_s[0] - played
    return late


def gaps(late_s: Seconds, *, cushion_s: float) -> Seconds:
    """Return how long a player falls silent before each chunk.

    Parameters
    ----------
    late_s : float64, shape (chunks,)
        From `lateness`.
    cushion_s : float
        How long the player waits before it begins.
    """
    behind = np.maximum.accumulate(np.maximum(late_s - cushion_s, 0.0))
    return np.diff(behind, prepend=0.0)
