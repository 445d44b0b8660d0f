"""The provider said that it was about to end the connection, and the app let it end.

Connections have an end: some services announce it some seconds before, others only name it when it comes. A client
that opens the next connection within that time, with the handle of the session, loses nothing; one that does not talks
into a closed socket in the middle of a sentence.
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

ID = "unheeded-goaway"
SLACK = Limit(1.0, "s", "house rule: the time left is told in seconds, and a close takes its way through the network")
# A normal end, no code, and a connection that broke (RFC 6455, 7.4.1): before the time is up none is the end that was
# announced.
HUNG_UP = frozenset({"", "0", "1000", "1005", "1006"})
REMEDY = (
    "When the notice comes, open the next connection at once with the newest handle (sessionResumption), move the "
    "microphone over at a pause and close the old one before the time is up."
)


@dataclass(frozen=True, slots=True)
class _Cut:
    """A connection that ended after its notice; `back` is where the app was connected again."""

    notice: Mark
    ended_s: float
    closed: Mark | None
    back: Mark | None
    last_s: float
    handle_s: float | None

    @property
    def gap_s(self) -> float:
        """How long nobody was connected, as far as the log goes."""
        return max(0.0, (self.back.at_s if self.back else self.last_s) - self.ended_s)


def examine(exam: Examination) -> Verdict:
    """Answer with the connections that were cut after a notice."""
    session = exam.session
    if reason := wire.modelless(session):
        return unjudged(ID, reason)
    # What bears a name was the end itself, not a notice of it.
    notices = [index for index, mark in enumerate(session.marks) if mark.kind == "going-away" and not mark.name]
    if not notices:
        return clear(ID, bound="the provider announced no end")
    cuts = list(_cuts(session, notices))
    if cuts and (reason := wire.missing(session)):
        return unjudged(ID, f"{reason}; {_said(cuts[0])}")
    told = "the notice" if len(notices) == 1 else f"each of {len(notices)} notices"
    return found(_finding(session, cuts)) if cuts else clear(ID, bound=f"no connection was cut after {told}")


def _cuts(session: Session, notices: list[int]) -> Iterator[_Cut]:
    """Yield the connections that ended after their notice; of several notices of one connection the first counts."""
    marks, handled_s = session.marks, -1.0
    last_s = max(wire.end_s(marks), session.duration_s)
    for index in notices:
        notice = marks[index]
        if notice.at_s <= handled_s:
            continue
        following = list(wire.after(marks, index, "setup", "ready"))
        back = wire.first(following, "setup", "ready")
        handled_s = back.at_s if back else wire.end_s(marks)
        closed = wire.first(following, "closed")
        ended_s = _ended_s(marks, notice, closed, back)
        if ended_s is not None:
            yield _Cut(notice, ended_s, closed, back, last_s, _handle_s(marks[:index]))


def _ended_s(marks: tuple[Mark, ...], notice: Mark, closed: Mark | None, back: Mark | None) -> float | None:
    """Return when the provider ended a connection; None where the app was faster, or nobody knows."""
    deadline_s = None if notice.left_s is None else notice.at_s + notice.left_s
    if closed:
        # Whoever closes it after the time is up only buries it.
        by_app = closed.id == "up" and (deadline_s is None or closed.at_s <= deadline_s + SLACK.value)
        early = deadline_s is not None and closed.at_s < deadline_s - SLACK.value
        heeded = by_app or (early and closed.name in HUNG_UP)
        return None if heeded else closed.at_s
    if deadline_s is None:
        return None
    if back:
        return deadline_s if back.at_s > deadline_s + SLACK.value else None
    heard = [mark.at_s for mark in marks if mark.kind == "last-down"]
    outlived = bool(heard) and heard[-1] > deadline_s + SLACK.value
    return None if outlived or wire.end_s(marks) < deadline_s - SLACK.value else deadline_s


def _handle_s(before: tuple[Mark, ...]) -> float | None:
    """Return when the provider last gave a handle to take the session up with."""
    handle = wire.first(reversed(before), "resumable", "setup")
    return handle.at_s if handle and handle.kind == "resumable" else None


def _said(cut: _Cut) -> str:
    """Return what happened, in words."""
    name = f"the {cut.notice.message} notice at {cut.notice.at_s:.2f} s"
    left = "" if not cut.notice.left_s else f" left {cut.notice.left_s:g} s"
    code = f" ({cut.closed.name})" if cut.closed and cut.closed.name else ""
    then = f"the app was connected again after {cut.gap_s:.1f} s" if cut.back else "the app did not connect again"
    return f"{name}{left}; the connection ended at {cut.ended_s:.2f} s{code} and {then}"


def _finding(session: Session, cuts: list[_Cut]) -> Finding:
    said = _said(cuts[0])
    more = f"; {len(cuts) - 1} more ended so" if len(cuts) > 1 else ""
    return Finding(
        id=ID,
        cause=Cause.WIRE,
        severity=Severity.MEDIUM if all(cut.back for cut in cuts) else Severity.HIGH,
        confidence=PRECISION[ID],
        summary=f"{said[0].upper()}{said[1:]}{more}.",
        remedy=REMEDY,
        primary=_evidence(session, cuts[0]),
        supporting=tuple(_evidence(session, cut) for cut in cuts[1 : wire.MOST_SHOWN]),
        where=SpanSet(_span(cut) for cut in cuts),
    )


def _span(cut: _Cut) -> Span:
    """Return the time from the notice to the next connection, or to the end."""
    return Span(cut.notice.at_s, max(cut.ended_s + cut.gap_s, cut.notice.at_s))


def _evidence(session: Session, cut: _Cut) -> Evidence:
    span = _span(cut)
    # The microphone is where the user is heard talking on.
    track, place = wire.place(session, span.start_s, span.end_s, prefer=session.first("user-captured", "agent-played"))
    return Evidence(
        track=track,
        span=place,
        measure={
            "message": cut.notice.message,
            "message_s": cut.notice.at_s,
            "left_s": cut.notice.left_s,
            "ended_s": cut.ended_s,
            "gap_s": cut.gap_s,
            "code": cut.closed.name if cut.closed else None,
            "handle_s": cut.handle_s,
        },
        limit=SLACK,
    )


DETECTOR = Detector(
    id=ID, cause=Cause.WIRE, question="Was the connection handed over before the provider ended it?", examine=examine
)
