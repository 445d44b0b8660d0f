"""Gemini Live: what an app says, in the keys that the service documents (camelCase)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

from voicediag.protocols.conversation import entries, look, text_of
from voicediag.protocols.dialect import Address, ToolCall
from voicediag.protocols.gemini_live import DOWN_RATE_HZ, UP_RATE_HZ

if TYPE_CHECKING:
    from collections.abc import Mapping

    from voicediag.protocols.dialect import Message

MODEL: Final = "gemini-3.8-live"
# Short-lived tokens are taken at one address only; it is the only one that they are documented for.
TOKEN: Final = "auth_tokens/"  # noqa: S105 - how every token begins
_SERVICE: Final = "/ws/google.ai.generativelanguage.{version}.GenerativeService.BidiGenerateContent{constrained}"
# 2.5 starts to speak on clientContent alone; later generations run no inference without some realtime input.
_SPEAKS_ON_CONTENT: Final = "2.5"


@dataclass(slots=True)
class GeminiDialect:
    """An app's side of Gemini Live.

    Parameters
    ----------
    model : str
    instructions : str
        What the model is told to be; empty: nothing.
    """

    model: str = MODEL
    instructions: str = ""
    provider: str = "gemini-live"
    up_rate_hz: int = UP_RATE_HZ
    down_rate_hz: int = DOWN_RATE_HZ
    _handle: str = ""

    def address(self, base_url: str, key: str) -> Address:
        """Return where to connect to: a token goes to the constrained method of v1alpha."""
        token = key.startswith(TOKEN)
        path = _SERVICE.format(version="v1alpha" if token else "v1beta", constrained="Constrained" if token else "")
        # The slash of a token stays as it is, as in Google's own clients.
        query = f"access_token={quote(key, safe='/')}" if token else urlencode({"key": key})
        return Address(url=f"{base_url.rstrip('/')}{path}?{query}")

    def opening(self) -> list[Message]:
        """Return the setup; with the newest handle, so that a connection that was lost is taken up again."""
        setup: dict[str, Any] = {
            "model": f"models/{self.model.removeprefix('models/')}",
            "generationConfig": {"responseModalities": ["AUDIO"]},
            "inputAudioTranscription": {},
            "outputAudioTranscription": {},
            "sessionResumption": {"handle": self._handle} if self._handle else {},
        }
        if self.instructions:
            setup["systemInstruction"] = {"parts": [{"text": self.instructions}]}
        return [{"setup": setup}]

    def is_ready(self, message: Mapping[str, Any]) -> bool:
        """Whether this is the setup's answer."""
        return look(message, "setupComplete") is not None

    def greeting(self, text: str) -> list[Message]:
        """Return what makes this generation of models speak first."""
        turn = {"role": "user", "parts": [{"text": text}]}
        content: Message = {"clientContent": {"turns": [turn], "turnComplete": True}}
        if _SPEAKS_ON_CONTENT in self.model:
            return [content]
        return [content, {"realtimeInput": {"text": " "}}]

    def sound(self, data: str) -> Message:
        """Return a chunk of the user's sound."""
        return {"realtimeInput": {"audio": {"data": data, "mimeType": f"audio/pcm;rate={self.up_rate_hz}"}}}

    def calls(self, message: Mapping[str, Any]) -> list[ToolCall]:
        """Return the calls of a ``toolCall``."""
        return [
            ToolCall(id=text_of(call.get("id")), name=text_of(call.get("name")), args=call.get("args") or {})
            for call in entries(look(message, "toolCall", "functionCalls"))
        ]

    def tool_result(self, call: ToolCall, output: Mapping[str, Any]) -> list[Message]:
        """Return the answer to a call; its id is what the service goes by."""
        answer = {"id": call.id, "name": call.name, "response": dict(output)}
        return [{"toolResponse": {"functionResponses": [answer]}}]

    def note(self, message: Mapping[str, Any], received: int) -> None:  # noqa: ARG002 - the service counts no frames
        """Keep the newest handle that the session can be taken up with."""
        update = look(message, "sessionResumptionUpdate")
        if look(update, "resumable") is True and (handle := text_of(look(update, "newHandle"))):
            self._handle = handle

    def breaks_in(self, message: Mapping[str, Any]) -> bool:
        """Whether the service says so."""
        return look(message, "serverContent", "interrupted") is True

    def cut(self, *, played: int, received: int) -> list[Message]:  # noqa: ARG002 - the service assumes what was played
        """Return nothing: there is no message for it."""
        return []

    def is_stale(self, message: Mapping[str, Any]) -> bool:  # noqa: ARG002 - its messages name no turn
        """Return False: the service sends none once it has said that it was interrupted."""
        return False
