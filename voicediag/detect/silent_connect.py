"""The connection stands and nobody speaks.

No error comes of it: a service that does not take a setup says nothing or closes, and SDKs have waited for its answer
for good. Where the setup was taken the model may still wait: which message makes it speak first differs from one model
to the next. The wire holds all of it: what was asked, when, and that nothing came.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from voicediag.detect import wire
from voicediag.detect.detector import Detector
from voicediag.detect.examination import Examination
from voicediag.detect.finding import Cause, Evidence, Finding, Limit, Severity, Verdict, clear, found, unjudged
from voicediag.detect.precision import PRECISION
from voicediag.spans import Span, SpanSet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicediag.session import Mark, Session

ID = "silent-connect"
READY_WITHIN = Limit(5.0, "s", "house rule: services agree to a setup in well under a second")
SPEAK_WITHIN = Limit(10.0, "s", "house rule: nobody on the line waits ten seconds for the first word")
REMEDIES = {
    "no-model": (
        "Name the model in the setup, as models/..., and make the setup the first message; wait for the service to "
        "agree with a time limit of your own, and show the code and the reason of its close."
    ),
    "no-ready": (
        "Compare the setup with the model's page field by field (a config that a model does not know is refused "
        "without a word), and put a time limit on the wait: the connection stands, so that nothing else ends it."
    ),
    "no-answer": (
        "Use the trigger that this model takes: Gemini 2.5 answers clientContent with turnComplete, Gemini 3 only once "
        "it gets realtimeInput, OpenAI response.create. Then start a timer, and ask again when it runs out."
    ),
}


def examine(exam: Examination) -> Verdict:
    """Answer with the setups that were never agreed to, and the first requests that were never answered."""
    session = exam.session
    if reason := wire.modelless(session):
        return unjudged(ID, reason)
    if not wire.first(session.marks, "setup", "ready"):
        return unjudged(ID, "the wire log does not hold the session's beginning")
    silences = [*_not_ready(session.marks), *_not_answered(session.marks)]
    if silences and (reason := wire.missing(session)):
        return unjudged(ID, f"{reason}; {silences[0].said}")
    if silences:
        return found(_finding(session, silences))
    if not wire.first(session.marks, "answered"):
        return unjudged(ID, _short_of_proof(session.marks))
    return clear(ID, bound=f"the model spoke, and no first request waited {SPEAK_WITHIN.value:g} s")


@dataclass(frozen=True, slots=True)
class _Silence:
    """Something that was asked for and did not come; `ended` is what came in its place."""

    kind: str
    asked: Mark
    stop_s: float
    ended: Mark | None

    @property
    def waited_s(self) -> float:
        """How long nothing came."""
        # Lines of a log may be swapped; nobody waits backwards.
        return max(0.0, self.stop_s - self.asked.at_s)

    @property
    def said(self) -> str:
        """What happened, in words."""
        what, waited = f"the {self.asked.message} message at {self.asked.at_s:.2f} s", f"for {self.waited_s:.1f} s"
        said = {
            "no-model": f"{what} names no model, and nothing agreed to it {waited}",
            "no-ready": f"{what} was sent, and nothing agreed to it {waited}",
            "no-answer": f"{what} asked the model to speak, and nothing came of it {waited}",
        }[self.kind]
        if self.ended is None:
            return said
        how = {"closed": "the connection was closed", "error": "an error came"}[self.ended.kind]
        why = ": ".join(word for word in (self.ended.name, self.ended.said) if word)
        return f"{said}; then {how}{f' ({why})' if why else ''}"


def _not_ready(marks: tuple[Mark, ...]) -> Iterator[_Silence]:
    """Yield the setups to which nobody agreed."""
    for index, setup in enumerate(marks):
        if setup.kind != "setup":
            continue
        following = list(wire.after(marks, index, "setup", "closed"))
        if wire.first(following, "ready", "answered"):
            continue
        told = any(mark.kind == "slip" and mark.fault == ID for mark in following)
        kind = "no-model" if told else "no-ready"
        stop = wire.first(following, "setup", "closed")
        stop_s = stop.at_s if stop else wire.end_s(marks)
        refused = wire.first(following, "error", "closed")
        if refused or stop_s - setup.at_s >= READY_WITHIN.value:
            yield _Silence(kind, setup, stop_s, refused)


def _not_answered(marks: tuple[Mark, ...]) -> Iterator[_Silence]:
    """Yield the first requests of a connection that were not answered in time."""
    quiet = ready = False
    for index, mark in enumerate(marks):
        if mark.kind in ("setup", "ready"):
            quiet, ready = True, ready or mark.kind == "ready"
        elif mark.kind == "answered":
            quiet = False
        elif mark.kind == "asked" and quiet and ready:
            quiet = False
            following = list(wire.after(marks, index, "answered", "setup", "closed"))
            stop = wire.first(following, "answered", "setup", "closed")
            stop_s = stop.at_s if stop else wire.end_s(marks)
            if stop_s - mark.at_s >= SPEAK_WITHIN.value:
                yield _Silence("no-answer", mark, stop_s, wire.first(following, "error", "closed"))


def _short_of_proof(marks: tuple[Mark, ...]) -> str:
    """Return why a session in which the model said nothing is no silent one."""
    begun = wire.first(marks, "setup", "ready")
    asked = wire.first(marks, "asked")
    if not wire.first(marks, "ready") or asked:
        since_s = wire.end_s(marks) - (asked or begun or marks[0]).at_s
        return f"the model said nothing, but the log ends after {since_s:.1f} s"
    return "the model said nothing, and no message asked it to: whether it should have is not on the wire"


def _finding(session: Session, silences: list[_Silence]) -> Finding:
    first = silences[0]
    more = f" {len(silences) - 1} more went the same way." if len(silences) > 1 else ""
    return Finding(
        id=ID,
        cause=Cause.WIRE,
        severity=Severity.HIGH,
        confidence=PRECISION[ID],
        summary=f"{first.said[0].upper()}{first.said[1:]}.{more}",
        remedy=REMEDIES[first.kind],
        primary=_evidence(session, first),
        supporting=tuple(_evidence(session, silence) for silence in silences[1 : wire.MOST_SHOWN]),
        where=SpanSet(Span(silence.asked.at_s, silence.asked.at_s + silence.waited_s) for silence in silences),
    )


def _evidence(session: Session, silence: _Silence) -> Evidence:
    track, span = wire.place(session, silence.asked.at_s, silence.stop_s, prefer=session.spoken or session.heard)
    return Evidence(
        track=track,
        span=span,
        measure={
            "kind": silence.kind,
            "message": silence.asked.message,
            "message_s": silence.asked.at_s,
            "waited_s": silence.waited_s,
            "code": silence.ended.name if silence.ended else None,
            "said": silence.ended.said if silence.ended else None,
        },
        limit=SPEAK_WITHIN if silence.kind == "no-answer" else READY_WITHIN,
    )


DETECTOR = Detector(
    id=ID, cause=Cause.WIRE, question="Was the session set up, and did the model speak?", examine=examine
)
