"""OpenAI Realtime: the events that the service sends, as its general release names them.

Each function returns one event without its ``event_id``, which whoever sends it adds: the service numbers its events in
the order in which they leave.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Event: TypeAlias = dict[str, Any]

# The token rates of the provider's own cost page: a user's token is 100 ms, an assistant's 50 ms.
USER_TOKENS_A_SECOND, AGENT_TOKENS_A_SECOND = 10, 20


def session(session_id: str, model: str, *, expires_at: int) -> Event:
    """Return a session as the service opens it, before anything was configured.

    Parameters
    ----------
    expires_at : int
        Seconds since 1970.
    """
    pcm = {"type": "audio/pcm", "rate": 24_000}
    detection = {
        "type": "server_vad",
        "threshold": 0.5,
        "prefix_padding_ms": 300,
        "silence_duration_ms": 500,
        "create_response": True,
        "interrupt_response": True,
        "idle_timeout_ms": None,
    }
    hears = {"format": dict(pcm), "transcription": None, "noise_reduction": None, "turn_detection": detection}
    return {
        "id": session_id,
        "object": "realtime.session",
        "type": "realtime",
        "model": model,
        "output_modalities": ["audio"],
        "instructions": "",
        "tools": [],
        "tool_choice": "auto",
        "max_output_tokens": "inf",
        "tracing": None,
        "truncation": "auto",
        "audio": {"input": hears, "output": {"format": dict(pcm), "voice": "marin", "speed": 1.0}},
        "expires_at": expires_at,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a delta belongs: the response, its item, and the item's only content.

    Parameters
    ----------
    metadata : mapping, optional
        What the client gave the response; some clients know theirs by it.
    """

    response_id: str
    item_id: str
    metadata: Event | None = None

    def event(self, kind: str, **more: Any) -> Event:
        """Return an event about the content."""
        return self.of_item(kind, content_index=0, **more)

    def of_item(self, kind: str, **more: Any) -> Event:
        """Return an event about the item as a whole."""
        return {"type": kind, "response_id": self.response_id, "item_id": self.item_id, "output_index": 0, **more}


def item_event(kind: str, item: Event, *, response_id: str) -> Event:
    """Return an event that carries a response's item."""
    return {"type": kind, "response_id": response_id, "output_index": 0, "item": item}


def in_conversation(kind: str, item: Event, *, previous_id: str | None) -> Event:
    """Return the news that an item stands in the conversation."""
    return {"type": kind, "previous_item_id": previous_id, "item": item}


def user_item(item_id: str) -> Event:
    """Return what the user said, as an item; its transcript comes later."""
    return _item(item_id, "message", "completed", role="user", content=[{"type": "input_audio", "transcript": None}])


def agent_item(item_id: str, status: str, transcript: str | None) -> Event:
    """Return what the agent says, as an item; without a transcript it has no content yet."""
    said = [] if transcript is None else [{"type": "output_audio", "transcript": transcript}]
    return _item(item_id, "message", status, role="assistant", content=said)


def call_item(item_id: str, status: str, *, call_id: str, name: str, arguments: str) -> Event:
    """Return a call of one function of the app, as an item; `arguments` is JSON text."""
    return _item(item_id, "function_call", status, call_id=call_id, name=name, arguments=arguments)


def content_part(transcript: str) -> Event:
    """Return the content of an item; its type stays ``audio`` here, unlike in the item itself."""
    return {"type": "audio", "transcript": transcript}


def response(
    place: Place,
    status: str,
    *,
    output: Sequence[Event] = (),
    usage: Event | None = None,
    details: Event | None = None,
) -> Event:
    """Return a response in one of its states."""
    return {
        "id": place.response_id,
        "object": "realtime.response",
        "status": status,
        "status_details": details,
        "output": list(output),
        "output_modalities": ["audio"],
        "usage": usage,
        "metadata": place.metadata,
    }


def usage(*, asked: Mapping[str, int], answered: Mapping[str, int], cached: Mapping[str, int]) -> Event:
    """Return the tokens of a response.

    Parameters
    ----------
    asked, answered, cached : mapping of "text" and "audio" to tokens
        What was cached is a part of what was asked.
    """
    into, out = sum(asked.values()), sum(answered.values())
    kept = _tokens(cached)
    details = _tokens(asked) | {"image_tokens": 0, "cached_tokens": sum(cached.values()), "cached_tokens_details": kept}
    return {
        "total_tokens": into + out,
        "input_tokens": into,
        "output_tokens": out,
        "input_token_details": details,
        "output_token_details": _tokens(answered),
    }


def error(message: str, *, code: str, param: str | None = None, answers: str | None = None) -> Event:
    """Return what the service says of an event that it cannot take; `answers` is that event's id."""
    what = {"type": "invalid_request_error", "code": code, "message": message, "param": param, "event_id": answers}
    return {"type": "error", "error": what}


def rate_limits(remaining: int) -> Event:
    """Return what is left of the tokens a minute."""
    limit = {"name": "tokens", "limit": 100_000, "remaining": remaining, "reset_seconds": 0.5}
    return {"type": "rate_limits.updated", "rate_limits": [limit]}


def _item(item_id: str, kind: str, status: str, **more: Any) -> Event:
    return {"id": item_id, "object": "realtime.item", "type": kind, "status": status, **more}


def _tokens(counts: Mapping[str, int]) -> Event:
    return {"text_tokens": counts.get("text", 0), "audio_tokens": counts.get("audio", 0)}
