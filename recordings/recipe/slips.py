"""Messages that break their provider's rules, and what the provider answers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from recipe.messages import Message
from recipe.wire_damages import OnTheWire
from voicediag.live.handshake import opening
from voicediag.protocols.gemini_server import snake
from voicediag.protocols.openai_server import error
from voicediag.spans import Span

if TYPE_CHECKING:
    from recipe.script import Moments

MOMENT_S = 0.1
ANSWER_S = 0.04
REFUSED_S = 0.6
VOICE = "Invalid value: 'loud'. Supported values are: 'alloy', 'ash', 'cedar', 'marin' and 'verse'."


def snake_case_server(messages: list[Message], at: Moments) -> OnTheWire:  # noqa: ARG001 - it is so all along
    """A proxy writes the service's keys in snake_case."""
    passed = [message if message.up else replace(message, body=snake(dict(message.body))) for message in messages]
    down = [message.at_s for message in passed if not message.up]
    return OnTheWire(messages=passed, spans=_moments(down[:1]), sizes={"count": len(down)})


def truncate_by_the_clock(messages: list[Message], at: Moments) -> OnTheWire:  # noqa: ARG001 - it knows its moments
    """The app reads the place of a truncation off a clock that runs since the call began."""
    passed, told, ends = [], [], []
    for message in messages:
        if message.body.get("type") == "conversation.item.truncate":
            end_ms = round(message.at_s * 1_000)
            had_ms = _sound_ms(messages, message)
            passed.append(replace(message, body={**message.body, "audio_end_ms": end_ms}))
            text = f"Audio content of {had_ms}ms is already shorter than {end_ms}ms"
            said = error(text, code="invalid_value", param="audio_end_ms")
            passed.append(_down(message.at_s + ANSWER_S, said))
            told.append(message.at_s)
            ends.append(end_ms)
        elif message.body.get("type") != "conversation.item.truncated":
            passed.append(message)
    sizes = {"count": len(told), "audio_end_ms": ends[0]}
    return OnTheWire(messages=passed, spans=_moments(told), sizes=sizes, brings=("provider-error",))


def update_refused(messages: list[Message], at: Moments) -> OnTheWire:  # noqa: ARG001 - it happens at the start
    """The session's update asks for a voice that there is none of; the session goes on as the service opens it."""
    update = next(message for message in messages if message.body.get("type") == "session.update")
    session: dict[str, Any] = update.body["session"]
    loud = {**session, "audio": {**session["audio"], "output": {**session["audio"]["output"], "voice": "loud"}}}
    said = error(VOICE, code="invalid_value", param="session.audio.output.voice")
    answered_s = round(update.at_s + ANSWER_S, 3)
    passed = [
        replace(message, body={"type": "session.update", "session": loud}) if message is update else message
        for message in messages
        if message.body.get("type") != "session.updated"
    ]
    return OnTheWire(messages=[*passed, _down(answered_s, said)], spans=_moments([answered_s]), sizes={"count": 1})


def token_on_key_endpoint(messages: list[Message], at: Moments) -> OnTheWire:  # noqa: ARG001 - it ends at once
    """A page connects with an ephemeral token to the method that takes keys only, and is refused before any sound."""
    path = "/ws/google.ai.generativelanguage.v1alpha.GenerativeService.BidiGenerateContent"
    opened = opening("generativelanguage.googleapis.com", f"{path}?access_token=auth_tokens/0123456789abcdef", ())
    first = Message(at_s=0.0, up=True, body=opened, kind="open")
    reason = "Method doesn't allow unregistered callers (callers without established identity)."
    refused = Message(at_s=REFUSED_S, up=False, body={"code": 1008, "reason": reason}, kind="close")
    setup = next(replace(each, at_s=each.at_s + 0.001) for each in messages if "setup" in each.body)
    spans = (Span(0, MOMENT_S),)
    return OnTheWire(
        messages=[first, setup, refused], spans=spans, sizes={"refused_s": REFUSED_S}, brings=("silent-connect",)
    )


def _sound_ms(messages: list[Message], until: Message) -> int:
    """Return how much sound of the item that a message names had come by then."""
    item = until.body["item_id"]
    of_item = (each for each in messages if each.at_s < until.at_s and each.body.get("item_id") == item)
    return sum(each.audio.frames for each in of_item if each.audio) // 24


def _moments(starts: list[float]) -> tuple[Span, ...]:
    return tuple(Span(start_s, start_s + MOMENT_S) for start_s in starts)


def _down(at_s: float, body: dict[str, Any]) -> Message:
    return Message(at_s=at_s, up=False, body=body)
