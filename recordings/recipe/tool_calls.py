"""The model calls a tool of the app: answered as it should be, and not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recipe.messages import Message
from recipe.wire_damages import OnTheWire
from voicediag.spans import Span

if TYPE_CHECKING:
    from recipe.script import Moments, WireDamage

NAME, ARGUMENTS, RESULT = "next_departure", {"stop": "Mill Lane"}, {"minutes": 4}
TOOL_S = 0.42
# From the end of the user's words to the call.
THINK_S = 0.5


def _called_s(at: Moments, user_turn: int) -> float:
    return round(at.user[user_turn].end_s + THINK_S, 3)


class Gemini:
    """Gemini Live's messages."""

    @staticmethod
    def call(at_s: float) -> list[Message]:
        """Return the call."""
        call = {"id": "function-call-1", "name": NAME, "args": ARGUMENTS}
        return [_down(at_s, {"toolCall": {"functionCalls": [call]}})]

    @staticmethod
    def result(at_s: float) -> list[Message]:
        """Return the app's answer."""
        answer = {"id": "function-call-1", "name": NAME, "response": RESULT}
        return [_up(at_s, {"toolResponse": {"functionResponses": [answer]}})]

    @staticmethod
    def cancel(at_s: float) -> list[Message]:
        """Return the model's word that it no longer waits."""
        return [_down(at_s, {"toolCallCancellation": {"ids": ["function-call-1"]}})]


class OpenAI:
    """OpenAI Realtime's messages."""

    @staticmethod
    def call(at_s: float) -> list[Message]:
        """Return the response that is nothing but a call."""
        item = {
            "id": "item_call",
            "object": "realtime.item",
            "type": "function_call",
            "status": "completed",
            "call_id": "call_1",
            "name": NAME,
            "arguments": '{"stop":"Mill Lane"}',
        }
        response = {"id": "resp_call", "object": "realtime.response", "status": "in_progress", "output": []}
        done = {**response, "status": "completed", "output": [item]}
        place = {"response_id": "resp_call", "output_index": 0}
        return [
            _down(at_s - 0.2, {"type": "response.created", "response": response}),
            _down(at_s, {"type": "response.output_item.done", **place, "item": item}),
            _down(at_s + 0.001, {"type": "response.done", "response": done}),
        ]

    @staticmethod
    def result(at_s: float) -> list[Message]:
        """Return the app's answer; that the model is to go on is another message."""
        item = {"type": "function_call_output", "call_id": "call_1", "output": '{"minutes":4}'}
        return [_up(at_s, {"type": "conversation.item.create", "item": item})]


Dialect = type[Gemini] | type[OpenAI]


def answered(dialect: Dialect, *, user_turn: int, tool_s: float = TOOL_S) -> WireDamage:
    """A call after a user's turn that is answered, in good time unless it is said how late."""

    def change(messages: list[Message], at: Moments) -> OnTheWire:
        called_s = _called_s(at, user_turn)
        return OnTheWire(messages=[*messages, *dialect.call(called_s), *dialect.result(called_s + tool_s)])

    return change


def never_answered(*, user_turn: int) -> WireDamage:
    """A call whose handler threw."""

    def change(messages: list[Message], at: Moments) -> OnTheWire:
        called_s = _called_s(at, user_turn)
        spans = (Span(called_s, at.duration_s),)
        return OnTheWire(messages=[*messages, *Gemini.call(called_s)], spans=spans, sizes={"called_s": called_s})

    return change


def answered_after_cancel(*, user_turn: int, late_s: float) -> WireDamage:
    """A call that the next words of the user cancel, and whose answer is sent all the same."""

    def change(messages: list[Message], at: Moments) -> OnTheWire:
        called_s = _called_s(at, user_turn)
        cancelled_s = round(at.user[user_turn + 1].start_s + 0.4, 3)
        late = [*Gemini.call(called_s), *Gemini.cancel(cancelled_s), *Gemini.result(cancelled_s + late_s)]
        sizes = {"called_s": called_s, "cancelled_s": cancelled_s, "late_ms": late_s * 1_000}
        spans = (Span(called_s, cancelled_s + late_s),)
        return OnTheWire(messages=[*messages, *late], spans=spans, sizes=sizes)

    return change


def never_asked(*, user_turn: int) -> WireDamage:
    """A call that is answered, and no response is asked for."""

    def change(messages: list[Message], at: Moments) -> OnTheWire:
        called_s = _called_s(at, user_turn)
        passed = [*messages, *OpenAI.call(called_s), *OpenAI.result(called_s + TOOL_S)]
        sizes = {"called_s": called_s, "tool_ms": TOOL_S * 1_000}
        return OnTheWire(messages=passed, spans=(Span(called_s, at.duration_s),), sizes=sizes)

    return change


def _up(at_s: float, body: dict[str, Any]) -> Message:
    return Message(at_s=at_s, up=True, body=body)


def _down(at_s: float, body: dict[str, Any]) -> Message:
    return Message(at_s=at_s, up=False, body=body)
