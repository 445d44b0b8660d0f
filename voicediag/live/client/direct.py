"""Where a provider's own service is, and the key to it from the environment."""

from __future__ import annotations

import os
from typing import Final
from urllib.parse import urlsplit

from voicediag.errors import InputError

SERVICES: Final = {"gemini": "https://generativelanguage.googleapis.com", "openai": "https://api.openai.com/v1"}
# The names that the providers' own clients read, in their order.
KEYS: Final = {"gemini": ("GEMINI_API_KEY", "GOOGLE_API_KEY"), "openai": ("OPENAI_API_KEY",)}
# What an emulator is shown, which takes any.
NO_KEY: Final = "rehearsal-key"
_HERE: Final = frozenset({"127.0.0.1", "localhost", "::1"})


def key_for(provider: str, base_url: str) -> str:
    """Return the key or short-lived token for an address; one of this machine may do without.

    Raises
    ------
    InputError
        Where the environment holds none.
    """
    key = next((found for name in KEYS[provider] if (found := os.environ.get(name))), None)
    if key is None and urlsplit(base_url).hostname in _HERE:
        return NO_KEY
    if key is None:
        raise InputError(
            expected=f"a key or token in {' or '.join(KEYS[provider])}",
            got="none in the environment",
            likely="with neither --live nor --base-url no key is needed: an emulated service answers",
        )
    return key
