"""How providers talk: bytes and JSON in, meaning out. No sockets and no clocks live here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from voicediag.protocols.conversation import Conversation, kind_of
from voicediag.protocols.gemini_lint import GeminiLint
from voicediag.protocols.gemini_live import GeminiLive
from voicediag.protocols.openai_lint import OpenAILint
from voicediag.protocols.openai_realtime import OpenAIRealtime
from voicediag.protocols.twilio_lint import TwilioLint
from voicediag.protocols.twilio_media import TwilioMedia

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from voicediag.protocols.lint import Lint

__all__ = [
    "PROVIDERS",
    "Conversation",
    "GeminiLive",
    "OpenAIRealtime",
    "TwilioMedia",
    "kind_of",
    "lint_of",
    "recognise",
]

PROVIDERS = (GeminiLive, OpenAIRealtime, TwilioMedia)
_LINTS: dict[str, Callable[[], Lint]] = {
    GeminiLive.provider: GeminiLint,
    OpenAIRealtime.provider: OpenAILint,
    TwilioMedia.provider: TwilioLint,
}


def recognise(message: Mapping[str, Any]) -> Conversation | None:
    """Return a fresh conversation with the provider whose protocol `message` speaks, or None."""
    return next((provider() for provider in PROVIDERS if provider.speaks(message)), None)


def lint_of(provider: str) -> Lint | None:
    """Return a fresh lint of a provider's rules, or None where nobody wrote them down."""
    made = _LINTS.get(provider)
    return made() if made else None
