"""The bill of a session."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from voicediag.cost.elsewhere import Elsewhere, elsewhere
from voicediag.cost.prices import Note, Price, PriceList, price_list
from voicediag.session import Tally

if TYPE_CHECKING:
    from collections.abc import Iterable

    from voicediag.session import Session, Usage
    from voicediag.spans import SpanSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """One response, transcription or connection, and its cost.

    Attributes
    ----------
    usd : float or None
        Without tokens that are not attributed; None where a part of it has no price.
    usd_most : float or None
        With those tokens at the model's dearest price.
    """

    usage: Usage
    usd: float | None
    usd_most: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a session cost.

    Attributes
    ----------
    billed : tuple of Billed
        In order of passing: one for each response, each transcription, or the whole connection.
    prices : tuple of Price
        Those that were used.
    unpriced : tuple of str
        Models that were used and have no price, or not for all that they counted.
    date : str
        Of the price list.
    idle : Note or None
        What idle time costs at this provider.
    elsewhere : tuple of Elsewhere
        What the same session would cost with other models.
    reason : str
        Why nothing is known; empty where something is.
    """

    billed: tuple[Billed, ...] = ()
    prices: tuple[Price, ...] = ()
    unpriced: tuple[str, ...] = ()
    date: str = ""
    idle: Note | None = None
    elsewhere: tuple[Elsewhere, ...] = field(default=())
    reason: str = ""

    @property
    def tally(self) -> Tally:
        """All that was used."""
        return sum((each.usage.tally for each in self.billed), start=Tally())

    @property
    def usd(self) -> float | None:
        """The sum; None where a part has no price, or nothing is known."""
        return _sum(each.usd for each in self.billed)

    @property
    def usd_most(self) -> float | None:
        """The sum with what is not attributed at the dearest price."""
        return _sum(each.usd_most for each in self.billed)

    @property
    def known_usd(self) -> float | None:
        """The sum of what has a price; None where nothing has."""
        known = [each.usd for each in self.billed if each.usd is not None]
        return sum(known) if known else None


def bill(session: Session, *, user: SpanSet | None = None, prices: PriceList | None = None) -> Cost:
    """Return what a session cost.

    Parameters
    ----------
    session : Session
    user : SpanSet, optional
        Where the user speaks, on the session clock: what other models would count.
    prices : PriceList, optional
        Instead of the one that comes with the package.
    """
    prices = prices or price_list()
    idle = prices.idle.get(str(session.provenance.get("provider", "")))
    if not session.usage:
        return Cost(date=prices.date, idle=idle, reason="no message of the wire says what was used")
    billed = tuple(_billed(usage, prices.of(usage.model)) for usage in session.usage)
    used = (prices.of(usage.model) for usage in session.usage)
    unpriced = dict.fromkeys(each.usage.model or "no model named" for each in billed if each.usd is None)
    return Cost(
        billed=billed,
        prices=tuple({id(price): price for price in used if price is not None}.values()),
        unpriced=tuple(unpriced),
        date=prices.date,
        idle=idle,
        elsewhere=tuple(elsewhere(session, user, prices)),
    )


def _billed(usage: Usage, price: Price | None) -> Billed:
    usd = price.of(usage.tally) if price else None
    rest = price.most_for(usage.tally.unattributed) if price else None
    most = (usd or 0.0) + rest if rest is not None and _is_bounded(usage, usd) else None
    return Billed(usage=usage, usd=usd, usd_most=most)


def _is_bounded(usage: Usage, usd: float | None) -> bool:
    """Whether a cost has an upper bound: each part has a price, or nothing of it was attributed."""
    return usd is not None or usage.tally.tokens == usage.tally.unattributed


def _sum(costs: Iterable[float | None]) -> float | None:
    held = list(costs)
    known = [cost for cost in held if cost is not None]
    return sum(known) if known and len(known) == len(held) else None
