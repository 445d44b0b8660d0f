"""What every provider's conversation answers, and how its messages are looked into.

A conversation has no socket and no clock: `receive` takes one message that passed in one direction and answers with
what it meant. Messages come from other people's programs, so every look into one is guarded: what is not of the form
expected is answered as `Malformed` or passed over, and never raises.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from voicediag.protocols.events import Event
    from voicediag.session.events import Direction

_HUMP = re.compile(r"(?<!^)(?=[A-Z])")


class Conversation(Protocol):
    """One provider's side of the talk, as it passes."""

    provider: str

    def receive(self, direction: Direction, message: Mapping[str, Any]) -> list[Event]:
        """Return what `message`, passing `direction`, meant; call it once for each, in order."""
        ...

    @staticmethod
    def without_audio(message: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return `message` with its sound cut out."""
        ...


def kind_of(message: Mapping[str, Any]) -> str:
    """Return what a message calls itself: its ``type``, or else its first key."""
    kind = message.get("type")
    return kind if isinstance(kind, str) else next(iter(message), "")


def look(value: object, *path: str) -> Any:  # noqa: ANN401 - provider JSON has any shape
    """Return what lies under `path`, its keys in camelCase or snake_case, or None.

    Only the keys of the protocol are read in both cases; keys inside arguments and transcripts are left alone.
    """
    for key in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key, value.get(_HUMP.sub("_", key).lower()))
    return value


def entries(value: object) -> Iterator[Mapping[str, Any]]:
    """Yield the mappings of a list; anything else yields nothing."""
    if isinstance(value, list):
        yield from (entry for entry in value if isinstance(entry, Mapping))


def text_of(value: object) -> str:
    """Return `value` where it is text, or else nothing."""
    return value if isinstance(value, str) else ""


def number_of(value: object) -> float | None:
    """Return `value` where it is a number, or else None."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def payload_of(data: object) -> bytes | None:
    """Return the bytes of base64 text; None where it is no base64."""
    try:
        return base64.b64decode(text_of(data), validate=True)
    except (binascii.Error, ValueError):
        return None
