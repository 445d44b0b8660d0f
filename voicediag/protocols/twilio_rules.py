"""Twilio Media Streams' rules: what Twilio takes from an app, most of which it drops or plays without a word.

`twilio_media` tells by these names what breaks them, since some can only be told from the bytes of the sound.
"""

from __future__ import annotations

from typing import Final

from voicediag.protocols.twilio_payload import FILE_HEADER, PCM_16, ZERO_BYTES
from voicediag.session import Rule

DOCS: Final = "twilio.com/docs/voice/media-streams/websocket-messages"
_DROPPED: Final = "Twilio drops the message and says so only in the console's debugger"


def _shape(ident: str, expected: str, remedy: str) -> Rule:
    """Return a rule about the form of a message."""
    return Rule(id=ident, expected=expected, consequence=_DROPPED, remedy=remedy, source=DOCS, weight="high")


def _sound(ident: str, consequence: str, remedy: str) -> Rule:
    """Return a rule about the bytes of the sound."""
    expected = "bare mu-law at 8 kHz, mono, as the payload"
    return Rule(id=ident, expected=expected, consequence=consequence, remedy=remedy, source=DOCS, weight="high")


_SID: Final = "Copy streamSid from the start message into every message of that call, and from no other call."
_WAIT: Final = "Wait for the start message before anything is sent: it names the stream."
RULES: Final = (
    _shape("unknown-event", "media, mark or clear from the app", "Send one of these, spelt so, as event."),
    _shape("media-before-start", "no sound before the stream's start", _WAIT),
    _shape("message-before-start", "nothing before the stream's start", _WAIT),
    _shape("message-without-stream-sid", "streamSid in each message", _SID),
    _shape("wrong-stream-sid", "the streamSid that the start message gave", _SID),
    _shape("mark-without-name", "mark.name", "Give each mark a name of its own: it comes back under it."),
    _shape("media-without-payload", "media.payload", "Put the sound, as base64, into media.payload."),
    _sound(
        FILE_HEADER,
        "the header is heard as a click at each message",
        "Cut the file's header off, or ask the speech service for raw mu-law at 8 kHz.",
    ),
    _sound(
        ZERO_BYTES,
        "a zero byte is full scale in mu-law: the pause is heard as a bang",
        "Fill pauses with 0xFF, or send nothing.",
    ),
    _sound(
        PCM_16,
        "16-bit samples are heard as loud noise",
        "Resample to 8 kHz and encode as mu-law before the base64.",
    ),
)
