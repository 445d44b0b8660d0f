"""What was used so far, in dollars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from voicediag.cost.prices import price_list
from voicediag.session.usage import UsageLog

if TYPE_CHECKING:
    from collections.abc import Mapping

    from voicediag.session import Usage
    from voicediag.session.usage import Counted


class RunningCost:
    """Adds up what the provider says it counted."""

    def __init__(self) -> None:
        self._used = UsageLog()
        self._prices = price_list()

    def used(self, usage: Usage, counted: Counted) -> None:
        """Take what a message says."""
        self._used.take(usage, counted)

    def event(self, kind: str) -> None:
        """Take note of a turn's or a connection's end."""
        self._used.event(kind)

    def read(self) -> Mapping[str, Any]:
        """Return the sum of what has a price, and whether something has none; None before anything was counted."""
        priced = [(self._prices.of(usage.model), usage.tally) for usage in self._used.usages]
        costs = [price.of(tally) if price else None for price, tally in priced]
        known = [cost for cost in costs if cost is not None]
        tokens = sum(tally.tokens for _, tally in priced)
        return {
            "usd": sum(known) if known else None,
            "whole": len(known) == len(costs),
            "tokens": tokens,
            "date": self._prices.date,
        }
