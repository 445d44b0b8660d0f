"""The price list, ``prices.json``: dated, with a source for each price.

It is data and goes out of date; its date is told wherever a cost is. A price that comes from somebody else's list and
not from the provider's own page is marked third-hand.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from voicediag.session import Tally, Tokens

PRICES: Final = Path(__file__).parent / "prices.json"
MILLION: Final = 1_000_000
MINUTE_S: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something that is known of a provider's billing."""

    says: str
    source: str
    third_hand: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a model costs.

    Attributes
    ----------
    models : tuple of str
        Names, or patterns of names, that it holds for.
    asked, cached, answered : mapping of "text", "audio" or "image" to float
        USD per million tokens; what is missing has no known price.
    minute : float or None
        USD per minute, where time counts.
    """

    models: tuple[str, ...]
    asked: Mapping[str, float] = field(default_factory=dict)
    cached: Mapping[str, float] = field(default_factory=dict)
    answered: Mapping[str, float] = field(default_factory=dict)
    minute: float | None = None
    source: str
    third_hand: bool

    def of(self, tally: Tally) -> float | None:
        """Return the cost in USD, without tokens that are not attributed; None where a part has no price."""
        if tally.tokens and not (tally.asked.total or tally.answered.total):
            return None
        parts = [
            _cost(tally.asked - tally.cached, self.asked),
            _cost(tally.cached, self.cached),
            _cost(tally.answered, self.answered),
            _time(tally.seconds, self.minute),
        ]
        known = [part for part in parts if part is not None]
        return sum(known) if len(known) == len(parts) else None

    def most_for(self, count: int) -> float | None:
        """Return the most that tokens can cost of which nobody knows what they stand for."""
        if not count:
            return 0.0
        rates = [*self.asked.values(), *self.answered.values()]
        return count * max(rates) / MILLION if rates else None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceList:
    """Prices and what is known of idle time, as of a date."""

    date: str
    prices: tuple[Price, ...]
    idle: Mapping[str, Note]

    def of(self, model: str) -> Price | None:
        """Return a model's price, or None."""
        name = model.removeprefix("models/")
        return next((price for price in self.prices if any(fnmatchcase(name, each) for each in price.models)), None)


@cache
def price_list() -> PriceList:
    """Return the list that comes with the package."""
    held = json.loads(PRICES.read_text(encoding="utf-8"))
    return PriceList(
        date=held["date"],
        prices=tuple(Price(**{**entry, "models": tuple(entry["models"])}) for entry in held["prices"]),
        idle={provider: Note(**note) for provider, note in held["idle"].items()},
    )


def _cost(tokens: Tokens, rates: Mapping[str, float]) -> float | None:
    used = {name: count for name in ("text", "audio", "image") if (count := getattr(tokens, name))}
    if used.keys() - rates.keys():
        return None
    return float(sum(count * rates[name] for name, count in used.items())) / MILLION


def _time(seconds: float, minute: float | None) -> float | None:
    if not seconds:
        return 0.0
    return None if minute is None else seconds / MINUTE_S * minute
