"""What is on its way to a page: bounded, and sent by one task, so that nobody who has something to say waits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

# Ten minutes of sound at 48 kHz: more than any answer has.
MOST_BYTES: Final = 64 * 1024 * 1024


@dataclass(slots=True, kw_only=True)
class Outbox:
    """Messages for one page.

    Parameters
    ----------
    send : callable
        Sends one, text or bytes; raises `ConnectionError` where the page is gone.
    redact : callable
        Takes secrets out of text.
    most_bytes : int
        What may wait.

    Attributes
    ----------
    dropped : int
        Messages that found no room since whoever tells of it set it back.
    """

    send: Callable[[str | bytes], Awaitable[None]]
    redact: Callable[[str], str] = str
    most_bytes: int = MOST_BYTES
    dropped: int = 0
    _queue: asyncio.Queue[str | bytes] = field(default_factory=asyncio.Queue)
    _waiting: int = 0

    def put(self, message: bytes | Mapping[str, Any]) -> None:
        """Take a message."""
        data = message if isinstance(message, bytes) else self.redact(json.dumps(message, ensure_ascii=False))
        if self._waiting + len(data) > self.most_bytes:
            self.dropped += 1
            return
        self._waiting += len(data)
        self._queue.put_nowait(data)

    async def run(self) -> None:
        """Send what comes; once the page is gone, nowhere."""
        is_there = True
        while True:
            data = await self._queue.get()
            try:
                if is_there:
                    await self.send(data)
            except ConnectionError:
                is_there = False
            finally:
                self._waiting -= len(data)
                self._queue.task_done()

    async def sent(self) -> None:
        """Wait until all was sent."""
        await self._queue.join()
