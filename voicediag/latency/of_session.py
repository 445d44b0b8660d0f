"""All times of a session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from voicediag.latency.answers import MILLISECONDS, Answer, answers
from voicediag.latency.bargein import BargeIn, barge_ins
from voicediag.latency.parts import PARTS
from voicediag.latency.percentiles import Percentiles, percentiles

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from voicediag.session import Session
    from voicediag.spans import SpanSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """How long people waited in a session.

    Attributes
    ----------
    answers : tuple of Answer
        The user's turns that were answered.
    barge_ins : tuple of BargeIn
    connect_ms : tuple of float
        From each setup to the provider's agreement.
    greeting_ms : tuple of float
        From there, or from the app's request, to the first sound of an agent that speaks first.
    reason : str
        Why no turn could be measured; empty where one was.
    """

    answers: tuple[Answer, ...] = ()
    barge_ins: tuple[BargeIn, ...] = ()
    connect_ms: tuple[float, ...] = ()
    greeting_ms: tuple[float, ...] = ()
    reason: str = ""

    @property
    def percentiles(self) -> dict[str, Percentiles]:
        """Each kind of time by its name, those of which nothing is known included."""
        times: dict[str, Iterable[float | None]] = {
            "audio_ms": [answer.audio_ms for answer in self.answers],
            "logged_ms": [answer.logged_ms for answer in self.answers],
            **{f"{part}_ms": [answer.parts_ms.get(part) for answer in self.answers] for part in PARTS},
            "connect_ms": self.connect_ms,
            "greeting_ms": self.greeting_ms,
            "notice_ms": [each.notice_ms for each in self.barge_ins],
            "stop_ms": [each.stop_ms for each in self.barge_ins],
            "flush_ms": [each.flush_ms for each in self.barge_ins],
        }
        return {name: percentiles(values) for name, values in times.items()}


def measure(session: Session, *, user: SpanSet | None, agent: SpanSet | None) -> Latency:
    """Return how long people waited.

    Parameters
    ----------
    session : Session
    user, agent : SpanSet, optional
        Where each is heard, on the session clock; echoes of the agent taken out of the user. None where there is no
        track.
    """
    connects = tuple(_connects(session))
    if user is None or agent is None:
        missing = "user" if user is None else "agent"
        return Latency(connect_ms=connects, reason=f"the session has no {missing} track to time")
    answered = answers(session, user, agent)
    return Latency(
        answers=answered,
        barge_ins=barge_ins(session, user, agent),
        connect_ms=connects,
        greeting_ms=tuple(_greetings(session, user, agent)),
        reason="" if answered else _reason(user, agent),
    )


def _reason(user: SpanSet, agent: SpanSet) -> str:
    silent = [name for name, spans in (("user", user), ("agent", agent)) if not spans]
    return f"the {' and the '.join(silent)} never spoke" if silent else "no turn of the user was answered"


def _connects(session: Session) -> Iterator[float]:
    """Yield how long each setup waited for the provider's agreement."""
    setup_s: float | None = None
    for mark in session.marks:
        if mark.kind == "setup" and setup_s is None:
            setup_s = mark.at_s
        elif mark.kind == "closed":
            setup_s = None
        elif mark.kind == "ready" and setup_s is not None:
            yield max(0.0, mark.at_s - setup_s) * MILLISECONDS
            setup_s = None


def _greetings(session: Session, user: SpanSet, agent: SpanSet) -> Iterator[float]:
    """Yield how long a user waited who is greeted first."""
    ready = next((mark for mark in session.marks if mark.kind == "ready"), None)
    if ready is None or not session.arrivals:
        return
    came_s = session.arrivals[0].first_s
    heard_s = next((max(span.start_s, came_s) for span in agent if span.end_s > came_s), None)
    if heard_s is None or any(span.start_s < came_s for span in user):
        return
    asked = [mark.at_s for mark in session.marks if mark.kind == "asked" and mark.at_s <= came_s]
    yield (heard_s - max([ready.at_s, *asked[:1]])) * MILLISECONDS
