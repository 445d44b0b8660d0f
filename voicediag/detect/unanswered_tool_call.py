"""A tool was called and the talk stopped there.

The model waits for the answer of a tool and says nothing meanwhile, some models not even that the turn is over. A
handler that throws, an answer to a call that was cancelled, and an answer after which nobody asks for a response all
sound the same: dead air. The wire tells them apart.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from voicediag.detect import wire
from voicediag.detect.detector import Detector
from voicediag.detect.examination import Examination
from voicediag.detect.finding import Cause, Evidence, Finding, Limit, Severity, Verdict, clear, found, unjudged
from voicediag.detect.precision import PRECISION
from voicediag.spans import Span, SpanSet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from voicediag.session import Mark, Session

ID = "unanswered-tool-call"
ANSWER_WITHIN = Limit(10.0, "s", "house rule: a caller who hears nothing for ten seconds has hung up")
ASK_WITHIN = Limit(5.0, "s", "house rule: the request for a response follows a tool's output in the same function")
IN_FLIGHT = Limit(0.5, "s", "house rule: an answer that was under way when the cancellation came")
LIMITS = {"never-answered": ANSWER_WITHIN, "after-cancel": IN_FLIGHT, "never-asked": ASK_WITHIN}
REMEDIES = {
    "never-answered": (
        "Answer every call, with the error as its result where the handler throws or runs out of time, and with the "
        "call's own id: the model waits for it and says nothing until it comes."
    ),
    "after-cancel": (
        "Drop the call when its cancellation comes: stop the handler, forget the id and send nothing. Undo what the "
        "tool has done already, since the user spoke before hearing of it."
    ),
    "never-asked": (
        "Send response.create after the tool's output (one for all outputs of a turn): the output is only added to "
        "the conversation, and the model says nothing of it until it is asked to."
    ),
}
MILLISECONDS = 1_000


@dataclass(frozen=True, slots=True)
class _Call:
    """A tool's call and what became of it; `kind` is empty where nothing is wrong."""

    kind: str
    called: Mark
    result: Mark | None
    cancelled: Mark | None
    dead_to_s: float
    stop_s: float

    @property
    def tool_ms(self) -> float | None:
        """How long the app took."""
        return None if self.result is None else (self.result.at_s - self.called.at_s) * MILLISECONDS

    @property
    def late_ms(self) -> float | None:
        """How long after its cancellation the call was answered."""
        if self.result is None or self.cancelled is None:
            return None
        return (self.result.at_s - self.cancelled.at_s) * MILLISECONDS

    @property
    def dead_air_ms(self) -> float:
        """How long nothing came of the model."""
        return (self.dead_to_s - self.called.at_s) * MILLISECONDS


def examine(exam: Examination) -> Verdict:
    """Answer with the calls after which the talk stopped."""
    session = exam.session
    if reason := wire.modelless(session):
        return unjudged(ID, reason)
    log = _Log.of(session.marks)
    calls = [_followed(log, index) for index in log.places.get(("tool-call", ""), ())]
    if not calls:
        return clear(ID, bound="no tool was called")
    faults = {kind: [call for call in calls if call.kind == kind] for kind in LIMITS}
    wrong = {kind: found_calls for kind, found_calls in faults.items() if found_calls}
    if wrong and (reason := wire.missing(session)):
        return unjudged(ID, f"{reason}; {_said(next(iter(wrong.values())))}")
    if wrong:
        return found(*(_finding(session, kind, of_kind) for kind, of_kind in wrong.items()))
    slowest = max((call.tool_ms for call in calls if call.tool_ms is not None), default=None)
    if slowest is None:
        return unjudged(ID, f"the log ends {calls[-1].stop_s - calls[-1].called.at_s:.1f} s after a tool was called")
    dead_ms = max(call.dead_air_ms for call in calls)
    return clear(ID, bound=f"the slowest answer took {slowest:.0f} ms, the longest dead air {dead_ms:.0f} ms")


@dataclass(frozen=True, slots=True)
class _Log:
    """The marks, and where those of a kind and an id stand: a log may hold calls by the thousand."""

    marks: tuple[Mark, ...]
    places: Mapping[tuple[str, str], list[int]]
    end_s: float

    @classmethod
    def of(cls, marks: tuple[Mark, ...]) -> _Log:
        """Return the marks with their places; of a kind, whatever the id, under an empty one."""
        places: dict[tuple[str, str], list[int]] = defaultdict(list)
        for index, mark in enumerate(marks):
            for ident in {mark.id, ""}:
                places[mark.kind, ident].append(index)
        return cls(marks, places, wire.end_s(marks))

    def following(self, index: int, *kinds: str, ident: str = "", before: int | None = None) -> int | None:
        """Return where the first mark of these kinds and this id stands after a place, and before another."""
        found = []
        for kind in kinds:
            places = self.places.get((kind, ident), [])
            found += places[(at := bisect_right(places, index)) : at + 1]
        first = min(found, default=None)
        return first if first is not None and (before is None or first < before) else None

    def mark(self, index: int | None) -> Mark | None:
        """Return the mark at a place that may be none."""
        return None if index is None else self.marks[index]


def _followed(log: _Log, index: int) -> _Call:
    """Return what became of one call, up to the end of its connection."""
    called = log.marks[index]
    end = log.following(index, "setup", "closed")
    stop_s = log.marks[end].at_s if end is not None else log.end_s
    answer = log.following(index, "tool-result", ident=called.id, before=end)
    result = log.mark(answer)
    cancelled = log.mark(log.following(index, "tool-cancelled", ident=called.id, before=end))
    spoken = log.mark(log.following(index, "answered", before=end))
    kind = ""
    if result is None:
        kind = "never-answered" if cancelled is None and stop_s - called.at_s >= ANSWER_WITHIN.value else ""
    elif cancelled and result.at_s - cancelled.at_s >= IN_FLIGHT.value:
        kind = "after-cancel"
    elif answer is not None and result.awaits_ask:
        went_on = log.mark(log.following(answer, "asked", "answered", before=end))
        waited_s = (went_on.at_s if went_on else stop_s) - result.at_s
        kind = "never-asked" if waited_s >= ASK_WITHIN.value else ""
    return _Call(kind, called, result, cancelled, spoken.at_s if spoken else stop_s, stop_s)


def _said(calls: list[_Call]) -> str:
    """Return what happened to the first of some calls, in words."""
    call = calls[0]
    what = f"the tool {call.called.name or call.called.id or 'without a name'} was called at {call.called.at_s:.2f} s"
    more = f" ({len(calls)} calls went that way)" if len(calls) > 1 else ""
    dead = f"{call.dead_air_ms / MILLISECONDS:.1f} s of dead air followed"
    how = {
        "never-answered": f"and never answered; {dead}",
        "after-cancel": f"and cancelled, and answered all the same {call.late_ms or 0:.0f} ms later",
        "never-asked": f"and answered after {call.tool_ms or 0:.0f} ms, but nothing asked the model to go on; {dead}",
    }
    return f"{what} {how[call.kind]}{more}"


def _finding(session: Session, kind: str, calls: list[_Call]) -> Finding:
    said = _said(calls)
    return Finding(
        id=ID,
        cause=Cause.WIRE,
        severity=Severity.MEDIUM if kind == "after-cancel" else Severity.HIGH,
        confidence=PRECISION[ID],
        summary=f"{said[0].upper()}{said[1:]}.",
        remedy=REMEDIES[kind],
        primary=_evidence(session, calls[0]),
        supporting=tuple(_evidence(session, call) for call in calls[1 : wire.MOST_SHOWN]),
        where=SpanSet(_span(call) for call in calls),
    )


def _span(call: _Call) -> Span:
    """Return how long a call kept the talk waiting."""
    late = call.result if call.kind == "after-cancel" else None
    # Lines of a log may be swapped; nobody waits backwards.
    return Span(call.called.at_s, max(call.called.at_s, late.at_s if late else call.dead_to_s))


def _evidence(session: Session, call: _Call) -> Evidence:
    span = _span(call)
    track, place = wire.place(session, span.start_s, span.end_s, prefer=session.spoken)
    return Evidence(
        track=track,
        span=place,
        measure={
            "kind": call.kind,
            "tool": call.called.name,
            "call": call.called.id,
            "message": call.called.message,
            "message_s": call.called.at_s,
            "tool_ms": call.tool_ms,
            "late_ms": call.late_ms,
            "dead_air_ms": call.dead_air_ms,
        },
        limit=LIMITS[call.kind],
    )


DETECTOR = Detector(
    id=ID, cause=Cause.WIRE, question="Is every tool call answered, and the talk taken up?", examine=examine
)
