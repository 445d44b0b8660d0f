"""What the same session would cost with another model, where that can be derived.

* The same tokens at the prices of a model of the same family, which counts alike.
* GPT-Live counts seconds, so that a session's length is its price; its backend comes on top.
* OpenAI's sound counts 10 tokens a second of the user's speech and 20 of the agent's (its guide to realtime costs), so
  that the sound of any session can be counted. Each response is asked the whole conversation again, at a price that
  depends on how much of it was cached: all of it or nothing are the bounds. Text is not counted.

For Gemini nothing is derived: its sound is said to count 25 or 32 tokens a second, and to count in silence too.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from voicediag.session import Tally, Tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicediag.cost.prices import PriceList
    from voicediag.session import Session, Usage
    from voicediag.spans import SpanSet

# Models that count alike.
FAMILY: Final = ("gpt-realtime-2.1", "gpt-realtime-2.1-mini")
BY_TIME: Final = "gpt-live-1"
UNDERIVED: Final = "gemini-3.8-live"
# https://developers.openai.com/api/docs/guides/realtime-costs
USER_TOKENS_A_SECOND: Final = 10
AGENT_TOKENS_A_SECOND: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """What a session would cost with another model.

    Attributes
    ----------
    usd_least, usd_most : float or None
        The same where it can be told exactly; None where it cannot be derived.
    how : str
        How it was derived, or why not.
    """

    model: str
    usd_least: float | None
    usd_most: float | None
    how: str


def elsewhere(session: Session, user: SpanSet | None, prices: PriceList) -> Iterator[Elsewhere]:
    """Yield what a session would cost with other models."""
    responses = [usage for usage in session.usage if usage.kind == "response"]
    mine = {usage.model for usage in responses}
    openai = session.provenance.get("provider") == "openai-realtime"
    if not responses:
        return
    for model in FAMILY:
        if openai and model not in mine:
            yield _same_tokens(model, responses, prices)
        elif not openai:
            yield _by_sound(model, session, responses, user, prices)
    yield _by_time(session, prices)
    if openai:
        why = "its sound is said to count 25 or 32 tokens a second, and silence too: nothing can be derived"
        yield Elsewhere(model=UNDERIVED, usd_least=None, usd_most=None, how=why)


def _same_tokens(model: str, responses: list[Usage], prices: PriceList) -> Elsewhere:
    price = prices.of(model)
    usd = price.of(sum((usage.tally for usage in responses), start=Tally())) if price else None
    return Elsewhere(model=model, usd_least=usd, usd_most=usd, how="the same tokens at its prices; no transcription")


def _by_time(session: Session, prices: PriceList) -> Elsewhere:
    price = prices.of(BY_TIME)
    usd = price.of(Tally(seconds=session.duration_s)) if price else None
    how = f"{session.duration_s:.0f} s of session; its backend comes on top"
    return Elsewhere(model=BY_TIME, usd_least=usd, usd_most=usd, how=how)


def _by_sound(
    model: str, session: Session, responses: list[Usage], user: SpanSet | None, prices: PriceList
) -> Elsewhere:
    """Return the cost of the sound alone, with all of the conversation cached, and with nothing of it."""
    price, chunks = prices.of(model), session.chunks
    if price is None or user is None or chunks is None:
        return Elsewhere(model=model, usd_least=None, usd_most=None, how="the sound of one side is missing")
    least: list[float | None] = []
    most: list[float | None] = []
    order = np.argsort(chunks.at_s, kind="stable")
    times_s, ends = chunks.at_s[order], np.maximum.accumulate(chunks.ends[order])
    before, begin_s, sent = 0, 0.0, 0
    for usage in responses:
        said_s = _within_s(user, begin_s, usage.at_s)
        came = int(np.searchsorted(times_s, usage.at_s, "right"))
        received = int(ends[came - 1]) if came else 0
        asked = before + round(said_s * USER_TOKENS_A_SECOND)
        answered = Tokens(audio=round(max(0, received - sent) / chunks.rate_hz * AGENT_TOKENS_A_SECOND))
        tally = Tally(asked=Tokens(audio=asked), answered=answered)
        most.append(price.of(tally))
        least.append(price.of(Tally(asked=tally.asked, cached=Tokens(audio=before), answered=answered)))
        before, begin_s, sent = asked + answered.audio, max(begin_s, usage.at_s), max(sent, received)
    how = "the sound alone, 10 tokens a second of the user and 20 of the agent; all said before cached, or none"
    return Elsewhere(model=model, usd_least=_sum(least), usd_most=_sum(most), how=how)


def _within_s(spans: SpanSet, start_s: float, stop_s: float) -> float:
    """Return how long spans last within a time."""
    index, lasted_s = bisect_right(spans.spans, start_s, key=lambda span: span.end_s), 0.0
    while index < len(spans) and spans.spans[index].start_s < stop_s:
        span = spans.spans[index]
        lasted_s += min(span.end_s, stop_s) - max(span.start_s, start_s)
        index += 1
    return lasted_s


def _sum(costs: list[float | None]) -> float | None:
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None
