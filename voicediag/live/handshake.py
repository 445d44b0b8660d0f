"""What a connection's opening tells: where it went and in which form it carried its key, and never the key itself.

Nothing is written that is not known to be harmless: of a key or a token its first letters, by which its kind is told;
of the address the path and the parameters of providers that are known; of the headers a handful.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from voicediag.protocols.handshake import provider_of
from voicediag.protocols.secrets import HEADERS, QUERY, REDACTED, SUBPROTOCOL, first_letters

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

LONGEST: Final = 200
MOST: Final = 20
# Parameters of the providers' own, that name a model or a version.
_PLAIN_QUERY: Final = frozenset({"model", "alt", "api-version", "intent"})
_PLAIN_HEADERS: Final = frozenset({"openai-beta", "user-agent"})
# Whose value is nobody's business, and whose presence tells a browser.
_TOLD_HEADERS: Final = frozenset({"origin"})
_SCHEMES: Final = frozenset({"Bearer", "Token", "Basic", "bearer", "token", "basic"})
_PLAIN_SUBPROTOCOLS: Final = frozenset({"realtime", "openai-beta.realtime-v1"})


def opening(host: str, target: str, headers: Iterable[tuple[str, str]] | Mapping[str, str]) -> dict[str, Any]:
    """Return what may be written of a handshake.

    Parameters
    ----------
    host : str
        Where the connection went.
    target : str
        Path and query, as they stood in the request.
    headers : pairs of name and value
    """
    pairs = list(headers.items() if hasattr(headers, "items") else headers)
    parts = urlsplit(target)
    known = provider_of(parts.path) is not None
    return {
        "host": host[:LONGEST],
        "path": parts.path[:LONGEST] if known else REDACTED,
        "query": dict(list(_query(parts.query))[:MOST]),
        "headers": dict(list(_headers(pairs))[:MOST]),
        "subprotocols": list(_subprotocols(pairs))[:MOST],
    }


def _query(query: str) -> Iterator[tuple[str, str]]:
    """Yield the parameters as they stood: whether a token's slash was escaped is a part of its form."""
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if name.lower() in QUERY:
            yield name, first_letters(value)
        elif name:
            plain = name.lower() in _PLAIN_QUERY
            yield (name[:LONGEST], first_letters(value, plain=True)) if plain else (REDACTED, REDACTED)


def _headers(pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for name, value in pairs:
        lower = name.lower()
        if lower in HEADERS:
            scheme, _, key = value.rpartition(" ")
            yield lower, f"{scheme[:LONGEST]} {first_letters(key)}" if scheme in _SCHEMES else first_letters(key)
        elif lower in _PLAIN_HEADERS:
            yield lower, first_letters(value, plain=True)
        elif lower in _TOLD_HEADERS:
            yield lower, REDACTED


def _subprotocols(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, value in pairs:
        if name.lower() == "sec-websocket-protocol":
            for asked in (each.strip() for each in value.split(",")):
                if asked.startswith(SUBPROTOCOL):
                    yield f"{SUBPROTOCOL}{first_letters(asked.removeprefix(SUBPROTOCOL))}"
                else:
                    yield asked if asked in _PLAIN_SUBPROTOCOLS else REDACTED
