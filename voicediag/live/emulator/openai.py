"""OpenAI Realtime's side of a conversation, as its general release holds it."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from voicediag.formats.pcm import decode
from voicediag.live.emulator.agenda import Action, Close, Send
from voicediag.live.emulator.clips import RATE_HZ
from voicediag.live.emulator.items import Items
from voicediag.live.emulator.openai_response import Ledger, Spoken, called
from voicediag.live.emulator.service import STALE_CHUNKS, Service
from voicediag.protocols import openai_server as say
from voicediag.protocols.conversation import look, number_of, text_of
from voicediag.protocols.events import Audio
from voicediag.protocols.openai_realtime import TELEPHONE_RATE_HZ, OpenAIRealtime

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from voicediag.live.emulator.clips import Pcm
    from voicediag.live.emulator.gate import Heard
    from voicediag.live.emulator.scenario import Reply, Vad
    from voicediag.protocols.openai_server import Event

LONGEST_S = 3600
# The service refuses to make a turn of less.
SHORTEST_COMMIT_MS = 100
EXPIRED: Final = "Your session hit the maximum duration of 60 minutes."
FORMATS: Final = {"audio/pcmu": ("mulaw", TELEPHONE_RATE_HZ), "audio/pcma": ("alaw", TELEPHONE_RATE_HZ)}


@dataclass(slots=True)
class OpenAIService(Service):
    """The server side of one connection to OpenAI Realtime.

    Parameters
    ----------
    model : str
    opened_at : int
        Seconds since 1970 at which the connection opened.
    """

    model: str = "gpt-realtime"
    opened_at: int = 0
    number: int = 1
    items: Items = field(default_factory=Items)
    _session: Event = field(default_factory=dict)
    _ledger: Ledger = field(default_factory=Ledger)
    _hears: OpenAIRealtime = field(default_factory=OpenAIRealtime)
    _events: int = 0
    _responses: int = 0
    _response: Spoken | None = None
    _begun: bool = False
    _calling: bool = False
    _called: tuple[Reply, Pcm] | None = None
    _buffer_s: float = 0.0
    _user_item: str = ""

    @property
    def _busy(self) -> bool:
        """Whether a response is under way."""
        return self._calling or self._response is not None

    def greet(self, now_s: float) -> list[Action]:
        """Return the session as it stands before it was configured."""
        expires_at = self.opened_at + LONGEST_S
        self._session = say.session(f"sess_emulated_{self.number}", self.model, expires_at=expires_at)
        expiry_s = self.faults.seconds("session-expiry")
        if expiry_s is not None:
            self.agenda.add(now_s + expiry_s, lambda _: self._expired())
        return self._sent([{"type": "session.created", "session": deepcopy(self._session)}])

    def broken(self, what: str, now_s: float) -> list[Action]:  # noqa: ARG002 - an error is told at once
        """Return the error that a frame is no event."""
        return self._refused(f"Could not parse your event: {what}", code="invalid_json")

    def take(self, message: Mapping[str, Any], now_s: float) -> list[Action]:
        """Return what is done about an event of the client."""
        match text_of(message.get("type")):
            case "session.update":
                return self._updated(message)
            case "input_audio_buffer.append":
                return self._appended(message, now_s)
            case "input_audio_buffer.commit":
                return self._committed(message)
            case "input_audio_buffer.clear":
                self._buffer_s = 0.0
                return self._sent([{"type": "input_audio_buffer.cleared"}])
            case "response.create":
                return self._asked(message, now_s)
            case "response.cancel":
                return self._cancelled(message)
            case kind if kind.startswith("conversation.item."):
                if text := self.items.text_of(message):
                    self._ledger.read(text)
                return self._sent(self.items.take(kind, message))
            case kind:
                answers = text_of(message.get("event_id")) or None
                return self._refused(
                    f"Invalid value: '{kind}'. It is no event of a client.",
                    code="invalid_value",
                    param="type",
                    to=answers,
                )

    def user_started(self, heard: Heard, now_s: float) -> list[Action]:  # noqa: ARG002 - it is told at once
        """Return that speech has started, and that the response is cancelled."""
        self._user_item = self.items.new_id()
        events = [
            {"type": "input_audio_buffer.speech_started", "audio_start_ms": heard.audio_ms, "item_id": self._user_item}
        ]
        actions = self._sent(events)
        if self._detection("interrupt_response") is not False:
            actions += self._stopped("turn_detected")
        return actions

    def user_stopped(self, heard: Heard, now_s: float) -> list[Action]:
        """Return that speech has stopped; the turn is committed and, unless the client forbids it, answered."""
        item = self._user_item or self.items.new_id()
        stopped = {"type": "input_audio_buffer.speech_stopped", "audio_end_ms": heard.audio_ms, "item_id": item}
        actions = self._sent([stopped, *self._user_turn(item)])
        if self._detection("create_response") is not False and not self._busy:
            actions += self._answer(now_s, spoken_to=item)
        return actions

    def _detection(self, key: str) -> Any:
        return look(self._session, "audio", "input", "turn_detection", key)

    def _updated(self, message: Mapping[str, Any]) -> list[Action]:
        asked = message.get("session")
        answers = text_of(message.get("event_id")) or None
        if not isinstance(asked, dict):
            return self._refused(
                "Missing required parameter: 'session'.", code="missing_required_parameter", to=answers
            )
        if asked.get("type") != "realtime":
            # What the flat sessions of the beta get today.
            text = "Missing required parameter: 'session.type'."
            return self._refused(text, code="missing_required_parameter", param="session.type", to=answers)
        self._session = _merged(self._session, asked)
        self._ledger.read(text_of(asked.get("instructions")))
        event = {"type": "session.updated", "session": deepcopy(self._session)}
        self._hears.receive("down", event)
        return self._sent([event])

    def _appended(self, message: Mapping[str, Any], now_s: float) -> list[Action]:
        actions: list[Action] = []
        for sound in self._hears.receive("up", message):
            if not isinstance(sound, Audio):
                text = "Invalid 'audio'. Expected base64-encoded audio bytes."
                return self._refused(
                    text, code="invalid_value", param="audio", to=text_of(message.get("event_id")) or None
                )
            self._buffer_s += sound.frames / sound.rate_hz
            if look(self._session, "audio", "input", "turn_detection") is not None:
                samples = decode(sound.payload, sound.encoding)
                actions += self.hear(samples, rate_hz=sound.rate_hz, vad=self._vad(), now_s=now_s)
        return actions

    def _vad(self) -> Vad:
        vad = self.script.scenario.vad
        silence, prefix = (
            number_of(self._detection("silence_duration_ms")),
            number_of(self._detection("prefix_padding_ms")),
        )
        return replace(
            vad,
            silence_ms=vad.silence_ms if silence is None else int(silence),
            prefix_ms=vad.prefix_ms if prefix is None else int(prefix),
        )

    def _committed(self, message: Mapping[str, Any]) -> list[Action]:
        if self._buffer_s * 1000 < SHORTEST_COMMIT_MS:
            text = (
                "Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, "
                f"but buffer only has {self._buffer_s * 1000:.2f}ms of audio."
            )
            to = text_of(message.get("event_id")) or None
            return self._refused(text, code="input_audio_buffer_commit_empty", to=to)
        return self._sent(self._user_turn(self.items.new_id()))

    def _user_turn(self, item_id: str) -> Iterable[Event]:
        """Return the events of a turn of the user that is complete."""
        self._ledger.heard(self._buffer_s)
        self._buffer_s = 0.0
        self._user_item = ""
        yield {"type": "input_audio_buffer.committed", "previous_item_id": self.items.last_id, "item_id": item_id}
        yield from self.items.added(say.user_item(item_id))

    def _asked(self, message: Mapping[str, Any], now_s: float) -> list[Action]:
        if self._busy:
            text = f"Conversation already has an active response in progress: resp_{self.number}_{self._responses}."
            to = text_of(message.get("event_id")) or None
            return self._refused(text, code="conversation_already_has_active_response", to=to)
        given = look(message, "response", "metadata")
        return self._answer(now_s, metadata=given if isinstance(given, dict) else None)

    def _answer(self, now_s: float, *, spoken_to: str = "", metadata: Event | None = None) -> list[Action]:
        """Begin the next response: one that a function was called for goes on, or else the next turn."""
        again, self._called = self._called, None
        reply, pcm = again or self.next_reply()
        self._responses += 1
        response_id = f"resp_{self.number}_{self._responses}"
        place = say.Place(response_id=response_id, item_id=self.items.new_id(), metadata=metadata)
        created = {"type": "response.created", "response": say.response(place, "in_progress")}
        begins_s = now_s + reply.delay_s
        if spoken_to and reply.heard:
            heard = self._transcript(spoken_to, reply.heard)
            self.agenda.add(now_s + reply.delay_s / 2, lambda _: self._sent(heard))
        if reply.tool is not None and again is None:
            self._calling = True
            self.agenda.add(begins_s, lambda _: self._call(place, reply, pcm))
        else:
            self._speak(place, reply, pcm, begins_s)
        return self._sent([created])

    def _transcript(self, item_id: str, text: str) -> list[Event]:
        if look(self._session, "audio", "input", "transcription") is None:
            return []
        kind = "conversation.item.input_audio_transcription"
        usage = {"type": "duration", "seconds": 1.0}
        return [
            {"type": f"{kind}.delta", "item_id": item_id, "content_index": 0, "delta": text},
            {"type": f"{kind}.completed", "item_id": item_id, "content_index": 0, "transcript": text, "usage": usage},
        ]

    def _call(self, place: say.Place, reply: Reply, pcm: Pcm) -> list[Action]:
        """Return the call of a function; what follows comes when the client has asked for it."""
        self._calling = False
        if reply.tool is None:
            return []
        self._called = (reply, pcm)
        events = list(called(place, reply.tool, f"call_{self._responses}", self._ledger, self.items.last_id))
        self.items.keep(events[-1]["response"]["output"][0])
        return self._sent(events)

    def _speak(self, place: say.Place, reply: Reply, pcm: Pcm, begins_s: float) -> None:
        kind = text_of(look(self._session, "audio", "output", "format", "type"))
        encoding, rate_hz = FORMATS.get(kind, ("pcm_16", RATE_HZ))
        speech = self.rehearse(reply, pcm, begins_s, rate_hz=rate_hz)
        spoken = self._response = Spoken(place, speech, encoding)
        self._begun = False
        self.agenda.add(begins_s, lambda _: self._began(spoken), spoken=True)
        for chunk in speech.chunks:
            self.agenda.add(begins_s + chunk.after_s, lambda _: self._sent([spoken.sound()]), spoken=True)
        for after_s, words in speech.pieces:
            self.agenda.add(begins_s + after_s, lambda _, w=words: self._sent([spoken.words(w)]), spoken=True)  # type: ignore[misc]
        self.agenda.add(begins_s + speech.duration_s, lambda _: self._ended(None), spoken=True)

    def _began(self, spoken: Spoken) -> list[Action]:
        previous_id = self.items.last_id
        self._begun, speech = True, spoken.speech
        self.items.keep(spoken.item(cancelled=False), audio_ms=lambda: round(speech.sent_s * 1000))
        return self._sent(spoken.begin(previous_id))

    def _ended(self, reason: str | None) -> list[Action]:
        spoken, self._response = self._response, None
        if spoken is None:
            return []
        events = list(spoken.end(previous_id=self.items.before(spoken.place.item_id), cancelled=reason is not None))
        done = spoken.done(self._ledger, reason=reason)
        if self._begun:
            self.items.known[spoken.place.item_id] = spoken.item(cancelled=reason is not None)
        # Nothing was begun of a response that is cancelled before its first sound.
        return self._sent([*(events if self._begun else []), done, say.rate_limits(100_000 - self._events)])

    def _stopped(self, reason: str) -> list[Action]:
        """Return that the response is cancelled, if there is one."""
        spoken = self._response
        if spoken is None:
            return []
        self.agenda.hush()
        speaks = "interrupted-with-audio" in self.faults and self._begun
        stale = min(STALE_CHUNKS, len(spoken.speech.chunks)) if speaks else 0
        return [*self._ended(reason), *self._sent(spoken.sound() for _ in range(stale))]

    def _cancelled(self, message: Mapping[str, Any]) -> list[Action]:
        if self._response is None:
            text = "Cancellation failed: no active response found"
            return self._refused(text, code="response_cancel_not_active", to=text_of(message.get("event_id")) or None)
        return self._stopped("client_cancelled")

    def _expired(self) -> list[Action]:
        return [*self._refused(EXPIRED, code="session_expired"), Close(code=1001, reason=EXPIRED)]

    def _refused(self, text: str, *, code: str, param: str | None = None, to: str | None = None) -> list[Action]:
        return self._sent([say.error(text, code=code, param=param, answers=to)])

    def _sent(self, events: Iterable[Event]) -> list[Action]:
        """Return events as messages, numbered as they leave."""
        actions: list[Action] = []
        for event in events:
            self._events += 1
            actions.append(Send(message={"type": event["type"], "event_id": f"event_{self._events}"} | event))
        return actions


def _merged(settings: Mapping[str, Any], asked: Mapping[str, Any]) -> Event:
    """Return settings with what was asked for put over them, object by object."""
    merged = dict(settings)
    for key, value in asked.items():
        known = merged.get(key)
        merged[key] = _merged(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return merged
