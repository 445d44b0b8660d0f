"""Gemini Live's rules: what the service expects, and where that is written down."""

from __future__ import annotations

from typing import Final

from voicediag.protocols.lint import ODD_BYTES, WAV_IN_PCM
from voicediag.session import Rule

MODEL_38 = "ai.google.dev/gemini-api/docs/models/gemini-3.8-live"
LIVE_GUIDE = "ai.google.dev/gemini-api/docs/live-guide"
_REFUSED: Final = frozenset({"silent-connect", "dropped-connection", "provider-error"})

NO_MODEL: Final = Rule(
    id="setup-without-model",
    expected="a setup that names its model",
    consequence="the service closes, or says nothing",
    remedy="Name the model in the setup, as models/...",
    source="ai.google.dev/api/live, BidiGenerateContentSetup",
    weight="high",
    # Whoever leaves it out hears nothing: that detector tells the story.
    fault="silent-connect",
)
SETUP_NOT_FIRST: Final = Rule(
    id="setup-not-first",
    expected="the setup as the first message of a connection",
    consequence="the service refuses what came before it",
    remedy="Send the setup as soon as the connection is open, and hold the microphone back until setupComplete.",
    source="ai.google.dev/api/live, the first message",
    weight="high",
    explains=_REFUSED,
)
WRONG_CONFIG: Final = Rule(
    id="config-not-for-model",
    expected="no field that the model does not take",
    consequence="the service refuses the setup",
    remedy="Leave the field out for this model: Gemini 3.8 Live has no thinkingLevel and no affective dialog, its "
    "proactive audio cannot be switched off, and it answers in audio only.",
    source=f"{MODEL_38}, what to change when migrating",
    weight="high",
    explains=_REFUSED,
)
NULL_HANDLE: Final = Rule(
    id="null-resumption-handle",
    expected="a handle, or no handle at all",
    consequence="a 2.5 model refuses the first connection with 1008",
    remedy="Leave handle out until the service has given one: sessionResumption is {} in the first setup.",
    source="github.com/livekit/agents#5102",
    explains=_REFUSED,
)
SNAKE_KEYS: Final = Rule(
    id="snake-case-keys",
    expected="the protocol's keys in camelCase",
    consequence="Google's SDKs do not read it: the Python one raises, in JavaScript connect() never resolves",
    remedy="Find what stands between the app and the service: Google sends camelCase, a proxy or a mock does not. A "
    "client of one's own reads both spellings.",
    source="google-genai 3.4.0 and @google/genai 3.1.0 against a server that does so",
    weight="high",
    explains=_REFUSED,
)
NO_RATE: Final = Rule(
    id="mime-without-rate",
    expected="audio/pcm;rate=16000, or the rate that the samples have",
    consequence="the service takes 16,000 samples a second for granted, and at any other rate hears another voice",
    remedy="Write the rate into the MIME type of each chunk, even where it is 16000.",
    source=f"{LIVE_GUIDE}, audio formats; github.com/mastra-ai/mastra#23722",
    # Google's own example leaves it out: at 16 kHz it hurts nobody.
    weight="info",
)
RESULT_WITHOUT_ID: Final = Rule(
    id="tool-result-without-id",
    expected="the id of the call in each functionResponse",
    consequence="the service cannot tell which call was answered, and the model waits on",
    remedy="Copy the id of the functionCall into its functionResponse.",
    source="google-genai, which refuses to send it",
    weight="high",
    explains=frozenset({"unanswered-tool-call", *_REFUSED}),
)
NO_ACTIVITY: Final = Rule(
    id="no-activity-signals",
    expected="activityStart and activityEnd around what the user says, as its own detection is switched off",
    consequence="the model never learns that somebody speaks, and does not answer",
    remedy="Send activityStart and activityEnd, or leave automaticActivityDetection.disabled out.",
    source="ai.google.dev/api/live, AutomaticActivityDetection.disabled",
    weight="high",
    explains=frozenset({"silent-connect"}),
)
HANDLE_UNUSED: Final = Rule(
    id="handle-not-used",
    expected="the newest handle in the setup of the next connection",
    consequence="the new session knows nothing of what was said, or only a part of it",
    remedy="Keep the newHandle of each sessionResumptionUpdate that is resumable, and put the last one into "
    "sessionResumption.handle of the next setup.",
    source="ai.google.dev/gemini-api/docs/live-session, session resumption",
)
RULES: Final = (
    NO_MODEL,
    SETUP_NOT_FIRST,
    WRONG_CONFIG,
    NULL_HANDLE,
    SNAKE_KEYS,
    NO_RATE,
    RESULT_WITHOUT_ID,
    NO_ACTIVITY,
    HANDLE_UNUSED,
    WAV_IN_PCM,
    ODD_BYTES,
)
