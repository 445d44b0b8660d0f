"""At what rate sound really came, from how much of it passed in each second."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class SteadyPace:
    """The longest time without a pause in which sound came at one pace.

    Attributes
    ----------
    start_s, end_s : int
        Whole seconds; the first and the last of a run are left out, since they are not full.
    rate_hz : float
        Frames a second over all of it.
    drift : float
        By how much the second half's pace is off the first half's, as a share of the whole.
    """

    start_s: int
    end_s: int
    rate_hz: float
    drift: float


def steady(frames: Mapping[int, int], *, least_s: int) -> SteadyPace | None:
    """Return the pace of the longest run of seconds in each of which sound came; None below `least_s` seconds.

    Parameters
    ----------
    frames : mapping of second to frames
    least_s : int
        At least 2: each half of a run has a second of its own.
    """
    run = max(_runs(sorted(frames)), key=len, default=[])[1:-1]
    if len(run) < max(least_s, 2):
        return None
    counts = [frames[second] for second in run]
    half = len(counts) // 2
    rate_hz = sum(counts) / len(counts)
    halves = (sum(counts[:half]) / half, sum(counts[-half:]) / half)
    drift = abs(halves[1] - halves[0]) / rate_hz if rate_hz else 0.0
    return SteadyPace(start_s=run[0], end_s=run[-1] + 1, rate_hz=rate_hz, drift=drift)


def _runs(seconds: list[int]) -> list[list[int]]:
    """Return the seconds in runs without a gap."""
    runs = [seconds[:1]]
    for before, second in pairwise(seconds):
        if second == before + 1:
            runs[-1].append(second)
        else:
            runs.append([second])
    return runs
