"""A page's recording that outlives its connection: a tunnel breaks, a laptop sleeps, and the page comes back.

The page keeps every chunk until the sink has said that it has it. Where the connection breaks, the sink keeps the
recording open for a while; the page connects again with the token that it was given, hears how many chunks have come,
and sends the others once more. So nothing is lost and nothing is there twice.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from voicediag.live.microphone.take import LEFT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from voicediag.live.microphone.take import Answer, Take

# The page holds two minutes of two tracks; who is away for longer has lost sound anyway.
PATIENCE_S: Final = 120.0
# Half a second of chunks: what a page keeps, and sends once more, besides those that were lost on the way.
KEPT_EVERY: Final = 25
# A chunk begins with its number.
NUMBER_BYTES: Final = 4


@dataclass(slots=True, eq=False)
class Line:
    """A page that records, through one connection or several.

    Parameters
    ----------
    take : Take
    patience_s : float
        How long it may be away.
    """

    take: Take
    patience_s: float = PATIENCE_S
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    _came: int = 0
    _connection: int = 0
    _waits: asyncio.TimerHandle | None = None

    def opened(self) -> int:
        """Take the next connection, which stands in for all before; return its number."""
        self._connection += 1
        if self._waits:
            self._waits.cancel()
            self._waits = None
        return self._connection

    def returned(self, token: str) -> Mapping[str, Any] | None:
        """Return what to say to a page that comes back, or None where it is none of this recording."""
        is_ours = hmac.compare_digest(token.encode(), self.token.encode())
        return (
            {"type": "resumed", "came": self._came} if is_ours and self.take.call and not self.over.is_set() else None
        )

    def hear(self, data: str | bytes) -> Answer | None:
        """Take one message and return what is to be answered."""
        answer = self.take.hear(data)
        if answer and answer["type"] == "recording":
            return {**answer, "resume": self.token}
        if answer or isinstance(data, str):
            return answer
        self._came = max(self._came, int.from_bytes(data[:NUMBER_BYTES], "little") + 1)
        return {"type": "kept", "came": self._came} if self._came % KEPT_EVERY == 0 else None

    def closed(self, connection: int, code: int | None) -> None:
        """Wait for a page whose connection broke; end the recording of one that was left or has ended."""
        if connection != self._connection:
            return
        if self.take.call is None or code in LEFT:
            self.end(code)
        else:
            self._waits = asyncio.get_running_loop().call_later(self.patience_s, self.end, code)

    def end(self, code: int | None) -> None:
        """End the recording, if it has not ended."""
        self.take.gone(code)
        self.over.set()
