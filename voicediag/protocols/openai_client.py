"""OpenAI Realtime: what an app says, as the general release names it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from voicediag.protocols.conversation import look, text_of
from voicediag.protocols.dialect import Address, ToolCall
from voicediag.protocols.openai_realtime import PCM_RATE_HZ

if TYPE_CHECKING:
    from collections.abc import Mapping

    from voicediag.protocols.dialect import Message

MODEL: Final = "gpt-realtime-2.1"
TRANSCRIBER: Final = "gpt-4o-mini-transcribe"
MILLISECONDS: Final = 1_000


@dataclass(slots=True)
class OpenAIDialect:
    """An app's side of OpenAI Realtime.

    Parameters
    ----------
    model : str
    instructions : str
        What the model is told to be; empty: nothing.
    """

    model: str = MODEL
    instructions: str = ""
    provider: str = "openai-realtime"
    up_rate_hz: int = PCM_RATE_HZ
    down_rate_hz: int = PCM_RATE_HZ
    _item: str = ""
    _began: int = 0
    _cut: set[str] = field(default_factory=set)

    def address(self, base_url: str, key: str) -> Address:
        """Return where to connect to; keys and client secrets travel in the same header."""
        query = urlencode({"model": self.model})
        return Address(url=f"{base_url.rstrip('/')}/realtime?{query}", headers={"Authorization": f"Bearer {key}"})

    def opening(self) -> list[Message]:
        """Return the session's settings; after a loss they have to be said again, to a session that knows no item."""
        self._item = ""
        form = {"type": "audio/pcm", "rate": PCM_RATE_HZ}
        hears = {"format": form, "transcription": {"model": TRANSCRIBER}, "turn_detection": {"type": "server_vad"}}
        session: dict[str, Any] = {
            "type": "realtime",
            "output_modalities": ["audio"],
            "audio": {"input": hears, "output": {"format": form}},
        }
        if self.instructions:
            session["instructions"] = self.instructions
        return [{"type": "session.update", "session": session}]

    def is_ready(self, message: Mapping[str, Any]) -> bool:
        """Whether the settings were taken."""
        return message.get("type") == "session.updated"

    def greeting(self, text: str) -> list[Message]:
        """Return an item of the user's and the request to answer it."""
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
        return [{"type": "conversation.item.create", "item": item}, {"type": "response.create"}]

    def sound(self, data: str) -> Message:
        """Return a chunk of the user's sound."""
        return {"type": "input_audio_buffer.append", "audio": data}

    def calls(self, message: Mapping[str, Any]) -> list[ToolCall]:
        """Return the call that an item holds once it is whole."""
        item = look(message, "item")
        if message.get("type") != "response.output_item.done" or look(item, "type") != "function_call":
            return []
        return [ToolCall(id=text_of(item.get("call_id")), name=text_of(item.get("name")), args=_args(item))]

    def tool_result(self, call: ToolCall, output: Mapping[str, Any]) -> list[Message]:
        """Return the output and the request to go on: the model says nothing of it by itself."""
        item = {"type": "function_call_output", "call_id": call.id, "output": json.dumps(dict(output))}
        return [{"type": "conversation.item.create", "item": item}, {"type": "response.create"}]

    def note(self, message: Mapping[str, Any], received: int) -> None:
        """Remember which item is being said, and where its sound began."""
        if message.get("type") != "response.output_audio.delta":
            return
        item = text_of(look(message, "item_id"))
        if item != self._item:
            self._item, self._began = item, received

    def breaks_in(self, message: Mapping[str, Any]) -> bool:
        """Whether speech was heard; a response that is under way is cancelled by the service itself."""
        return message.get("type") == "input_audio_buffer.speech_started"

    def cut(self, *, played: int, received: int) -> list[Message]:
        """Return where the item that is being said was cut; nothing where all or none of it was heard."""
        self._cut.add(self._item)
        heard_ms = (played - self._began) * MILLISECONDS // PCM_RATE_HZ
        if not self._item or heard_ms <= 0 or played >= received:
            return []
        cut = {"item_id": self._item, "content_index": 0, "audio_end_ms": heard_ms}
        return [{"type": "conversation.item.truncate", **cut}]

    def is_stale(self, message: Mapping[str, Any]) -> bool:
        """Whether this is sound of an item that was cut: some is on its way when a response is cancelled."""
        return text_of(look(message, "item_id")) in self._cut


def _args(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a call hands over; a model now and then writes no JSON."""
    try:
        args = json.loads(text_of(item.get("arguments")))
    except (ValueError, RecursionError):
        return {}
    return args if isinstance(args, dict) else {}
