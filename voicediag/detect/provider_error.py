"""The provider said what is wrong, and the app went on.

An error message is the plainest evidence that there is, and the easiest to miss: the connection stands, some SDKs hand
it to a callback that nobody set, others choke on it. What was refused was not done, whatever the app believes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicediag.detect import wire
from voicediag.detect.detector import Detector
from voicediag.detect.finding import Cause, Evidence, Finding, Limit, Measure, Severity, Verdict, clear, found, unjudged
from voicediag.detect.precision import PRECISION
from voicediag.spans import Span, SpanSet

if TYPE_CHECKING:
    from voicediag.detect.examination import Examination
    from voicediag.session import Mark, Session

ID = "provider-error"
NONE = Limit(0, "errors", "house rule: what a provider refuses was not done")
REMEDY = (
    "Do what the text says. Show every error in the app's own log, with the message that it answers (its event_id "
    "where there is one), and do not go on as if that message had been taken."
)


def examine(exam: Examination) -> Verdict:
    """Answer with the errors, a finding for each code."""
    session = exam.session
    if reason := wire.modelless(session):
        return unjudged(ID, reason)
    errors: dict[str, list[Mark]] = {}
    for mark in session.marks:
        if mark.kind == "error":
            errors.setdefault(mark.name, []).append(mark)
    if not errors:
        return clear(ID, bound="the provider sent no error")
    return found(*(_finding(session, of_code) for of_code in errors.values()))


def _finding(session: Session, errors: list[Mark]) -> Finding:
    first = errors[0]
    code = f" {first.name}" if first.name else ""
    times = "" if len(errors) == 1 else f", and {len(errors) - 1} more of that code"
    return Finding(
        id=ID,
        cause=Cause.WIRE,
        severity=Severity.HIGH if _last_word(session, errors[-1]) else Severity.MEDIUM,
        confidence=PRECISION[ID],
        summary=f"The provider answered at {first.at_s:.2f} s with the error{code}{times}: "
        f"{first.said or 'it gives no text'}",
        remedy=REMEDY,
        primary=_evidence(session, first, len(errors)),
        supporting=tuple(_evidence(session, error, len(errors)) for error in errors[1 : wire.MOST_SHOWN]),
        where=SpanSet(Span(error.at_s, error.at_s + wire.SHORTEST_S) for error in errors),
    )


def _last_word(session: Session, error: Mark) -> bool:
    """Whether the provider sent nothing after an error."""
    return all(mark.at_s <= error.at_s for mark in session.marks if mark.kind == "last-down")


def _evidence(session: Session, error: Mark, count: int) -> Evidence:
    track, span = wire.beside(session, "down", error.at_s, error.at_s)
    measure: Measure = {
        "code": error.name,
        "said": error.said,
        "message": error.message,
        "message_s": error.at_s,
        "count": count,
    }
    return Evidence(track=track, span=span, measure=measure, limit=NONE)


DETECTOR = Detector(id=ID, cause=Cause.WIRE, question="Did the provider answer with an error?", examine=examine)
