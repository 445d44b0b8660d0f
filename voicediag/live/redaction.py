"""Keys and tokens, taken out of whatever is about to be written.

Two nets: the very secrets that this connection was seen to use, wherever they turn up again, and the forms in which
the providers issue them, for those that were not seen.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from voicediag.protocols.secrets import FORMS, HEADERS, ISSUED, QUERY, REDACTED, SUBPROTOCOL, may_hold_one

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Iterator, Mapping

# Shorter values ("1", "true") are no secrets, and would be taken out of half the transcript.
LEAST_LENGTH = 8


@dataclass(slots=True)
class Redaction:
    """Takes secrets out of text and counts them.

    Parameters
    ----------
    secrets : iterable of str
        Values that are known to be secret.
    """

    secrets: tuple[str, ...] = ()
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Try the longest first, so that no secret is left over that began with another."""
        forms = {form for secret in self.secrets for form in (secret, unquote(secret)) if len(form) >= LEAST_LENGTH}
        self.secrets = tuple(sorted(forms, key=len, reverse=True))

    def __call__(self, text: str) -> str:
        """Return `text` without its secrets."""
        for secret in self.secrets:
            if found := text.count(secret):
                self.counts["a secret of the handshake"] += found
                text = text.replace(secret, REDACTED)
        return ISSUED.sub(self._taken, text) if may_hold_one(text) else text

    def without_parameters(self, message: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a message without the values of a call's custom parameters.

        An app gives Twilio whatever it likes there, most often the token that lets the call in: Twilio hands it on with
        the ``start`` of the stream. Where a value turns up again it is taken out too.
        """
        start = message.get("start")
        key = "customParameters" if isinstance(start, dict) and "customParameters" in start else "custom_parameters"
        given = start.get(key) if isinstance(start, dict) else None
        if not isinstance(start, dict) or not isinstance(given, dict) or not given:
            return message
        texts = tuple(str(value) for value in given.values() if isinstance(value, str | int | float))
        self.secrets += tuple(json.dumps(text, ensure_ascii=False)[1:-1] for text in texts)
        self.__post_init__()
        self.counts["a custom parameter of the call"] += len(given)
        return {**message, "start": {**start, key: dict.fromkeys(given, REDACTED)}}

    def _taken(self, match: re.Match[str]) -> str:
        names = list(FORMS)
        self.counts[names[int(str(match.lastgroup)[1:])]] += 1
        return REDACTED


def secrets_of(target: str, headers: Iterable[tuple[str, str]] | Mapping[str, str]) -> tuple[str, ...]:
    """Return the secrets of a handshake: of the query of its target, of its headers and of its subprotocols."""
    pairs = headers.items() if hasattr(headers, "items") else headers
    return tuple(dict.fromkeys((*_in_query(target), *_in_headers(pairs))))


def _in_query(target: str) -> Iterator[str]:
    for key, value in parse_qsl(urlsplit(target).query):
        if key.lower() in QUERY:
            yield value


def _in_headers(headers: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, value in headers:
        if name.lower() in HEADERS:
            # "Bearer KEY", "Token auth_tokens/KEY": the scheme is no secret.
            yield value.rsplit(" ", 1)[-1]
        elif name.lower() == "sec-websocket-protocol":
            asked = (each.strip() for each in value.split(","))
            yield from (each.removeprefix(SUBPROTOCOL) for each in asked if each.startswith(SUBPROTOCOL))
