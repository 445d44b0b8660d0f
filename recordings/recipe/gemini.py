"""A staged scene in Gemini Live's messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recipe.messages import Message, audio_of, pieces
from recipe.stage import Heard, Reply, Staged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from recipe.script import Scene

MODEL = "gemini-3.8-live"
# Transcripts follow what was said; the turn is told complete once the server believes that it was heard.
TRANSCRIPT_LAG_S = 0.22
COMPLETE_LAG_S = 0.06
TOKENS_PER_S = 25


def opening(scene: Scene) -> Iterator[Message]:
    """Yield the setup, answered before the microphone's first chunk is full."""
    setup = {
        "model": f"models/{MODEL}",
        "generationConfig": {"responseModalities": ["AUDIO"]},
        "systemInstruction": {"parts": [{"text": scene.instructions}]},
        "inputAudioTranscription": {},
        "outputAudioTranscription": {},
        **scene.options,
    }
    yield Message(at_s=0.0, up=True, body={"setup": setup})
    yield Message(at_s=0.031, up=False, body={"setupComplete": {}})


def chunk_up(at_s: float, frame: int, frames: int) -> Message:
    """Return a chunk of the microphone."""
    body = {"realtimeInput": {"audio": {"data": "", "mimeType": "audio/pcm;rate=16000"}}}
    return Message(at_s=at_s, up=True, body=body, audio=audio_of("user-sent", frame, frames))


def conversation(staged: Staged) -> Iterator[Message]:
    """Yield what the turns look like on the wire."""
    before: Heard | Reply | None = None
    for turn in staged.turns:
        if isinstance(turn, Reply):
            yield from _reply(turn)
        else:
            # A transcript goes on where it was; a new utterance of the same turn begins with a space.
            yield from _heard(turn, " " if isinstance(before, Heard) else "")
        before = turn


def _heard(turn: Heard, lead: str) -> Iterator[Message]:
    for number, text in enumerate(pieces(turn.text, 3) if turn.text else []):
        at_s = turn.end_s + TRANSCRIPT_LAG_S + 0.07 * number
        said = text if number else lead + text
        yield Message(at_s=at_s, up=False, body=_content(inputTranscription={"text": said}))


def _reply(turn: Reply) -> Iterator[Message]:
    if turn.prompted:
        nudge = {"turns": [{"role": "user", "parts": [{"text": "(The user is waiting.)"}]}], "turnComplete": True}
        yield Message(at_s=turn.first_s - 0.62, up=True, body={"clientContent": nudge})
    texts = iter(_spread(turn))
    for at_s, frame, frames in turn.chunks:
        part = {"inlineData": {"mimeType": "audio/pcm;rate=24000", "data": ""}}
        body = _content(modelTurn={"role": "model", "parts": [part]})
        audio = audio_of("agent-received", turn.frame + frame, frames)
        yield Message(at_s=at_s, up=False, body=body, audio=audio)
        if text := next(texts):
            yield Message(at_s=at_s + 0.003, up=False, body=_content(outputTranscription={"text": text}))
    usage = _usage(turn)
    if turn.stop_s is not None:
        yield Message(at_s=turn.stop_s, up=False, body=_content(interrupted=True))
        yield Message(at_s=turn.stop_s + 0.012, up=False, body={**_content(turnComplete=True), **usage})
        return
    yield Message(at_s=turn.chunks[-1][0] + 0.02, up=False, body=_content(generationComplete=True))
    done_s = turn.first_s + turn.samples.size / 24_000 + COMPLETE_LAG_S
    yield Message(at_s=done_s, up=False, body={**_content(turnComplete=True), **usage})


def _spread(turn: Reply) -> list[str | None]:
    """Return the transcript's piece that follows each chunk, if any."""
    every = 5
    slots = range(0, len(turn.chunks), every)
    texts: list[str | None] = [None] * len(turn.chunks)
    for slot, text in zip(slots, pieces(turn.text, len(slots)), strict=False):
        texts[slot] = text
    return texts


def _content(**fields: Any) -> dict[str, Any]:
    return {"serverContent": fields}


def _usage(turn: Reply) -> dict[str, Any]:
    spoken = round(turn.samples.size / 24_000 * TOKENS_PER_S)
    heard = round(turn.first_s * TOKENS_PER_S)
    return {
        "usageMetadata": {
            "promptTokenCount": heard,
            "responseTokenCount": spoken,
            "totalTokenCount": heard + spoken,
            "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": heard}],
            "responseTokensDetails": [{"modality": "AUDIO", "tokenCount": spoken}],
        }
    }
