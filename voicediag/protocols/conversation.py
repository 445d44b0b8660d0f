"""What every provider's conversation answers, and how its messages are looked into.

A conversation has no socket and no clock: `receive` takes one message that passed in one direction and answers with
what it meant. Messages come from other people's programs, so every look into one is guarded: what is not of the form
expected is answered as `Malformed` or passed over, and never raises.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from voicediag.protocols.events import BYTES_A_FRAME, Audio, Fact, Malformed
from voicediag.protocols.secrets import quoted
from voicediag.session.source import FASTEST_HZ, SLOWEST_HZ

if TYPE_CHECKING:
    from voicediag.protocols.events import Encoding, Event
    from voicediag.session import TrackName
    from voicediag.session.events import Direction, MarkKind

# Names are kept for as long as the session is; ids of calls are a few dozen letters.
LONGEST_NAME = 100
# The rule that sound breaks which begins as a file does.
WAV = "wav-in-pcm"
# The rule that half a sample breaks.
ODD = "odd-bytes"
_HUMP = re.compile(r"(?<!^)(?=[A-Z])")
# Python's SDK for Gemini sends base64 in its URL-safe alphabet, every other client in the standard one.
_URL_SAFE = str.maketrans("-_", "+/")


class Conversation(Protocol):
    """One provider's side of the talk, as it passes."""

    provider: str

    @staticmethod
    def speaks(message: Mapping[str, Any]) -> bool:
        """Whether a message is of this provider's protocol."""
        ...

    def receive(self, direction: Direction, message: Mapping[str, Any]) -> list[Event]:
        """Return what `message`, passing `direction`, meant; call it once for each, in order."""
        ...

    @staticmethod
    def without_audio(message: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return `message` with its sound cut out; the one handed in stays whole."""
        ...


def kind_of(message: Mapping[str, Any]) -> str:
    """Return what a message calls itself: its ``type`` or ``event``, or else its first key."""
    kinds = (message.get("type"), message.get("event"), next(iter(message), ""))
    return next(kind for kind in kinds if isinstance(kind, str))


def look(value: object, *path: str) -> Any:
    """Return what lies under `path`, its keys in camelCase or snake_case, or None.

    Only the keys of the protocol are read in both cases; keys inside arguments and transcripts are left alone.
    """
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(spelt(value, key))
    return value


def spelt(value: Mapping[str, Any], key: str) -> str:
    """Return a camelCase key of the protocol as `value` spells it."""
    return key if key in value else _snake(key)


def entries(value: object) -> Iterator[Mapping[str, Any]]:
    """Yield the mappings of a list; anything else yields nothing."""
    if isinstance(value, list):
        yield from (entry for entry in value if isinstance(entry, dict))


def text_of(value: object) -> str:
    """Return `value` where it is text, or else nothing."""
    return value if isinstance(value, str) else ""


def named(kind: MarkKind, ident: object, name: object = None, *, awaits_ask: bool = False) -> Fact:
    """Return a fact about what a message names; names are cut to `LONGEST_NAME`."""
    texts = [str(value)[:LONGEST_NAME] if isinstance(value, str | int) else "" for value in (ident, name)]
    return Fact(kind=kind, id=texts[0], name=texts[1], awaits_ask=awaits_ask)


def failed(code: object, error: Mapping[str, Any]) -> Fact:
    """Return what a provider's error says, in its own words."""
    fact = named("error", None, code)
    param = text_of(error.get("param"))
    said = f"{text_of(error.get('message'))}{f' (param {param})' if param else ''}"
    return Fact(kind=fact.kind, name=fact.name, said=quoted(said))


def number_of(value: object) -> float | None:
    """Return `value` where it is a finite number that a float can hold, or else None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def rate_of(value: object, *, usual_hz: int) -> int:
    """Return a declared rate in whole frames a second, or the provider's usual one where it is none."""
    rate_hz = number_of(value)
    return int(rate_hz) if rate_hz is not None and SLOWEST_HZ <= rate_hz <= FASTEST_HZ else usual_hz


def sound_in(
    data: object, track: TrackName, *, rate_hz: int, encoding: Encoding, starts_ms: float | None = None
) -> Iterator[Audio | Fact | Malformed]:
    """Yield the sound of a message and what is wrong with it.

    Parameters
    ----------
    data : object
        Should be base64 text, of either alphabet; None or nothing where the sound was cut out.
    """
    payload = _payload(data)
    if payload is None:
        yield Malformed(what=f"{track}: the sound is no base64")
        return
    if odd := len(payload) % BYTES_A_FRAME[encoding]:
        yield _odd(track, len(payload))
        payload = payload[:-odd]
    if track == "user-sent" and payload.startswith(b"RIFF"):
        yield Fact(kind="slip", name=WAV, id=repr(payload[:16]))
    yield Audio(track=track, payload=payload, rate_hz=rate_hz, encoding=encoding, starts_ms=starts_ms)


def _odd(track: TrackName, size: int) -> Fact | Malformed:
    """Return what is wrong with half a sample: of the app's sound it is the app's slip."""
    if track == "user-sent":
        return Fact(kind="slip", name=ODD, id=f"{size} bytes")
    return Malformed(what=f"{track}: {size} bytes are no whole number of 16-bit samples; the last is lost")


@cache
def _snake(key: str) -> str:
    """Return a key of the protocol in snake_case; there are a few dozen of them."""
    return _HUMP.sub("_", key).lower()


def _payload(data: object) -> bytes | None:
    """Return the bytes of base64 text; None where it is no base64."""
    if data is None:
        return b""
    if not isinstance(data, str):
        return None
    try:
        text = data.translate(_URL_SAFE) if "-" in data or "_" in data else data
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
