"""A service that takes the connection only to close it, as real ones refuse a caller."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from voicediag.live.emulator.agenda import Action, Close, Send
from voicediag.live.emulator.tokens import NO_IDENTITY
from voicediag.protocols import openai_server

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Refusing:
    """A service that closes the connection at once, after `first` was sent."""

    close: Close
    first: tuple[Send, ...] = ()
    next_s: float | None = None

    @classmethod
    def without_key(cls) -> Refusing:
        """Return what a caller of Gemini without a key meets."""
        return cls(Close(code=1008, reason=NO_IDENTITY))

    @classmethod
    def beta(cls, text: str) -> Refusing:
        """Return what a client of OpenAI's beta meets since it was switched off."""
        error = openai_server.error(text, code="beta_api_shape_disabled")
        return cls(Close(code=4000, reason="invalid_request_error.beta_api_shape_disabled"), (_numbered(error),))

    def opened(self, now_s: float = 0.0) -> list[Action]:  # noqa: ARG002 - a service's signature
        """Return the refusal."""
        return [*self.first, self.close]

    def receive(self, message: Mapping[str, Any], now_s: float) -> list[Action]:  # noqa: ARG002 - as above
        """Return nothing: the connection is closing."""
        return []

    def broken(self, what: str, now_s: float) -> list[Action]:  # noqa: ARG002 - as above
        """Return nothing."""
        return []

    def advance(self, now_s: float) -> list[Action]:  # noqa: ARG002 - as above
        """Return nothing."""
        return []


def _numbered(event: dict[str, Any]) -> Send:
    return Send(message={"type": event["type"], "event_id": "event_1"} | event)
