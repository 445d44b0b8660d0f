"""Gemini Live: the messages that the service sends, built as it sends them.

All keys are camelCase, as in every log of the real service; `snake` makes the hostile variant that hand-written clients
meet in articles only. Nothing here knows when a message is sent.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from voicediag.protocols.gemini_live import DOWN_RATE_HZ

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Message: TypeAlias = dict[str, Any]

_HUMP: Final = re.compile(r"(?<!^)(?=[A-Z])")
# What lies under these is the app's own: its keys are no keys of the protocol.
_OPAQUE: Final = frozenset({"args", "response", "parameters"})


def setup_complete(session_id: str) -> Message:
    """Return the answer to a setup that was accepted."""
    return {"setupComplete": {"sessionId": session_id}}


def resumption(handle: str) -> Message:
    """Return the handle with which the session can be taken up again."""
    return {"sessionResumptionUpdate": {"newHandle": handle, "resumable": True}}


def sound(data: str, *, rate_hz: int = DOWN_RATE_HZ) -> Message:
    """Return a chunk of the agent's sound; `data` is base64 of 16-bit PCM."""
    blob = {"mimeType": f"audio/pcm;rate={rate_hz}", "data": data}
    return content(modelTurn={"role": "model", "parts": [{"inlineData": blob}]})


def content(**parts: Any) -> Message:
    """Return a ``serverContent`` of these parts, which may share one message."""
    return {"serverContent": parts}


def user_words(text: str) -> Message:
    """Return what the service understood of the user."""
    return content(inputTranscription={"text": text})


def agent_words(text: str) -> Message:
    """Return words that the agent's sound says."""
    return content(outputTranscription={"text": text})


def tool_call(call_id: str, name: str, args: Mapping[str, Any]) -> Message:
    """Return a call of one function of the app."""
    return {"toolCall": {"functionCalls": [{"id": call_id, "name": name, "args": dict(args)}]}}


def tool_call_cancellation(ids: Iterable[str]) -> Message:
    """Return the news that these calls need no answer any more."""
    return {"toolCallCancellation": {"ids": list(ids)}}


def go_away(left_s: float) -> Message:
    """Return the notice that the connection ends in `left_s` seconds."""
    return {"goAway": {"timeLeft": f"{left_s:g}s"}}


def usage(*, prompt: Mapping[str, int], response: Mapping[str, int]) -> Message:
    """Return the tokens of a turn, as the part of a message that they ride on.

    Parameters
    ----------
    prompt, response : mapping of modality to tokens
        The prompt is the whole context: Gemini bills it again each turn.
    """
    asked, answered = sum(prompt.values()), sum(response.values())
    counts = {
        "promptTokenCount": asked,
        "responseTokenCount": answered,
        "totalTokenCount": asked + answered,
        "promptTokensDetails": _details(prompt),
        "responseTokensDetails": _details(response),
    }
    return {"usageMetadata": counts}


def snake(message: Any) -> Any:
    """Return a message with the protocol's keys in snake_case; keys inside arguments stay as they are."""
    if isinstance(message, list):
        return [snake(entry) for entry in message]
    if not isinstance(message, dict):
        return message
    return {_snaked(key): value if key in _OPAQUE else snake(value) for key, value in message.items()}


def _snaked(key: str) -> str:
    return _HUMP.sub("_", key).lower()


def _details(tokens: Mapping[str, int]) -> list[Message]:
    return [{"modality": modality, "tokenCount": count} for modality, count in tokens.items() if count]
