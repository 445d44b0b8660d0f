"""OpenAI Realtime: what an event means.

Names of the general release are read, and the beta's names, which old logs still hold. ``response.cancelled`` does not
exist: a cancelled response is ``response.done`` with ``status: "cancelled"``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from voicediag.protocols.conversation import failed, look, named, number_of, rate_of, sound_in, text_of
from voicediag.protocols.events import Event, Fact, Opened, TurnTaking, Used, Words
from voicediag.protocols.secrets import quoted
from voicediag.protocols.usage import of_connection, of_response, of_transcription

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from voicediag.protocols.events import Encoding
    from voicediag.session import TrackName
    from voicediag.session.events import Direction

PCM_RATE_HZ = 24_000
TELEPHONE_RATE_HZ = 8_000
GPT_LIVE = "gpt-live-1"
UNNAMED = "a transcription model that no message names"
_FORMATS: Final[dict[str, tuple[Encoding, int]]] = {
    "audio/pcm": ("pcm_16", PCM_RATE_HZ),
    "audio/pcmu": ("mulaw", TELEPHONE_RATE_HZ),
    "audio/pcma": ("alaw", TELEPHONE_RATE_HZ),
    "pcm16": ("pcm_16", PCM_RATE_HZ),
    "g711_ulaw": ("mulaw", TELEPHONE_RATE_HZ),
    "g711_alaw": ("alaw", TELEPHONE_RATE_HZ),
}
_WAYS: Final[tuple[tuple[TrackName, str], ...]] = (("user-sent", "input"), ("agent-received", "output"))
# The end of a session comes without a notice before it: this error, and the connection is closed.
_EXPIRED = "session_expired"
# A client that cancels in the moment in which the response ends cannot know better: that is no error of the session.
LATE_CANCEL = "response_cancel_not_active"
_AUDIO_DELTAS = ("response.output_audio.delta", "response.audio.delta")
_FAMILIES = ("session.", "input_audio_buffer.", "conversation.", "response.", "output_audio_buffer.", "rate_limits.")


class OpenAIRealtime:
    """A conversation with OpenAI Realtime."""

    provider = "openai-realtime"

    def __init__(self) -> None:
        self._formats: dict[TrackName, tuple[Encoding, int]] = {
            "user-sent": _FORMATS["pcm16"],
            "agent-received": _FORMATS["pcm16"],
        }
        self._heard: set[str] = set()
        self._interrupts = True
        self._transcriber = ""

    @staticmethod
    def speaks(message: Mapping[str, Any]) -> bool:
        """Whether a message is of this protocol."""
        kind = text_of(message.get("type"))
        return kind.startswith(_FAMILIES) or (kind == "error" and isinstance(message.get("error"), dict))

    def receive(self, direction: Direction, message: Mapping[str, Any]) -> list[Event]:
        """Return what `message` meant."""
        match direction, text_of(message.get("type")):
            case ("up", "session.update") | ("down", "session.created" | "session.updated"):
                return self._configured(message)
            case "up", "input_audio_buffer.append":
                return self._audio("user-sent", message.get("audio"))
            case "down", "response.output_audio.delta" | "response.audio.delta":
                return self._audio("agent-received", message.get("delta"))
            case "down", "response.output_audio_transcript.delta" | "response.audio_transcript.delta":
                return [Words(role="agent", text=text_of(message.get("delta")))]
            case "down", "conversation.item.input_audio_transcription.delta":
                return self._user_words(message)
            case "down", "conversation.item.input_audio_transcription.completed":
                return self._user_said(message)
            case "down", "input_audio_buffer.speech_started":
                return self._broke_in(message)
            case "down", "input_audio_buffer.speech_stopped":
                return [TurnTaking(kind="speech-stopped", audio_ms=number_of(message.get("audio_end_ms")))]
            case "down", "response.done":
                cancelled = look(message, "response", "status") == "cancelled"
                tally = of_response(look(message, "response", "usage"))
                used: list[Event] = [Used(kind="response", counted="each", tally=tally)] if tally else []
                return [*used, TurnTaking(kind="interrupted" if cancelled else "turn-complete")]
            case "down", "session.usage.updated" | "session.closed":
                # GPT-Live counts seconds and says their sum so far; of its protocol nothing else is read.
                tally = of_connection(message.get("usage"))
                model = text_of(look(message, "session", "model")) or GPT_LIVE
                return [Used(kind="session", counted="running", tally=tally, model=model)] if tally else []
            case "up", "conversation.item.truncate":
                # The client says where it stopped playing: what it had queued was thrown away.
                return [TurnTaking(kind="interrupted")]
            case _:
                return list(self._of_the_session(direction, message))

    @staticmethod
    def without_audio(message: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return `message` with its sound cut out."""
        kind = text_of(message.get("type"))
        if kind == "input_audio_buffer.append":
            return {**message, "audio": ""}
        return {**message, "delta": ""} if kind in _AUDIO_DELTAS else message

    def _configured(self, message: Mapping[str, Any]) -> list[Event]:
        session = look(message, "session")
        for track, way in _WAYS:
            self._adopt(track, look(session, "audio", way, "format") or look(session, f"{way}_audio_format"))
        detection = look(session, "audio", "input", "turn_detection")
        self._interrupts = look(detection, "interrupt_response") is not False
        transcription = look(session, "audio", "input", "transcription") or look(session, "input_audio_transcription")
        self._transcriber = text_of(look(transcription, "model")) or self._transcriber
        return [Opened(model=text_of(look(session, "model")), expires_at=number_of(look(session, "expires_at")))]

    @staticmethod
    def _of_the_session(direction: Direction, message: Mapping[str, Any]) -> Iterator[Fact]:
        match direction, text_of(message.get("type")):
            case "up", "response.create":
                yield Fact(kind="asked")
            case "up", "conversation.item.create" if look(message, "item", "type") == "function_call_output":
                # The item is only added: the model says nothing of it until a response is asked for.
                yield named("tool-result", look(message, "item", "call_id"), awaits_ask=True)
            case "down", "response.output_item.done" if look(message, "item", "type") == "function_call":
                yield named("tool-call", look(message, "item", "call_id"), look(message, "item", "name"))
            case "down", "response.output_text.delta" | "response.text.delta":
                yield Fact(kind="answered")
            case "down", "error" if (
                isinstance(error := message.get("error"), dict) and error.get("code") != LATE_CANCEL
            ):
                yield _failed(error)

    def _broke_in(self, message: Mapping[str, Any]) -> list[Event]:
        """Return that speech has started; where it may interrupt, this is all the notice that a player gets.

        A response that has been sent to its end is not cancelled any more, and most of it may still be unheard.
        """
        started = TurnTaking(kind="speech-started", audio_ms=number_of(message.get("audio_start_ms")))
        return [started, Fact(kind="interrupted")] if self._interrupts else [started]

    def _adopt(self, track: TrackName, form: object) -> None:
        name = text_of(form) or text_of(look(form, "type"))
        if name in _FORMATS:
            encoding, usual_hz = _FORMATS[name]
            self._formats[track] = (encoding, rate_of(look(form, "rate"), usual_hz=usual_hz))

    def _audio(self, track: TrackName, data: object) -> list[Event]:
        encoding, rate_hz = self._formats[track]
        return list(sound_in(data, track, rate_hz=rate_hz, encoding=encoding))

    def _user_words(self, message: Mapping[str, Any]) -> list[Event]:
        self._heard.add(text_of(message.get("item_id")))
        return [Words(role="user", text=text_of(message.get("delta")))]

    def _user_said(self, message: Mapping[str, Any]) -> list[Event]:
        # The whole text comes again after its deltas.
        item = text_of(message.get("item_id"))
        text = "" if item in self._heard else text_of(message.get("transcript"))
        self._heard.discard(item)
        said = Words(role="user", text=text, done=True)
        tally = of_transcription(message.get("usage"))
        if tally is None:
            return [said]
        return [said, Used(kind="transcription", counted="each", tally=tally, model=self._transcriber or UNNAMED)]


def _failed(error: Mapping[str, Any]) -> Fact:
    if error.get("code") == _EXPIRED:
        return Fact(kind="going-away", name=_EXPIRED, left_s=0.0, said=quoted(text_of(error.get("message"))))
    return failed(error.get("code") or error.get("type"), error)
