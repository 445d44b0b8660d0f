"""Twilio Media Streams: what a message means.

Twilio is the client here: it dials the app's server and passes a call on. Up goes what comes from Twilio, the caller's
sound before all; down goes what the app sends: the agent's sound, which Twilio buffers and plays in order, ``mark``,
which comes back once everything before it was played or cleared, and ``clear``, which empties the buffer.

No model speaks on this wire, so that it tells nothing of setups, tools or interruptions of a model.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from voicediag.protocols.conversation import look, named, rate_of, sound_in, spelt, text_of
from voicediag.protocols.events import Audio, Event, Fact, Malformed, TurnTaking
from voicediag.protocols.twilio_payload import PayloadWatch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from voicediag.protocols.events import Encoding
    from voicediag.session import TrackName
    from voicediag.session.events import Direction

RATE_HZ = 8_000
# Twilio knows one encoding; services that took its protocol over know more.
_ENCODINGS: Final[dict[str, Encoding]] = {
    "audio/x-mulaw": "mulaw",
    "audio/pcmu": "mulaw",
    "audio/x-alaw": "alaw",
    "audio/pcma": "alaw",
    "audio/l16": "pcm_16",
    "audio/x-l16": "pcm_16",
}
_EVENTS = frozenset({"start", "media", "mark", "dtmf", "stop", "clear"})
_FROM_THE_APP = frozenset({"media", "mark", "clear"})
# Of these messages Twilio does nothing.
NOT_TAKEN = frozenset({
    "media-before-start", "message-before-start", "message-without-stream-sid", "wrong-stream-sid", "unknown-event",
    "media-without-payload", "mark-without-name",
})  # fmt: skip
# One message of each kind shows a slip; a call has a hundred thousand.
MOST_SLIPS = 20
MOST_STREAMS = 100
LONGEST_NUMBER = 15


class TwilioMedia:
    """A conversation with Twilio Media Streams.

    It follows the first stream that it meets. Messages of another one, where a log holds several calls, are left out
    and said to be.
    """

    provider = "twilio-media-streams"

    def __init__(self, most_slips: int = MOST_SLIPS) -> None:
        self._most_slips = most_slips
        self._encoding: Encoding = "mulaw"
        self._rate_hz = RATE_HZ
        self._stream = ""
        self._others: set[str] = set()
        self._said: Counter[str] = Counter()
        self._begun = self._connected = self._started = False
        self._watch = PayloadWatch()

    @staticmethod
    def speaks(message: Mapping[str, Any]) -> bool:
        """Whether a message is of this protocol."""
        event = text_of(message.get("event"))
        if event == "connected":
            return "protocol" in message
        return event in _EVENTS and _sid(message) != ""

    def receive(self, direction: Direction, message: Mapping[str, Any]) -> list[Event]:
        """Return what `message` meant."""
        begins, self._begun = not self._begun, True
        told: list[Event] = [Fact(kind="telephone", id=_sid(message))] if begins else []
        if not self._is_ours(direction, _sid(message)):
            return [*told, *self._left_out()]
        return [*told, *(self._sent(message) if direction == "up" else self._received(message))]

    @staticmethod
    def without_audio(message: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return `message` with its sound cut out."""
        if not isinstance(look(message, "media", "payload"), str):
            return message
        key = spelt(message, "media")
        return {**message, key: {**message[key], "payload": ""}}

    def _is_ours(self, direction: Direction, stream: str) -> bool:
        """Whether a message is of the stream that is followed; a name that Twilio never gave is the app's slip."""
        if not self._stream and not (direction == "down" and self._connected):
            self._stream = stream
        if direction == "up" and stream not in ("", self._stream):
            if len(self._others) < MOST_STREAMS:
                self._others.add(stream)
            return False
        return stream not in self._others

    def _left_out(self) -> Iterator[Malformed]:
        self._said["another stream"] += 1
        if self._said["another stream"] == 1:
            yield Malformed(what="another call's stream in the same log; it is left out: write one log a call")

    def _sent(self, message: Mapping[str, Any]) -> Iterator[Event]:
        """Yield what Twilio said."""
        match text_of(message.get("event")):
            case "connected":
                self._connected = True
            case "start":
                self._started = True
                self._adopt(look(message, "start", "mediaFormat"))
            case "stop":
                yield Fact(kind="hung-up")
            case "media":
                of_agent = text_of(look(message, "media", "track")) == "outbound"
                yield from self._sound("agent-played" if of_agent else "user-sent", message)

    def _received(self, message: Mapping[str, Any]) -> Iterator[Event]:
        """Yield what the app said, and what Twilio would not take."""
        event = text_of(message.get("event"))
        misplaced = list(self._misplaced(message, event))
        yield from misplaced
        if event == "media":
            yield from self._sound("agent-received", message)
        elif event == "mark" and not text_of(look(message, "mark", "name")):
            yield from self._slip("mark-without-name")
        elif event == "clear" and not misplaced:
            # A clear that names no stream of Twilio's clears nothing.
            yield TurnTaking(kind="interrupted")

    def _misplaced(self, message: Mapping[str, Any], event: str) -> Iterator[Fact]:
        stream = _sid(message)
        if event not in _FROM_THE_APP:
            yield from self._slip("unknown-event", event)
        elif self._connected and not self._started:
            yield from self._slip("media-before-start" if event == "media" else "message-before-start", event)
        elif not stream:
            yield from self._slip("message-without-stream-sid", event)
        elif self._stream and stream != self._stream:
            yield from self._slip("wrong-stream-sid", stream)

    def _sound(self, track: TrackName, message: Mapping[str, Any]) -> Iterator[Event]:
        media = look(message, "media")
        if look(media, "payload") is None:
            if track == "agent-received":
                yield from self._slip("media-without-payload")
            return
        sounds = sound_in(
            look(media, "payload"),
            track,
            rate_hz=self._rate_hz,
            encoding=self._encoding,
            starts_ms=_milliseconds(look(media, "timestamp")),
        )
        for sound in sounds:
            if isinstance(sound, Audio) and track == "agent-received" and self._encoding == "mulaw":
                for slip in self._watch.slips(sound.payload):
                    yield from self._slip(slip)
            yield sound

    def _adopt(self, form: object) -> None:
        encoding = text_of(look(form, "encoding")).lower()
        self._encoding = _ENCODINGS.get(encoding, self._encoding)
        self._rate_hz = rate_of(look(form, "sampleRate"), usual_hz=RATE_HZ)

    def _slip(self, name: str, about: str = "") -> Iterator[Fact]:
        self._said[name] += 1
        if self._said[name] <= self._most_slips:
            yield named("slip", about, name)


def _sid(message: Mapping[str, Any]) -> str:
    """Return the stream that a message names, or nothing."""
    return text_of(look(message, "streamSid")) or text_of(look(message, "start", "streamSid"))


def _milliseconds(value: object) -> float | None:
    """Return a time that Twilio writes as text, or None."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else text_of(value)
    return float(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER else None
