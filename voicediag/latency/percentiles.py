"""Percentiles with their count."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True, kw_only=True)
class Percentiles:
    """What half, nine tenths and nineteen twentieths of some times do not exceed.

    Each is one of the times that were measured (the nearest rank, Hyndman and Fan's definition 1): of three times the
    95th percentile is the longest, and nothing is interpolated. None where there is no time.
    """

    count: int
    p50_ms: float | None = None
    p90_ms: float | None = None
    p95_ms: float | None = None


def percentiles(times_ms: Iterable[float | None]) -> Percentiles:
    """Return the percentiles of the times that are known."""
    known = sorted(time_ms for time_ms in times_ms if time_ms is not None)
    if not known:
        return Percentiles(count=0)
    # The rank is a whole number's ceiling: 0.9 * 10 in floats would lie above 9.
    ranks = (known[math.ceil(percent * len(known) / 100) - 1] for percent in (50, 90, 95))
    return Percentiles(count=len(known), **dict(zip(("p50_ms", "p90_ms", "p95_ms"), ranks, strict=True)))
