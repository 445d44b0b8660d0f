"""Gemini Live: what a ``BidiGenerateContent`` message means.

One event may carry several parts, and sound, words and an interruption at once; all of them are read, in the order in
which they take effect: sound first, so that an interruption in the same message cuts it.
"""

from __future__ import annotations

import re
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from voicediag.protocols.conversation import entries, look, payload_of, text_of
from voicediag.protocols.events import Audio, Event, Malformed, Opened, TurnTaking, Words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from voicediag.session import TrackName
    from voicediag.session.events import Direction

# What the service takes and makes where the MIME type names no rate.
UP_RATE_HZ = 16_000
DOWN_RATE_HZ = 24_000
_RATE = re.compile(r"rate=(\d{4,6})")


class GeminiLive:
    """A conversation with Gemini Live."""

    provider = "gemini-live"

    @staticmethod
    def speaks(message: Mapping[str, Any]) -> bool:
        """Whether a message is of this protocol."""
        ours = ("setup", "setupComplete", "serverContent", "realtimeInput", "clientContent", "toolCall", "toolResponse")
        return any(look(message, key) is not None for key in ours)

    def receive(self, direction: Direction, message: Mapping[str, Any]) -> list[Event]:
        """Return what `message` meant."""
        read = self._sent if direction == "up" else self._received
        return list(read(message))

    @staticmethod
    def without_audio(message: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return `message` with its sound cut out."""
        bare = deepcopy(dict(message))
        sent = look(bare, "realtimeInput")
        parts = entries(look(bare, "serverContent", "modelTurn", "parts"))
        chunks = (look(sent, "audio"), *entries(look(sent, "mediaChunks")), *(look(part, "inlineData") for part in parts))
        for chunk in chunks:
            if isinstance(chunk, dict) and text_of(look(chunk, "mimeType")).startswith("audio/"):
                chunk["data"] = ""
        return bare

    def _sent(self, message: Mapping[str, Any]) -> Iterator[Event]:
        if model := text_of(look(message, "setup", "model")):
            yield Opened(model=model.removeprefix("models/"))
        for chunk in (look(message, "realtimeInput", "audio"), *entries(look(message, "realtimeInput", "mediaChunks"))):
            yield from _audio(chunk, "user-sent", UP_RATE_HZ)

    def _received(self, message: Mapping[str, Any]) -> Iterator[Event]:
        content = look(message, "serverContent")
        if text := text_of(look(content, "inputTranscription", "text")):
            yield Words(role="user", text=text)
        for part in entries(look(content, "modelTurn", "parts")):
            yield from _audio(look(part, "inlineData"), "agent-received", DOWN_RATE_HZ)
        if text := text_of(look(content, "outputTranscription", "text")):
            yield Words(role="agent", text=text)
        if look(content, "interrupted") is True:
            yield TurnTaking(kind="interrupted")
        if look(content, "turnComplete") is True:
            yield TurnTaking(kind="turn-complete")


def _audio(chunk: object, track: TrackName, usual_hz: int) -> Iterator[Event]:
    mime = text_of(look(chunk, "mimeType"))
    if not mime.startswith("audio/"):
        return
    payload = payload_of(look(chunk, "data"))
    if payload is None:
        yield Malformed(what=f"{track}: {mime} data is no base64")
        return
    rate = _RATE.search(mime)
    yield Audio(track=track, payload=payload, rate_hz=int(rate[1]) if rate else usual_hz)
