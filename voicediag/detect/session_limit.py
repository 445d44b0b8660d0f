"""The session's own time ran out, and the call with it.

Every provider ends a session some day: after an hour, after thirty minutes, after ten. Some give no notice but say at
the start when it will be. The end comes in the middle of a sentence, and some SDKs end their loop over the messages
without an error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from voicediag.detect import endings, wire
from voicediag.detect.detector import Detector
from voicediag.detect.finding import Cause, Evidence, Finding, Limit, Severity, Verdict, clear, found, unjudged
from voicediag.detect.precision import PRECISION
from voicediag.spans import Span, SpanSet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicediag.detect.endings import Ending
    from voicediag.detect.examination import Examination
    from voicediag.session import Mark, Session

ID = "session-limit"
EARLY = Limit(1.0, "s", "house rule: a provider's clock and the recorder's differ by less")
REMEDY = (
    "Take the end from the session itself (expires_at of session.created, timeLeft of goAway), open the next session a "
    "minute before it, give it the instructions and what was said, and move the microphone over at a pause. Go by no "
    "number of your own: 10, 15, 30, 58 and 60 minutes have been seen."
)


@dataclass(frozen=True, slots=True)
class _Expiry:
    """A session whose time ran out; `said` is how the provider put it."""

    ending: Ending
    ended_s: float
    code: str | None
    said: str


def examine(exam: Examination) -> Verdict:
    """Answer with the sessions whose time ran out."""
    session = exam.session
    if reason := wire.modelless(session):
        return unjudged(ID, reason)
    expiries = list(_expiries(session.marks))
    if expiries:
        return found(_finding(session, expiries))
    oldest_s = max((ending.age_s for ending in endings.all_of(session.marks)), default=0.0)
    return clear(ID, bound=f"no session's time ran out; the longest lasted {oldest_s:.0f} s")


def _expiries(marks: tuple[Mark, ...]) -> Iterator[_Expiry]:
    for ending in endings.all_of(marks):
        closed = ending.closed
        code = closed.name if closed else None
        if told := ending.expired:
            yield _Expiry(ending, closed.at_s if closed else told.at_s, code, told.said or told.name)
        elif closed and is_due(ending, closed):
            yield _Expiry(ending, closed.at_s, code, closed.said)


def is_due(ending: Ending, closed: Mark) -> bool:
    """Whether the provider closed a session when it had said that it would end."""
    due_s = ending.due_s
    by_provider = closed.id == "down" and closed.name not in endings.ASKED_FOR
    return by_provider and due_s is not None and closed.at_s >= due_s - EARLY.value


def _finding(session: Session, expiries: list[_Expiry]) -> Finding:
    first = expiries[0]
    code = f" ({first.code})" if first.code else ""
    more = f"; {len(expiries) - 1} more ended so" if len(expiries) > 1 else ""
    said = f': "{first.said}"' if first.said else ""
    return Finding(
        id=ID,
        cause=Cause.WIRE,
        severity=Severity.MEDIUM if all(each.ending.back for each in expiries) else Severity.HIGH,
        confidence=PRECISION[ID],
        summary=f"The session's time ran out at {first.ended_s:.2f} s{code}, {first.ending.age_s:.0f} s after it began"
        f"{said}; {first.ending.then(session)}{more}.",
        remedy=REMEDY,
        primary=_evidence(session, first),
        supporting=tuple(_evidence(session, each) for each in expiries[1 : wire.MOST_SHOWN]),
        where=SpanSet(_span(session, each) for each in expiries),
    )


def _span(session: Session, expiry: _Expiry) -> Span:
    return Span(expiry.ended_s, expiry.ended_s + expiry.ending.gap_s(session))


def _evidence(session: Session, expiry: _Expiry) -> Evidence:
    span = _span(session, expiry)
    track, place = wire.place(session, span.start_s, span.end_s, prefer=endings.heard_on(session))
    return Evidence(
        track=track,
        span=place,
        measure={
            "ended_s": expiry.ended_s,
            "age_s": expiry.ending.age_s,
            "due_s": expiry.ending.due_s,
            "code": expiry.code,
            "said": expiry.said,
            "gap_s": expiry.ending.gap_s(session),
        },
        limit=EARLY,
    )


DETECTOR = Detector(id=ID, cause=Cause.WIRE, question="Did the session last until its talk was over?", examine=examine)
