"""Ephemeral tokens: minted for nothing, and taken where the providers take them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from voicediag.live.emulator.agenda import Close
from voicediag.protocols.conversation import look, number_of, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from voicediag.protocols.openai_server import Event

GEMINI_PREFIX = "auth_tokens/"
# As long as a token of either provider lives where the client does not say.
LIFE_S = 1800
SECRET_LIFE_S = 600
NO_IDENTITY = "Method doesn't allow unregistered callers (callers without established identity)."


@dataclass(slots=True)
class Token:
    """A token that was minted here: how often it may be used still, and until when."""

    uses: int
    expires_s: float


@dataclass(slots=True)
class Mint:
    """The tokens of one emulator."""

    tokens: dict[str, Token] = field(default_factory=dict)

    def gemini(self, asked: Mapping[str, Any], now_s: float) -> Event:
        """Return a new token of Gemini, as its service answers; `now_s` counts from 1970."""
        name = GEMINI_PREFIX + secrets.token_hex(16)
        uses = number_of(look(asked, "uses"))
        expires_s = _time(text_of(look(asked, "expireTime"))) or now_s + LIFE_S
        self.tokens[name] = Token(1 if uses is None else int(uses), expires_s)
        expires = datetime.fromtimestamp(expires_s, UTC).isoformat().replace("+00:00", "Z")
        return {"name": name, "expireTime": expires}

    def openai(self, asked: Mapping[str, Any], session: Event, now_s: float) -> Event:
        """Return a new client secret of OpenAI, as its service answers."""
        value = "ek_" + secrets.token_hex(16)
        life_s = number_of(look(asked, "expires_after", "seconds"))
        expires_s = now_s + (SECRET_LIFE_S if life_s is None else life_s)
        self.tokens[value] = Token(1, expires_s)
        return {"value": value, "expires_at": int(expires_s), "session": session}

    def refusal(self, key: str, *, version: str, constrained: bool, now_s: float) -> Close | None:
        """Return how Gemini's service refuses a key or token on one of its endpoints; None where it does not.

        It is as strict as the service is said to be: a token on its own endpoint of ``v1alpha`` only, as often as it
        was minted for, and a key on the other one only.
        """
        if not key or key.startswith(GEMINI_PREFIX) != constrained:
            return Close(code=1008, reason=NO_IDENTITY)
        if not constrained:
            return None
        if version != "v1alpha":
            return Close(code=1008, reason="Ephemeral tokens are taken by v1alpha only.")
        token = self.tokens.get(key)
        if token is None or token.uses < 1 or token.expires_s <= now_s:
            return Close(code=1008, reason="Token was never minted, is used up or has expired.")
        token.uses -= 1
        return None


def _time(text: str) -> float | None:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None
