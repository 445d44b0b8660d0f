"""Gemini Live: what a ``BidiGenerateContent`` message means.

One event may carry several parts, and sound, words and an interruption at once; all of them are read, in the order in
which they take effect: sound first, so that an interruption in the same message cuts it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from voicediag.protocols.conversation import entries, failed, look, named, rate_of, sound_in, spelt, text_of
from voicediag.protocols.events import Event, Fact, Malformed, Opened, TurnTaking, Used, Words
from voicediag.protocols.usage import of_turn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from voicediag.session import Role, TrackName
    from voicediag.session.events import CueKind, Direction

# What the service takes and makes where the MIME type names no rate.
UP_RATE_HZ = 16_000
DOWN_RATE_HZ = 24_000
_OURS = ("setup", "setupComplete", "serverContent", "realtimeInput", "clientContent", "toolCall", "toolResponse")
_LEFT = re.compile(r"(\d{1,6}(?:\.\d{1,9})?)s")
# Newer models say where in the stream the user starts and stops.
_ACTIVITY: Final[dict[str, CueKind]] = {"ACTIVITY_START": "speech-started", "ACTIVITY_END": "speech-stopped"}
_RATE = re.compile(r";\s*rate\s*=\s*(\d{1,7})(?!\d)", re.IGNORECASE)
# The names under which clients send 16-bit PCM; the service takes nothing else.
_PCM = ("audio/pcm", "audio/l16", "audio/x-pcm", "audio/raw", "audio/x-raw")


class GeminiLive:
    """A conversation with Gemini Live."""

    provider = "gemini-live"

    @staticmethod
    def speaks(message: Mapping[str, Any]) -> bool:
        """Whether a message is of this protocol."""
        failed = "type" not in message and isinstance(message.get("error"), dict)
        return failed or any(look(message, key) is not None for key in _OURS)

    def receive(self, direction: Direction, message: Mapping[str, Any]) -> list[Event]:
        """Return what `message` meant."""
        return list(_sent(message) if direction == "up" else _received(message))

    @staticmethod
    def without_audio(message: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return `message` with its sound cut out; the one handed in stays whole."""
        bare: Mapping[str, Any] = _changed(message, _bare, "realtimeInput", "audio")
        bare = _changed(bare, _each_bare, "realtimeInput", "mediaChunks")
        return dict(_changed(bare, _each_part_bare, "serverContent", "modelTurn", "parts"))


def _sent(message: Mapping[str, Any]) -> Iterator[Event]:
    if look(message, "setup") is not None:
        resumes = bool(text_of(look(message, "setup", "sessionResumption", "handle")))
        yield Opened(model=text_of(look(message, "setup", "model")).removeprefix("models/"), resumes=resumes)
    given = look(message, "realtimeInput")
    for chunk in (look(given, "audio"), *entries(look(given, "mediaChunks"))):
        yield from _audio(chunk, "user-sent", UP_RATE_HZ)
    if look(given, "activityStart") is not None:
        yield Fact(kind="broke-in")
    said = look(given, "activityEnd") is not None or text_of(look(given, "text"))
    if said or look(message, "clientContent", "turnComplete") is True:
        yield Fact(kind="asked")
    for answer in entries(look(message, "toolResponse", "functionResponses")):
        yield named("tool-result", answer.get("id"), answer.get("name"))


def _received(message: Mapping[str, Any]) -> Iterator[Event]:
    # It may ride on the message that ends its turn.
    if tally := of_turn(look(message, "usageMetadata")):
        yield Used(kind="response", counted="turn", tally=tally)
    content = look(message, "serverContent")
    yield from _words("user", look(content, "inputTranscription"))
    for part in entries(look(content, "modelTurn", "parts")):
        yield from _audio(look(part, "inlineData"), "agent-received", DOWN_RATE_HZ)
        if text_of(look(part, "text")) and look(part, "thought") is not True:
            yield Fact(kind="answered")
        if isinstance(called := look(part, "functionCall"), dict):
            yield named("tool-call", called.get("id"), called.get("name"))
    yield from _words("agent", look(content, "outputTranscription"))
    activity = look(message, "voiceActivity")
    if kind := _ACTIVITY.get(text_of(look(activity, "voiceActivityType"))):
        offset = _LEFT.fullmatch(text_of(look(activity, "audioOffset")))
        yield TurnTaking(kind=kind, audio_ms=float(offset[1]) * 1_000 if offset else None)
    if look(content, "interrupted") is True:
        yield TurnTaking(kind="interrupted")
    if look(content, "turnComplete") is True:
        yield TurnTaking(kind="turn-complete")
    yield from _of_the_session(message)


def _of_the_session(message: Mapping[str, Any]) -> Iterator[Fact]:
    """Yield what the service says of the session itself."""
    if look(message, "setupComplete") is not None:
        yield Fact(kind="ready")
    for call in entries(look(message, "toolCall", "functionCalls")):
        yield named("tool-call", call.get("id"), call.get("name"))
    cancelled = look(message, "toolCallCancellation", "ids")
    for call_id in cancelled if isinstance(cancelled, list) else ():
        yield named("tool-cancelled", call_id)
    if (leaving := look(message, "goAway")) is not None:
        left = _LEFT.fullmatch(text_of(look(leaving, "timeLeft")))
        yield Fact(kind="going-away", left_s=float(left[1]) if left else None)
    if look(message, "sessionResumptionUpdate", "resumable") is True:
        yield Fact(kind="resumable")
    if isinstance(error := look(message, "error"), dict):
        yield failed(error.get("status") or error.get("code"), error)


def _words(role: Role, transcription: object) -> Iterator[Event]:
    text = text_of(look(transcription, "text"))
    # Only some models say when a transcription is finished; of the agent's, turnComplete says it.
    done = role == "user" and look(transcription, "finished") is True
    if text or done:
        yield Words(role=role, text=text, done=done)


def _audio(chunk: object, track: TrackName, usual_hz: int) -> Iterator[Event]:
    mime = text_of(look(chunk, "mimeType"))
    if not _is_audio(mime):
        return
    if mime.split(";")[0].strip().lower() not in _PCM:
        yield Malformed(what=f"{track}: {mime[:40]} is not the 16-bit PCM that Gemini Live speaks")
        return
    declared = _RATE.search(mime)
    rate_hz = rate_of(int(declared[1]) if declared else None, usual_hz=usual_hz)
    yield from sound_in(look(chunk, "data"), track, rate_hz=rate_hz, encoding="pcm_16")


def _is_audio(mime: str) -> bool:
    return mime.lower().startswith("audio/")


def _changed(value: Any, change: Callable[[Any], Any], *path: str) -> Any:
    """Return `value` with what lies under `path` changed; only the mappings on the way are made anew."""
    if not path:
        return change(value)
    if look(value, path[0]) is None:
        return value
    key = spelt(value, path[0])
    return {**value, key: _changed(value[key], change, *path[1:])}


def _bare(chunk: Any) -> Any:
    return {**chunk, "data": ""} if _is_audio(text_of(look(chunk, "mimeType"))) else chunk


def _each_bare(chunks: Any) -> Any:
    return [_bare(chunk) for chunk in chunks] if isinstance(chunks, list) else chunks


def _each_part_bare(parts: Any) -> Any:
    return [_changed(part, _bare, "inlineData") for part in parts] if isinstance(parts, list) else parts
