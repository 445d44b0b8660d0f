"""Where providers' clients carry their keys and tokens, and in which forms they are issued."""

from __future__ import annotations

import json
import re
from typing import Final

REDACTED: Final = "[redacted]"
LONGEST_QUOTE: Final = 240
# Names are compared in lower case.
HEADERS: Final = frozenset({"authorization", "x-goog-api-key", "api-key", "x-api-key", "cookie", "proxy-authorization"})
QUERY: Final = frozenset({"key", "access_token", "token", "api_key", "api-key"})
SUBPROTOCOL: Final = "openai-insecure-api-key."
FORMS: Final = {
    "OpenAI key": r"\bsk-[A-Za-z0-9_-]{16,}",
    "OpenAI client secret": r"\bek_[A-Za-z0-9_-]{8,}",
    "Google API key": r"\bAIza[A-Za-z0-9_-]{30,}",
    "Google token": r"\bauth_tokens/[A-Za-z0-9_-]{4,}|\bya29\.[A-Za-z0-9_.-]{16,}",
    "bearer": r"(?<=\b[Bb]earer )[A-Za-z0-9._~+/-]{8,}=*",
}
# What a key or a token begins with, and by which it is told from the others.
BEGINNINGS: Final = ("sk-", "ek_", "AIza", "auth_tokens/", "auth_tokens%2F", "auth_tokens%2f", "ya29.")
# Wider than the forms: where little is lost, whatever might be a secret is taken for one.
_LIKE_ONE: Final = re.compile(r"(sk-|ek_|AIza|auth_tokens|ya29\.)[\w.%/+-]{8,}|[\w+/=-]{32,}")
ISSUED: Final = re.compile("|".join(f"(?P<f{number}>{form})" for number, form in enumerate(FORMS.values())))
# Each form holds one of these, and a line without any of them needs no pattern: most lines are sound.
_HOLDS_ONE: Final = ("sk-", "ek_", "AIza", "auth_tokens/", "ya29.", "earer ")


def may_hold_one(text: str) -> bool:
    """Whether a text could hold a key or a token at all."""
    return any(part in text for part in _HOLDS_ONE)


def without_secrets(text: str) -> str:
    """Return `text` without what has the form of a key or a token."""
    return ISSUED.sub(REDACTED, text)


def quoted(value: object) -> str:
    """Return a message or a part of it as it stood, cut short and without secrets."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    # What is cut off must be no half of a secret.
    clean = without_secrets(text[: 4 * LONGEST_QUOTE])
    return clean if len(clean) <= LONGEST_QUOTE else f"{clean[: LONGEST_QUOTE - 1]}…"


def first_letters(value: str, *, plain: bool = False) -> str:
    """Return the letters by which a secret's kind is known, and nothing of what follows them.

    Parameters
    ----------
    plain : bool
        Whether the value is none by its name: then it is kept, unless it looks like one.
    """
    if plain and not _LIKE_ONE.search(value):
        return value[:LONGEST_QUOTE]
    # A slash that was escaped stays escaped: that is a part of the form.
    begins = next((form for form in BEGINNINGS if value.startswith(form)), "")
    return f"{begins}{REDACTED}"
