"""A staged scene in OpenAI Realtime's messages, general release."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from recipe.messages import Message, audio_of, pieces
from recipe.stage import Heard, Reply, Staged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from recipe.script import Scene

MODEL = "gpt-realtime-2.1"
PREFIX_MS = 300
SILENCE_MS = 500
# How long after it the server says what it detected.
DETECT_S = 0.18
# From the notice that somebody speaks to the player's flush.
STOPS_AFTER_S = 0.01
TRANSCRIPT_LAG_S = 0.21
USER_TOKENS_PER_S = 10
AGENT_TOKENS_PER_S = 20
PCM = {"type": "audio/pcm", "rate": 24_000}


def opening(scene: Scene) -> Iterator[Message]:
    """Yield the session's start, agreed before the microphone's first chunk is full."""
    detection = {
        "type": "server_vad",
        "threshold": 0.5,
        "prefix_padding_ms": PREFIX_MS,
        "silence_duration_ms": SILENCE_MS,
        "create_response": True,
        "interrupt_response": True,
        **scene.options,
    }
    session = {
        "type": "realtime",
        "model": MODEL,
        "instructions": scene.instructions,
        "output_modalities": ["audio"],
        "audio": {
            "input": {
                "format": PCM,
                "turn_detection": detection,
                "transcription": {"model": "gpt-4o-mini-transcribe"},
            },
            "output": {"format": PCM, "voice": "marin"},
        },
    }
    created = {"type": "realtime", "object": "realtime.session", "model": MODEL, "output_modalities": ["audio"]}
    yield Message(at_s=0.0, up=False, body={"type": "session.created", "session": created})
    yield Message(at_s=0.004, up=True, body={"type": "session.update", "session": session})
    updated = {**session, "object": "realtime.session"}
    yield Message(at_s=0.032, up=False, body={"type": "session.updated", "session": updated})


def chunk_up(at_s: float, frame: int, frames: int) -> Message:
    """Return a chunk of the microphone."""
    body = {"type": "input_audio_buffer.append", "audio": ""}
    return Message(at_s=at_s, up=True, body=body, audio=audio_of("user-sent", frame, frames))


def conversation(staged: Staged) -> Iterator[Message]:
    """Yield what the turns look like on the wire."""
    numbers = count(1)
    previous: str | None = None
    for turn in staged.turns:
        item = f"item_{next(numbers)}"
        if isinstance(turn, Heard):
            yield from _heard(turn, item, previous, _noticed_s(turn, staged))
        else:
            yield from _Response(turn, item, f"resp_{item.removeprefix('item_')}", previous).messages()
        previous = item


def _noticed_s(turn: Heard, staged: Staged) -> float:
    """Return when the service hears that somebody speaks: at once before it stops a reply because of it."""
    stops = [reply.stop_s for reply in staged.replies if reply.stop_s is not None]
    near = [stop_s for stop_s in stops if turn.start_s <= stop_s <= turn.end_s + turn.silence_s]
    return near[0] - STOPS_AFTER_S if near else turn.start_s + DETECT_S


def _heard(turn: Heard, item: str, previous: str | None, noticed_s: float) -> Iterator[Message]:
    def down(at_s: float, kind: str, **fields: Any) -> Message:
        return Message(at_s=at_s, up=False, body={"type": kind, **fields})

    start_ms = max(0, round(turn.start_s * 1_000) - PREFIX_MS)
    end_ms = round(turn.end_s * 1_000) + round(turn.silence_s * 1_000)
    end_s = turn.end_s + turn.silence_s
    yield down(noticed_s, "input_audio_buffer.speech_started", audio_start_ms=start_ms, item_id=item)
    yield down(end_s + 0.02, "input_audio_buffer.speech_stopped", audio_end_ms=end_ms, item_id=item)
    yield down(end_s + 0.021, "input_audio_buffer.committed", previous_item_id=previous, item_id=item)
    content = [{"type": "input_audio", "transcript": None}]
    message = {"id": item, "object": "realtime.item", "type": "message", "status": "completed", "role": "user"}
    added = {**message, "content": content}
    yield down(end_s + 0.022, "conversation.item.added", previous_item_id=previous, item=added)
    yield down(end_s + 0.023, "conversation.item.done", previous_item_id=previous, item=added)
    tokens = round((turn.end_s - turn.start_s) * USER_TOKENS_PER_S)
    usage = {"type": "tokens", "input_tokens": tokens, "output_tokens": len(turn.text.split()), "total_tokens": tokens}
    usage["total_tokens"] = tokens + len(turn.text.split())
    yield down(
        end_s + TRANSCRIPT_LAG_S,
        "conversation.item.input_audio_transcription.completed",
        item_id=item,
        content_index=0,
        transcript=turn.text,
        usage=usage,
    )


@dataclass(frozen=True)
class _Response:
    """A response and the names that its messages share."""

    turn: Reply
    item: str
    response: str
    previous: str | None

    @property
    def _place(self) -> dict[str, Any]:
        return {"response_id": self.response, "item_id": self.item, "output_index": 0, "content_index": 0}

    def messages(self) -> Iterator[Message]:
        """Yield the messages in order."""
        yield from self._begin()
        texts = pieces(self.turn.text, len(self.turn.chunks))
        texts += [""] * (len(self.turn.chunks) - len(texts))
        for (at_s, frame, frames), text in zip(self.turn.chunks, texts, strict=True):
            if text:
                yield self._down(at_s - 0.004, "response.output_audio_transcript.delta", **self._place, delta=text)
            body = {"type": "response.output_audio.delta", **self._place, "delta": ""}
            audio = audio_of("agent-received", self.turn.frame + frame, frames)
            yield Message(at_s=at_s, up=False, body=body, audio=audio)
        yield from self._end()

    def _begin(self) -> Iterator[Message]:
        at_s = self.turn.first_s
        if self.turn.prompted:
            yield Message(at_s=at_s - 0.55, up=True, body={"type": "response.create"})
        response = {"id": self.response, "object": "realtime.response", "status": "in_progress", "output": []}
        yield self._down(at_s - 0.24, "response.created", response=response)
        item = self._item("in_progress", [])
        yield self._down(
            at_s - 0.06, "response.output_item.added", response_id=self.response, output_index=0, item=item
        )
        yield self._down(at_s - 0.059, "conversation.item.added", previous_item_id=self.previous, item=item)
        part = {"type": "audio", "transcript": ""}
        yield self._down(at_s - 0.02, "response.content_part.added", **self._place, part=part)

    def _end(self) -> Iterator[Message]:
        turn = self.turn
        cancelled = turn.stop_s is not None and turn.stop_s < turn.chunks[-1][0] + 0.25
        at_s = turn.stop_s if cancelled and turn.stop_s is not None else turn.chunks[-1][0] + 0.02
        status = "incomplete" if cancelled else "completed"
        content = [{"type": "output_audio", "transcript": turn.text}]
        yield self._down(at_s, "response.output_audio.done", **self._place)
        said = {**self._place, "transcript": turn.text}
        yield self._down(at_s + 0.001, "response.output_audio_transcript.done", **said)
        part = {"type": "audio", "transcript": turn.text}
        yield self._down(at_s + 0.002, "response.content_part.done", **self._place, part=part)
        item = self._item(status, content)
        done = {"response_id": self.response, "output_index": 0, "item": item}
        yield self._down(at_s + 0.003, "response.output_item.done", **done)
        yield self._down(at_s + 0.004, "conversation.item.done", previous_item_id=self.previous, item=item)
        yield self._down(at_s + 0.005, "response.done", response=self._done(cancelled=cancelled, item=item))
        if turn.stop_s is not None:
            place = {"item_id": self.item, "content_index": 0, "audio_end_ms": (turn.played - turn.stale) // 24}
            yield Message(at_s=turn.stop_s + 0.01, up=True, body={"type": "conversation.item.truncate", **place})
            yield self._down(turn.stop_s + 0.05, "conversation.item.truncated", **place)

    def _done(self, *, cancelled: bool, item: dict[str, Any]) -> dict[str, Any]:
        heard = round(self.turn.first_s * USER_TOKENS_PER_S)
        spoken = round(self.turn.samples.size / 24_000 * AGENT_TOKENS_PER_S)
        reason = {"type": "cancelled", "reason": "turn_detected"} if cancelled else None
        return {
            "id": self.response,
            "object": "realtime.response",
            "status": "cancelled" if cancelled else "completed",
            "status_details": reason,
            "output": [item],
            "usage": {
                "total_tokens": heard + spoken,
                "input_tokens": heard,
                "output_tokens": spoken,
                "input_token_details": {"text_tokens": 0, "audio_tokens": heard, "cached_tokens": 0},
                "output_token_details": {"text_tokens": 0, "audio_tokens": spoken},
            },
        }

    def _item(self, status: str, content: list[dict[str, Any]]) -> dict[str, Any]:
        item = {"id": self.item, "object": "realtime.item", "type": "message", "status": status}
        return {**item, "role": "assistant", "content": content}

    def _down(self, at_s: float, kind: str, **fields: Any) -> Message:
        return Message(at_s=at_s, up=False, body={"type": kind, **fields})
