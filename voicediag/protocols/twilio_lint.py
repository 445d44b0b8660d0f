"""Holds Twilio Media Streams against Twilio's rules; the conversation itself tells what breaks them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from voicediag.protocols import twilio_rules

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from voicediag.protocols.events import Event
    from voicediag.session import Rule
    from voicediag.session.events import Direction


class TwilioLint:
    """Twilio's rules, by the names that `TwilioMedia` tells."""

    rules: ClassVar[tuple[Rule, ...]] = twilio_rules.RULES

    def opened(self, message: Mapping[str, Any]) -> Iterator[Event]:  # noqa: ARG002 - others ask
        """Yield nothing: Twilio dials the app."""
        yield from ()

    def passed(self, direction: Direction, message: Mapping[str, Any], *, heard_s: float) -> Iterator[Event]:  # noqa: ARG002 - others ask
        """Yield nothing more than the conversation told."""
        yield from ()

    def closed(self, direction: Direction, code: int, reason: str) -> Iterator[Event]:  # noqa: ARG002 - others ask
        """Yield nothing: a call ends as calls do."""
        yield from ()
