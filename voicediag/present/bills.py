"""What a session cost, in words: one line for the terminal, the rows of two tables for the page."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from voicediag.present import phrases
from voicediag.session import Tally

if TYPE_CHECKING:
    from collections.abc import Iterable

    from voicediag.cost import Billed, Cost
    from voicediag.session import Tokens

MOST_ROWS: Final = 200
LEAST_SHOWN: Final = 0.0001
COLUMNS: Final = ("", "times", "asked", "of it cached", "answered", "not attributed", "USD")
TURN_COLUMNS: Final = ("at", "what", "asked", "of it cached", "answered", "not attributed", "USD")


def line(cost: Cost) -> str | None:
    """Return the cost in one line; None where nothing says what was used."""
    if not cost.billed:
        return None
    counts = Counter((each.usage.kind, each.usage.model) for each in cost.billed)
    told = ", ".join(f"{_times(kind, count)} of {model or 'no model named'}" for (kind, model), count in counts.items())
    missing = f"; no price for {', '.join(cost.unpriced)}" if cost.unpriced else ""
    return f"{_total(cost)} for {told}{missing} (prices of {cost.date})"


def rows(cost: Cost) -> list[tuple[str, list[str]]]:
    """Return a row for each model that was used."""
    groups: dict[tuple[str, str], list[Billed]] = {}
    for each in cost.billed:
        groups.setdefault((each.usage.model, each.usage.kind), []).append(each)
    found = []
    for (model, kind), billed in groups.items():
        tally = sum((each.usage.tally for each in billed), start=Tally())
        found.append((f"{model or 'no model named'}, {kind}", [str(len(billed)), *_cells(tally), _usd(_sum(billed))]))
    return found


def turn_rows(cost: Cost) -> list[tuple[str, list[str]]]:
    """Return a row for each response, transcription or connection."""
    return [
        (phrases.clock(each.usage.at_s), [each.usage.kind, *_cells(each.usage.tally), _usd(each.usd)])
        for each in cost.billed[:MOST_ROWS]
    ]


def notes(cost: Cost) -> list[str]:
    """Return what is to be known of a cost: its prices' sources, idle time, and other models."""
    found = [f"Prices of {cost.date}; {_told(price.source, third_hand=price.third_hand)}." for price in cost.prices]
    if cost.unpriced:
        found.append(f"No price for {', '.join(cost.unpriced)}: the sum leaves it out.")
    if cost.tally.unattributed:
        found.append(f"With the tokens that are not attributed at the dearest price: {_usd(cost.usd_most)}.")
    if cost.idle:
        found.append(f"{cost.idle.says} ({_told(cost.idle.source, third_hand=cost.idle.third_hand)})")
    others = (f"With {o.model}: {_range(o.usd_least, o.usd_most)} ({o.how})." for o in cost.elsewhere)
    return [*found, *others]


def _total(cost: Cost) -> str:
    if cost.usd is not None:
        return _usd(cost.usd)
    return "no known price" if cost.known_usd is None else f"at least {_usd(cost.known_usd)}"


def _times(kind: str, count: int) -> str:
    return f"{count} {kind}{'' if count == 1 else 's'}"


def _cells(tally: Tally) -> list[str]:
    asked = f"{tally.seconds:.0f} s" if tally.seconds else _tokens(tally.asked)
    rest = f"{tally.unattributed:,}" if tally.unattributed else phrases.UNKNOWN
    return [asked, _tokens(tally.cached), _tokens(tally.answered), rest]


def _tokens(tokens: Tokens) -> str:
    told = [f"{count:,} {name}" for name in ("text", "audio", "image") if (count := getattr(tokens, name))]
    return ", ".join(told) or phrases.UNKNOWN


def _told(source: str, *, third_hand: bool) -> str:
    return f"third-hand: {source}" if third_hand else source


def _sum(billed: Iterable[Billed]) -> float | None:
    costs = [each.usd for each in billed]
    known = [usd for usd in costs if usd is not None]
    return sum(known) if len(known) == len(costs) else None


def _range(least: float | None, most: float | None) -> str:
    if least is None or most is None:
        return "not known"
    return _usd(least) if least == most else f"{_usd(least)} to {_usd(most)}"


def _usd(value: float | None) -> str:
    if value is None:
        return phrases.UNKNOWN
    if 0 < value < LEAST_SHOWN:
        return f"under ${LEAST_SHOWN:g}"
    return f"${value:.2f}" if value >= 10 else f"${value:.4f}"
