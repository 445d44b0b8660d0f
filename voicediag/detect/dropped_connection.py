"""The connection was lost or closed, and the app had not asked for it.

A line breaks, a service gives up, a client's own timer thinks that the other end is dead: all of them sound like an
agent that falls silent for good. Who closed, with which code and which reason, tells them apart, and the wire log has
all three. An end that was announced is another fault, and so is a setup that was refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from voicediag.detect import endings, session_limit, wire
from voicediag.detect.detector import Detector
from voicediag.detect.finding import Cause, Evidence, Finding, Limit, Severity, Verdict, clear, found, unjudged
from voicediag.detect.precision import PRECISION
from voicediag.spans import Span, SpanSet

if TYPE_CHECKING:
    from voicediag.detect.endings import Ending
    from voicediag.detect.examination import Examination
    from voicediag.session import Mark, Session

ID = "dropped-connection"
UNASKED = Limit(0, "connections", "house rule: a connection ends when its app wants it to, with 1000")
BROKE: Final = "1006"
# Codes of a close begin here (RFC 6455, 7.4.2); below are those of HTTP.
FIRST_CODE: Final = 1_000
PING_TIMEOUT: Final = "keepalive ping timeout"
# What a WebSocket library closes with when it gives up; an app's own codes begin at 3000 (RFC 6455, 7.4.2).
LIBRARYS_OWN: Final = frozenset({"1002", "1003", "1007", "1009", "1010", "1011"})
_AGAIN: Final = (
    "Connect again on every end that the app did not ask for, after a pause that grows: with the newest handle where "
    "the provider gives one, else with the session's setup and what was said."
)
REMEDIES: Final = {
    "app-failed": "Read the app's own log at this second: an exception in the socket's handler closes it with 1011, a "
    "process that dies breaks it with 1006. Catch what the handler throws, and end a call on purpose with 1000.",
    "call-lost": "Twilio sends stop before it closes, and none came: look for a tunnel or a proxy with a time limit, a "
    "machine that slept, a worker that was restarted, and the network between the two.",
    "broke": f"{_AGAIN} Look at the network between the two if it happens often: no side said farewell.",
    "ping-timeout": "The client itself hung up: its ping was not answered in its own time. Raise that time or switch "
    "it off (websockets: ping_timeout=60 or None): services under load answer pings 8 to 30 s late, and 20 s is "
    f"the default. {_AGAIN}",
    "provider-closed": f"Read the code and the reason; the connection's age tells whether a time ran out. {_AGAIN}",
    "client-closed": "The client's WebSocket library gave up, not the app: read its code (1009 is a message larger "
    f"than the client's max_size, 1007 one that is no UTF-8). {_AGAIN}",
}
# Nobody dials again by himself.
ON_THE_LINE: Final = frozenset({"app-failed", "call-lost"})
SAID: Final = {
    "app-failed": "The app closed the call's connection",
    "call-lost": "The telephone's end of the connection was lost before the call was over",
    "broke": "The connection broke",
    "ping-timeout": "The client closed the connection because its ping was not answered in time",
    "provider-closed": "The provider closed the connection",
    "client-closed": "The client's WebSocket library closed the connection",
}


@dataclass(frozen=True, slots=True)
class _Drop:
    """A connection that nobody wanted to end."""

    kind: str
    ending: Ending
    closed: Mark

    def then(self, session: Session) -> str:
        """Return what came of it, in words."""
        return "the caller was cut off" if self.kind in ON_THE_LINE else self.ending.then(session)


def examine(exam: Examination) -> Verdict:
    """Answer with the connections that were dropped."""
    session = exam.session
    if not session.marks:
        return unjudged(ID, wire.NO_LOG)
    closes = sum(mark.kind == "closed" for mark in session.marks)
    if not closes:
        return unjudged(ID, "no line of the wire log says how the connection ended")
    why = _cut_off if wire.first(session.marks, "telephone") else _dropped
    drops = [drop for ending in endings.all_of(session.marks) if (drop := why(ending))]
    if drops:
        return found(_finding(session, drops))
    ends = "the connection ended" if closes == 1 else f"all {closes} connections ended"
    return clear(ID, bound=f"{ends} as it was asked for, refused or announced")


def _dropped(ending: Ending) -> _Drop | None:
    """Return a connection that was dropped; None where another fault tells of its end, or where it was wanted."""
    closed = ending.closed
    if closed is None or closed.name in endings.ASKED_FOR or ending.refused or ending.survived:
        return None
    if _is_announced(ending, closed) or session_limit.is_due(ending, closed) or _never_stood(closed):
        return None
    if PING_TIMEOUT in closed.said.lower():
        return _Drop("ping-timeout", ending, closed)
    if closed.id == "up":
        # Who hangs up in the middle of a word often just goes: 1001 and 1006 are a page that was closed.
        return _Drop("client-closed", ending, closed) if closed.name in LIBRARYS_OWN else None
    return _Drop("broke" if closed.name == BROKE else "provider-closed", ending, closed)


def _never_stood(closed: Mark) -> bool:
    """Whether the handshake was answered with an HTTP status: that is the provider's error."""
    return closed.name.isdecimal() and int(closed.name[:4]) < FIRST_CODE


def _cut_off(ending: Ending) -> _Drop | None:
    """Return a telephone call whose connection ended before the call did; None where either side hung up."""
    closed = ending.closed
    if closed is None or closed.name in endings.ASKED_FOR or wire.first(ending.marks, "hung-up"):
        return None
    return _Drop("app-failed" if closed.id == "down" else "call-lost", ending, closed)


def _is_announced(ending: Ending, closed: Mark) -> bool:
    """Whether the provider said that this end would come; a line that breaks before it is another end."""
    notice = wire.first(ending.marks, "going-away")
    if notice is None or notice.left_s is None:
        return notice is not None
    return closed.name != BROKE or closed.at_s >= notice.at_s + notice.left_s - session_limit.EARLY.value


def _finding(session: Session, drops: list[_Drop]) -> Finding:
    first = drops[0]
    reason = f': "{first.closed.said}"' if first.closed.said else ""
    more = f"; {len(drops) - 1} more were dropped" if len(drops) > 1 else ""
    return Finding(
        id=ID,
        cause=Cause.WIRE,
        severity=Severity.MEDIUM if all(drop.ending.back for drop in drops) else Severity.HIGH,
        confidence=PRECISION[ID],
        summary=f"{SAID[first.kind]} at {first.closed.at_s:.2f} s ({first.closed.name}), "
        f"{first.ending.age_s:.1f} s after it began{reason}; {first.then(session)}{more}.",
        remedy=REMEDIES[first.kind],
        primary=_evidence(session, first),
        supporting=tuple(_evidence(session, drop) for drop in drops[1 : wire.MOST_SHOWN]),
        where=SpanSet(_span(session, drop) for drop in drops),
    )


def _span(session: Session, drop: _Drop) -> Span:
    return Span(drop.closed.at_s, drop.closed.at_s + drop.ending.gap_s(session))


def _evidence(session: Session, drop: _Drop) -> Evidence:
    span, handle = _span(session, drop), drop.ending.handle
    track, place = wire.place(session, span.start_s, span.end_s, prefer=endings.heard_on(session))
    return Evidence(
        track=track,
        span=place,
        measure={
            "kind": drop.kind,
            "ended_s": drop.closed.at_s,
            "age_s": drop.ending.age_s,
            "code": drop.closed.name,
            "said": drop.closed.said,
            "gap_s": drop.ending.gap_s(session),
            "handle_s": handle.at_s if handle else None,
        },
        limit=UNASKED,
    )


DETECTOR = Detector(
    id=ID, cause=Cause.WIRE, question="Did every connection end because its app wanted it to?", examine=examine
)
