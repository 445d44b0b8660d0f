"""What is on its way to a page: numbered, bounded, and sent by one task, so that nobody who has something to say waits.

What was sent stays for a while: a page whose connection broke says how many messages it has heard, and gets the others
once more.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

# Ten minutes of sound at 48 kHz: more than any answer has.
MOST_BYTES: Final = 64 * 1024 * 1024
# Far more than lies on the way when a connection breaks.
KEPT_BYTES: Final = 8 * 1024 * 1024


@dataclass(slots=True, kw_only=True)
class Outbox:
    """Messages for one page.

    Parameters
    ----------
    redact : callable
        Takes secrets out of text.
    most_bytes : int
        What may wait.

    Attributes
    ----------
    dropped : int
        Messages that found no room since whoever tells of it set it back.
    """

    redact: Callable[[str], str] = str
    most_bytes: int = MOST_BYTES
    dropped: int = 0
    _messages: deque[str | bytes] = field(default_factory=deque)
    _first: int = 0
    _next: int = 0
    _kept: int = 0
    _waiting: int = 0
    _connection: int = 0
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, message: bytes | Mapping[str, Any]) -> None:
        """Take a message."""
        data = message if isinstance(message, bytes) else self.redact(json.dumps(message, ensure_ascii=False))
        if self._waiting + len(data) > self.most_bytes:
            self.dropped += 1
            return
        self._waiting += len(data)
        self._messages.append(data)
        self._news.set()

    def restart(self) -> None:
        """Forget all there was: a page that was loaded anew has heard nothing, and needs none of what was for now."""
        # Whatever a connection before is just sending, it no longer counts.
        self._connection += 1
        self._messages.clear()
        self._first = self._next = self._kept = self._waiting = 0

    async def run(self, send: Callable[[str | bytes], Awaitable[None]], heard: int | None = None) -> None:
        """Send what comes through a connection, until it breaks or another stands in for it.

        Parameters
        ----------
        send : callable
            Sends one message, text or bytes; raises `ConnectionError` where the page is gone.
        heard : int, optional
            How many messages a page has heard that comes back.
        """
        self._connection += 1
        connection = self._connection
        if heard is not None:
            self._back_to(heard)
        self._news.set()
        while connection == self._connection:
            if self._next == self._first + len(self._messages):
                self._news.clear()
                await self._news.wait()
                continue
            try:
                await send(self._messages[self._next - self._first])
            except ConnectionError:
                return
            if connection == self._connection:
                await self._went()

    async def sent(self) -> None:
        """Wait until all was sent."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._next == self._first + len(self._messages))

    async def _went(self) -> None:
        """Count a message as sent, and let go of the oldest that no page asks for any more."""
        size = len(self._messages[self._next - self._first])
        self._next += 1
        self._waiting -= size
        self._kept += size
        while self._kept > KEPT_BYTES:
            self._kept -= len(self._messages.popleft())
            self._first += 1
        async with self._changed:
            self._changed.notify_all()

    def _back_to(self, heard: int) -> None:
        """Go back to the first message that was not heard; what is no longer here counts as dropped."""
        self.dropped += max(0, self._first - heard)
        while self._next > max(heard, self._first):
            self._next -= 1
            size = len(self._messages[self._next - self._first])
            self._waiting += size
            self._kept -= size
