"""What goes wrong on the wire: messages that never pass, pass too late, or that nobody answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from recipe.messages import Message
from voicediag.spans import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from recipe.script import Moments
    from voicediag.session import TrackName


@dataclass(frozen=True, kw_only=True)
class OnTheWire:
    """The messages of a scene after what was done to them; `spans` and `sizes` say how wide a fault was planted.

    `brings` names the symptoms that take the same time.
    """

    messages: list[Message]
    spans: tuple[Span, ...] = ()
    sizes: dict[str, float] | None = None
    brings: tuple[str, ...] = ()
    track: TrackName | None = None


def never_ready(messages: list[Message], at: Moments) -> OnTheWire:
    """The service takes the setup and says nothing."""
    setup_s = messages[0].at_s
    spans = (Span(setup_s, at.duration_s),)
    return OnTheWire(messages=_up_only(messages), spans=spans, sizes={"setup_s": setup_s})


def without_model(messages: list[Message], at: Moments) -> OnTheWire:
    """The setup names no model, and the service says nothing."""
    said = {key: value for key, value in messages[0].body["setup"].items() if key != "model"}
    setup = replace(messages[0], body={"setup": said})
    return never_ready([setup, *messages[1:]], at)


def never_answered(asked_s: float) -> Callable[[list[Message], Moments], OnTheWire]:
    """The app asks for a greeting with a message that this model does not take for one."""

    def damage(messages: list[Message], at: Moments) -> OnTheWire:
        text = {"turns": [{"role": "user", "parts": [{"text": "Greet the caller."}]}], "turnComplete": True}
        greet = Message(at_s=asked_s, up=True, body={"clientContent": text})
        ready = [message for message in messages if not message.up and "setupComplete" in message.body]
        spans = (Span(asked_s, at.duration_s),)
        return OnTheWire(messages=[*_up_only(messages), *ready, greet], spans=spans, sizes={"asked_s": asked_s})

    return damage


def sleepily(overhead: float) -> Callable[[list[Message], Moments], OnTheWire]:
    """The app sleeps as long as a chunk lasts after each one that it sends, and works besides: a share of the chunk."""

    def damage(messages: list[Message], at: Moments) -> OnTheWire:
        sent = [message for message in messages if message.up and message.audio]
        first_s, last_s = sent[0].at_s, at.duration_s

        def late(message: Message) -> Message:
            if not (message.up and message.audio):
                return message
            return replace(message, at_s=first_s + (message.at_s - first_s) * (1 + overhead))

        kept = [moved for message in messages if (moved := late(message)).at_s <= last_s]
        sizes = {"underfeed_percent": round(100 * overhead / (1 + overhead), 3)}
        return OnTheWire(messages=kept, spans=(Span(first_s, last_s),), sizes=sizes, track="user-sent")

    return damage


def _up_only(messages: Sequence[Message]) -> list[Message]:
    return [message for message in messages if message.up]
