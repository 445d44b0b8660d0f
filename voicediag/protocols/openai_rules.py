"""OpenAI Realtime's rules: what the service expects, and where that is written down."""

from __future__ import annotations

from typing import Final

from voicediag.protocols.lint import ODD_BYTES, WAV_IN_PCM
from voicediag.session import Rule

REFERENCE = "platform.openai.com/docs/api-reference"
_ANSWERED_WITH_ERROR: Final = frozenset({"provider-error"})

BETA: Final = Rule(
    id="beta-api",
    expected="the names of the general release",
    consequence="the beta ended on 2026-05-12: since then the service closes with 4000 (beta_api_shape_disabled)",
    remedy="Drop the header OpenAI-Beta, nest the session (type, output_modalities, audio.input.format), and read "
    "response.output_audio.delta. A log from before that day was right in its time.",
    source="github.com/langwatch/scenario#604, github.com/TanStack/ai#586",
    weight="high",
    explains=frozenset({"silent-connect", "dropped-connection", *_ANSWERED_WITH_ERROR}),
)
NO_TYPE: Final = Rule(
    id="session-without-type",
    expected='"type": "realtime" in each session.update',
    consequence="the update is refused as a whole",
    remedy='Put "type": "realtime" into the session.',
    source=f"{REFERENCE}/realtime-client-events/session/update",
    explains=_ANSWERED_WITH_ERROR,
)
PCM_RATE: Final = Rule(
    id="pcm-rate-not-24000",
    expected="audio/pcm at 24000, the only rate of that format",
    consequence="the update is refused, or sound is heard at another speed",
    remedy="Resample to 24 kHz, or take audio/pcmu or audio/pcma at 8 kHz.",
    source=f"{REFERENCE}/realtime-client-events/session/update, audio.input.format.rate",
    weight="high",
    explains=_ANSWERED_WITH_ERROR,
)
TRUNCATE_BEYOND: Final = Rule(
    id="truncate-beyond-audio",
    expected="audio_end_ms within the sound of that item that has come",
    consequence="the truncation is refused: the model goes on believing that all of its words were heard",
    remedy="Count the samples of this item that were played, not the time since it began, and start from zero when "
    "item_id changes.",
    source="github.com/twilio-samples/speech-assistant-openai-realtime-api-python#45, "
    "github.com/pipecat-ai/pipecat#3677",
    weight="high",
    explains=_ANSWERED_WITH_ERROR,
)
TRUNCATE_EARLY: Final = Rule(
    id="truncate-before-audio",
    expected="no truncation of an item of which no sound has come",
    consequence="the truncation is refused, and sessions have been silent from there on",
    remedy="Cancel the response instead; truncate only what was played.",
    source="github.com/pipecat-ai/pipecat#3677, github.com/livekit/agents#6157",
    weight="high",
    explains=_ANSWERED_WITH_ERROR,
)
STALE_AUDIO: Final = Rule(
    id="audio-after-cancel",
    expected="no sound of a response that was cancelled, or of an item that was truncated",
    consequence="a player that takes every delta goes on with words that nobody should hear",
    remedy="Remember which item was cancelled or truncated, and drop its deltas as they come.",
    source=f"{REFERENCE}/realtime-server-events/response/done, by the order of its events",
    weight="low",
)
EMPTY_SESSION: Final = Rule(
    id="new-session-not-configured",
    expected="session.update again on each new connection",
    consequence="the new session knows no instructions, no tools and no voice, and answers all the same",
    remedy="Send session.update after each session.created, a reconnect's too, and the conversation's items after it.",
    source="openai-python 3.52.0, whose on_reconnecting replays nothing",
    weight="high",
)
WEBRTC_CLEAR: Final = Rule(
    id="clear-on-websocket",
    expected="output_audio_buffer.clear over WebRTC or SIP only",
    consequence="the service refuses it: over a WebSocket the player is the app's own",
    remedy="Flush the app's player, then send response.cancel and conversation.item.truncate.",
    source=f"{REFERENCE}/realtime-client-events/output_audio_buffer/clear",
    explains=_ANSWERED_WITH_ERROR,
)
LATE_CANCEL: Final = Rule(
    id="cancel-without-response",
    expected="response.cancel only while a response is under way",
    consequence="the service refuses it and nothing else happens: the response had ended in that moment",
    remedy="Remember response.created and response.done, and cancel in between only.",
    source="the code response_cancel_not_active of the service itself",
    weight="low",
)
RULES: Final = (
    BETA,
    NO_TYPE,
    PCM_RATE,
    TRUNCATE_BEYOND,
    TRUNCATE_EARLY,
    STALE_AUDIO,
    EMPTY_SESSION,
    WEBRTC_CLEAR,
    LATE_CANCEL,
    WAV_IN_PCM,
    ODD_BYTES,
)
