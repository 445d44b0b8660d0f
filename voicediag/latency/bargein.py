"""How soon a user who speaks over the agent is heard: the notice, the end of the sound, the flush of the player."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from voicediag.session import seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicediag.session import Mark, Session
    from voicediag.spans import Span, SpanSet

MILLISECONDS = 1_000
# A notice comes within a second of the speech that it answers.
MOST_LATE_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BargeIn:
    """A user who spoke over the agent, and was heard.

    Attributes
    ----------
    start_s : float
        When the user began.
    notice_ms : float
        From there to the notice of the interruption.
    stop_ms : float or None
        From the notice to the end of the agent's sound; None where no tap or log says what was played.
    flush_ms : float or None
        From the notice to the player's flush, where it logged one.
    """

    start_s: float
    notice_ms: float
    stop_ms: float | None
    flush_ms: float | None


def barge_ins(session: Session, user: SpanSet, agent: SpanSet) -> tuple[BargeIn, ...]:
    """Return the interruptions by a user whose speech began while the agent was heard."""
    return tuple(_barge_ins(session, user, agent))


def _barge_ins(session: Session, user: SpanSet, agent: SpanSet) -> Iterator[BargeIn]:
    marks = _first_notices(session)
    flushes_s = sorted(seconds(event.t_ns) for event in session.playback if event.event == "flushed")
    ends_s = [*(mark.at_s for mark in marks), float("inf")][1:]
    heard_as_played = "agent-played" in session.tracks or bool(session.playback)
    for mark, next_s in zip(marks, ends_s, strict=True):
        began_s = _began_s(mark.at_s, user, agent)
        if began_s is None:
            continue
        sounding = _at(agent, mark.at_s)
        stop_s = sounding.end_s if sounding else mark.at_s
        index = bisect_left(flushes_s, mark.at_s)
        flush_s = flushes_s[index] if index < len(flushes_s) and flushes_s[index] < next_s else None
        yield BargeIn(
            start_s=began_s,
            notice_ms=(mark.at_s - began_s) * MILLISECONDS,
            stop_ms=(stop_s - mark.at_s) * MILLISECONDS if heard_as_played else None,
            flush_ms=None if flush_s is None else (flush_s - mark.at_s) * MILLISECONDS,
        )


def _first_notices(session: Session) -> list[Mark]:
    """Return the interruptions; a truncation that follows a cancelled response, with no sound between, is the same."""
    notices: list[Mark] = []
    for mark in session.marks:
        if mark.kind == "interrupted" and (not notices or mark.received != notices[-1].received):
            notices.append(mark)
    return sorted(notices, key=lambda mark: mark.at_s)


def _began_s(notice_s: float, user: SpanSet, agent: SpanSet) -> float | None:
    """Return when the user whose speech a notice answers began to speak over the agent."""
    index = bisect_left(user.spans, notice_s, key=lambda span: span.start_s)
    if not index:
        return None
    said = user.spans[index - 1]
    # Who had finished long before the notice is not whom it speaks of.
    return said.start_s if _at(agent, said.start_s) and said.end_s + MOST_LATE_S >= notice_s else None


def _at(spans: SpanSet, at_s: float) -> Span | None:
    """Return the span in which a time lies."""
    index = bisect_right(spans.spans, at_s, key=lambda span: span.start_s)
    return spans.spans[index - 1] if index and spans.spans[index - 1].end_s > at_s else None
