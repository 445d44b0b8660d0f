"""Where a relay passes calls on to: the provider, or for a telephone the app itself.

An app reads its own public name from the Host of a request: it writes it into the TwiML that it answers with, and
checks Twilio's signature against it. So a relay in front of an app on this machine leaves the Host as it came.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from voicediag.errors import InputError
from voicediag.live.loopback import LOOPBACK

PROVIDERS: Final = {"gemini": "https://generativelanguage.googleapis.com", "openai": "https://api.openai.com"}
TELEPHONES: Final = frozenset({"twilio"})
_AS_HTTP: Final = {"ws": "http", "wss": "https", "http": "http", "https": "https"}


def base_url(provider: str, asked: str | None) -> str:
    """Return the base URL of a provider, or the one that was asked for in its place.

    Raises
    ------
    InputError
        Where there is no such provider, or an app's address is none.
    """
    if provider in PROVIDERS:
        return (asked or PROVIDERS[provider]).rstrip("/")
    if provider not in TELEPHONES:
        raise InputError(expected=f"a provider of {', '.join((*PROVIDERS, *TELEPHONES))}", got=repr(provider))
    return _address_of_app(asked or "")


def keeps_host(provider: str, base: str) -> bool:
    """Whether the app is to see the Host that Twilio called: an app elsewhere is found by its own."""
    return provider in TELEPHONES and urlsplit(base).hostname in LOOPBACK


def _address_of_app(asked: str) -> str:
    try:
        parts = urlsplit(asked)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in _AS_HTTP or not parts.hostname:
        raise InputError(
            expected="--upstream with the address of your app, as ws://127.0.0.1:5050",
            got=repr(asked),
            likely=None if asked else "Twilio dials the app: it has no address of its own to relay to",
        )
    if parts.path.strip("/") or parts.query:
        raise InputError(
            expected="--upstream without a path",
            got=repr(asked),
            likely="the path that Twilio dials is passed on as it is",
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{_AS_HTTP[parts.scheme]}://{host}{'' if port is None else f':{port}'}"


def host_name(asked: str) -> str:
    """Return the name of a host that is to be let in, from a name or from a URL.

    Raises
    ------
    InputError
        Where it names none, or more than one.
    """
    try:
        name = urlsplit(asked if "://" in asked else f"//{asked}").hostname or ""
    except ValueError:
        name = ""
    if not name or "*" in name:
        likely = "name every tunnel in full: a page of a stranger's could have any other name"
        raise InputError(expected="--allow-host with a name, as NAME.ngrok.app", got=repr(asked), likely=likely)
    return name
