"""The provider ends the connection, with a notice or without one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recipe.messages import Message
from recipe.wire_damages import OnTheWire
from voicediag.spans import Span

if TYPE_CHECKING:
    from recipe.script import Moments, WireDamage

# From the agent's last words to the end of the connection.
AFTER_S = 0.8
DEADLINE = {"code": 1011, "reason": "Deadline expired before operation could complete."}
EXPIRED = {"code": 1001, "reason": "Your session hit the maximum duration of 60 minutes."}
HANDLE = "handle-1"


def go_away(left_s: float) -> WireDamage:
    """A notice `left_s` before the end, of which the app makes nothing."""

    def change(messages: list[Message], at: Moments) -> OnTheWire:
        closed_s = round(at.agent[-1].end_s + AFTER_S, 3)
        told_s = round(closed_s - left_s, 3)
        notice = _down(told_s, {"goAway": {"timeLeft": f"{left_s:g}s"}})
        passed = [*_before(messages, closed_s), _handle(told_s - 0.4), notice, _close(closed_s, DEADLINE)]
        spans = (Span(told_s, at.duration_s),)
        sizes = {"told_s": told_s, "left_s": left_s, "gap_s": round(at.duration_s - closed_s, 3)}
        return OnTheWire(messages=passed, spans=spans, sizes=sizes)

    return change


def expiry(messages: list[Message], at: Moments) -> OnTheWire:
    """An error that the session is over, and the close, at once."""
    told_s = round(at.agent[-1].end_s + AFTER_S, 3)
    closed_s = told_s + 0.02
    error = {"type": "invalid_request_error", "code": "session_expired", "message": EXPIRED["reason"]}
    passed = [*_before(messages, told_s), _down(told_s, {"type": "error", "error": error}), _close(closed_s, EXPIRED)]
    sizes = {"told_s": told_s, "left_s": 0.0, "gap_s": round(at.duration_s - closed_s, 3)}
    return OnTheWire(messages=passed, spans=(Span(told_s, at.duration_s),), sizes=sizes)


def dropped(*, up: bool, code: int, reason: str) -> WireDamage:
    """An end that nobody announced, of this side."""

    def change(messages: list[Message], at: Moments) -> OnTheWire:
        closed_s = round(at.agent[-1].end_s + AFTER_S, 3)
        close = Message(at_s=closed_s, up=up, body={"code": code, "reason": reason}, kind="close")
        sizes = {"gap_s": round(at.duration_s - closed_s, 3)}
        return OnTheWire(
            messages=[*_before(messages, closed_s), close], spans=(Span(closed_s, at.duration_s),), sizes=sizes
        )

    return change


def handed_over(left_s: float) -> WireDamage:
    """A notice, and the next connection a second after it: nothing is wrong."""

    def change(messages: list[Message], at: Moments) -> OnTheWire:
        told_s = round(at.agent[0].end_s + 0.1, 3)
        setup = {**messages[0].body["setup"], "sessionResumption": {"handle": HANDLE}}
        return OnTheWire(
            messages=[
                *messages,
                _handle(told_s - 0.4),
                _down(told_s, {"goAway": {"timeLeft": f"{left_s:g}s"}}),
                Message(at_s=told_s + 0.6, up=True, body={"setup": setup}),
                _down(told_s + 0.65, {"setupComplete": {}}),
            ]
        )

    return change


def _before(messages: list[Message], stop_s: float) -> list[Message]:
    return [message for message in messages if message.at_s < stop_s]


def _handle(at_s: float) -> Message:
    return _down(at_s, {"sessionResumptionUpdate": {"newHandle": HANDLE, "resumable": True}})


def _close(at_s: float, why: dict[str, Any]) -> Message:
    return Message(at_s=at_s, up=False, body=why, kind="close")


def _down(at_s: float, body: dict[str, Any]) -> Message:
    return Message(at_s=at_s, up=False, body=body)
