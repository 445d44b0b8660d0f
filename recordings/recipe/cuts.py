"""The provider ends a turn in a pause: messages of a turn that was no whole one, put between those of the dialogue."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from recipe.messages import Message
from recipe.wire_damages import OnTheWire

if TYPE_CHECKING:
    from recipe.script import Moments, WireDamage

PREFIX_MS = 300
DETECT_S = 0.18
STARTED, DONE = "input_audio_buffer.speech_started", "response.done"


def openai(silence_ms: int) -> WireDamage:
    """OpenAI Realtime waits for `silence_ms`: each pause ends a turn, and the response to it is cancelled."""

    def change(messages: list[Message], at: Moments) -> OnTheWire:
        added: list[Message] = []
        passed = list(messages)
        for number, pause in enumerate(at.pauses):
            heard = next(i for i, m in enumerate(passed) if _is_start_of(m, pause.start_s, at))
            item = f"item_cut_{number}"
            first = passed[heard]
            passed[heard] = replace(
                first, at_s=pause.end_s + DETECT_S, body={**first.body, "audio_start_ms": _ms(pause.end_s) - PREFIX_MS}
            )
            stop_s = pause.start_s + silence_ms / 1_000
            added += [
                replace(first, body={**first.body, "item_id": item}),
                _down(stop_s + 0.02, "speech_stopped", audio_end_ms=_ms(stop_s), item_id=item),
                _down(stop_s + 0.021, "committed", previous_item_id=None, item_id=item),
                _response(stop_s + 0.03, "response.created", item, "in_progress"),
                _response(pause.end_s + DETECT_S + 0.005, DONE, item, "cancelled"),
            ]
        return _planted([*passed, *added], at, {"silence_ms": float(silence_ms)})

    return change


def gemini(messages: list[Message], at: Moments) -> OnTheWire:
    """Gemini Live tells nothing of the end of a turn, only that the answer to it was interrupted before its sound."""
    added = []
    for pause in at.pauses:
        told_s = pause.end_s + DETECT_S
        added += [
            Message(at_s=told_s, up=False, body={"serverContent": {"interrupted": True}}),
            Message(at_s=told_s + 0.01, up=False, body={"serverContent": {"turnComplete": True}}),
        ]
    return _planted([*messages, *added], at, {})


def _planted(messages: list[Message], at: Moments, sizes: dict[str, float]) -> OnTheWire:
    longest_ms = max(pause.duration_s for pause in at.pauses) * 1_000
    sizes |= {"turns": len(at.pauses), "resumed_ms": round(longest_ms, 1)}
    return OnTheWire(messages=messages, spans=at.pauses, sizes=sizes)


def _is_start_of(message: Message, pause_s: float, at: Moments) -> bool:
    """Whether a message tells the start of the speech in which a pause lies."""
    speech = next(span for span in at.user if span.start_s < pause_s < span.end_s)
    return message.body.get("type") == STARTED and speech.start_s <= message.at_s <= pause_s


def _response(at_s: float, kind: str, item: str, status: str) -> Message:
    details = {"type": "cancelled", "reason": "turn_detected"} if status == "cancelled" else None
    response = {"id": f"resp_{item}", "object": "realtime.response", "status": status, "status_details": details}
    return Message(at_s=at_s, up=False, body={"type": kind, "response": {**response, "output": []}})


def _down(at_s: float, kind: str, **fields: Any) -> Message:
    return Message(at_s=at_s, up=False, body={"type": f"input_audio_buffer.{kind}", **fields})


def _ms(at_s: float) -> int:
    return round(at_s * 1_000)
