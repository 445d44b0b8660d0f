"""What a player's cushion hides, and what it costs: chunks that came, played again with another one.

What is measured
    When each chunk of an answer is heard by a player that waits before it begins, and which cushion is worth waiting
    for.
Formula
    A player waits `cushion_s` after the first chunk; a chunk begins when it has come and the one before has ended. One
    that refills waits as long again after each gap. An adaptive one waits for the `QUANTILE` of the lateness that it
    saw before, in buckets of `BUCKET_S`, each chunk weighing `FORGET` of the one after it: WebRTC's NetEq chooses its
    target level so.
    The knee is the cushion with the greatest share of covered gaps less its price: `PRICE` of the gaps for each
    second, or less where it takes longer than that to cover all of them. Only cushions that somebody would wait for are
    asked, and the gaps that the longest of these covers; where that leaves more than `MOST_LEFT`, there is no knee.
Reference
    WebRTC, delay_manager.h and histogram.h (quantile 0.95, forget factor 0.983, buckets of 20 ms, start at 80 ms).
    V. Satopää et al., "Finding a 'kneedle' in a haystack", ICDCSW 2011: the knee of a curve that is scaled to its ends.
Conventions
    Seconds; one answer at a time. A gap of a millisecond is none.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from voicediag.measure.arrival import Seconds

STEP_S = 0.02
# Each 20 ms of waiting must spare one gap in twenty.
PRICE = 0.05 / STEP_S
# House rule: what leaves more of the gaps than it hides is no remedy.
MOST_LEFT = 0.5
NO_GAP_S = 0.001
QUANTILE, FORGET, BUCKET_S, BUCKETS, START_S = 0.95, 0.983, 0.02, 100, 0.08


@dataclass(frozen=True, slots=True, kw_only=True)
class Knee:
    """The cushion that is worth its wait.

    Attributes
    ----------
    cushion_s : float or None
        None where not even the longest that somebody would wait for hides half of the gaps.
    covered : int
        How many of the gaps it covers; without one, how many that longest does.
    all_s : float
        What would cover all of them.
    """

    cushion_s: float | None
    covered: int
    all_s: float


def knee(needed_s: Seconds, *, base_s: float = 0.0, most_s: float = np.inf) -> Knee | None:
    """Return the cushion that is worth its wait; None where there are no gaps.

    Parameters
    ----------
    needed_s : float64, shape (gaps,)
        The least cushion that covers each.
    base_s : float
        What the player keeps already.
    most_s : float
        The longest that somebody would wait for.
    """
    if not needed_s.size:
        return None
    every = np.unique(np.maximum(np.ceil((needed_s - NO_GAP_S) / STEP_S - 1e-6) * STEP_S, base_s))
    choices = every[every <= max(most_s, base_s) + NO_GAP_S]
    within = int(np.count_nonzero(needed_s <= choices[-1] + NO_GAP_S)) if choices.size else 0
    if within < (1 - MOST_LEFT) * needed_s.size:
        return Knee(cushion_s=None, covered=within, all_s=float(every[-1]))
    covered = np.array([np.count_nonzero(needed_s <= choice + NO_GAP_S) for choice in choices])
    extra_s = choices - base_s
    price = min(PRICE, 1 / extra_s[-1]) if extra_s[-1] > 0 else 0.0
    worth = np.round(covered / within - price * extra_s, 9)
    best = int(np.flatnonzero(worth == worth.max())[-1])
    return Knee(cushion_s=float(choices[best]), covered=int(covered[best]), all_s=float(every[-1]))


def heard_from(at_s: Seconds, lengths_s: Seconds, *, cushion_s: float, refills: bool = False) -> Seconds:
    """Return when each chunk of an answer begins to be heard.

    Parameters
    ----------
    at_s, lengths_s : float64, shape (chunks,)
        When each came, and how long its sound lasts.
    cushion_s : float
    refills : bool
        Whether the player waits as long again after each gap.
    """
    starts = np.empty_like(at_s)
    end_s, again_s = float(at_s[0]) + cushion_s, cushion_s if refills else 0.0
    for index, (came_s, length_s) in enumerate(zip(at_s.tolist(), lengths_s.tolist(), strict=True)):
        starts[index] = end_s if came_s <= end_s + NO_GAP_S else came_s + again_s
        end_s = float(starts[index]) + length_s
    return starts


def silence_before(starts_s: Seconds, lengths_s: Seconds) -> Seconds:
    """Return how long nothing is heard before each chunk; 0 before the first."""
    ends = (starts_s + lengths_s)[:-1]
    return np.concatenate(([0.0], np.maximum(starts_s[1:] - ends, 0.0)))


@dataclass(slots=True)
class Adaptive:
    """A player whose cushion follows the lateness that it sees."""

    _weights: NDArray[np.float64] = field(default_factory=lambda: np.zeros(BUCKETS))

    @property
    def target_s(self) -> float:
        """What it waits for now."""
        total = float(self._weights.sum())
        if not total:
            return START_S
        return float(np.searchsorted(np.cumsum(self._weights), QUANTILE * total) + 1) * BUCKET_S

    def heard_from(self, at_s: Seconds, lengths_s: Seconds) -> Seconds:
        """Return when each chunk of the next answer begins to be heard."""
        starts = np.empty_like(at_s)
        end_s, due_s = float(at_s[0]) + self.target_s, float(at_s[0])
        for index, (came_s, length_s) in enumerate(zip(at_s.tolist(), lengths_s.tolist(), strict=True)):
            self._see(came_s - due_s)
            starts[index] = end_s if came_s <= end_s + NO_GAP_S else came_s + self.target_s
            end_s = float(starts[index]) + length_s
            due_s += length_s
        return starts

    def _see(self, late_s: float) -> None:
        self._weights *= FORGET
        self._weights[min(max(int(late_s / BUCKET_S), 0), BUCKETS - 1)] += 1 - FORGET
