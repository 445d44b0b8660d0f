"""What a page holds and that outlives its connection: a tunnel breaks, a laptop sleeps, and the page comes back.

The page keeps every chunk, and all else that it said, until the sink has said that it has it. Where the connection
breaks, the sink keeps what is held open for a while; the page connects again with the token that it was given, hears
how much has come, and sends the rest once more; so does the sink. So nothing is lost and nothing is there twice. A page
that was loaded anew has nothing left: it begins again, and what lies between is said.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from voicediag.live.microphone.outbox import Outbox
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
LAST: Final = frozenset({"ended", "refused"})


class Held(Protocol):
    """What a page's messages are for."""

    @property
    def is_open(self) -> bool:
        """Whether it has begun and not ended."""
        ...

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be said to the page."""
        ...

    async def hear(self, data: str | bytes) -> Answer | None:
        """Take one message and return what is to be answered."""
        ...

    def reloaded(self) -> None:
        """Know that the page was loaded anew, and begins again."""
        ...

    async def gone(self, code: int | None) -> None:
        """End, however the page did."""
        ...


@dataclass(slots=True, eq=False)
class Alone:
    """A take and nothing around it: a page that only records."""

    take: Take
    is_over: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it records."""
        return self.take.call is not None

    async def hear(self, data: str | bytes) -> Answer | None:
        """Take one message and return what is to be answered."""
        answer = self.take.hear(data)
        self.is_over |= answer is not None and answer["type"] in LAST
        return answer

    def reloaded(self) -> None:
        """Do nothing: what a page that only records has captured is kept, and that was all of it."""

    async def gone(self, code: int | None) -> None:
        """End the recording, if it has not ended."""
        self.take.gone(code)


@dataclass(slots=True, eq=False)
class Line:
    """A page, through one connection or several.

    Parameters
    ----------
    held : Held
    outbox : Outbox
        What goes to the page.
    patience_s : float
        How long it may be away.
    reload_s : float
        How long a page that was left may be: it comes back where it is only loaded anew. 0: it is not waited for.
    """

    held: Held
    outbox: Outbox = field(default_factory=Outbox)
    patience_s: float = PATIENCE_S
    reload_s: float = 0.0
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    was_left: bool = False
    _came: int = 0
    _said: int = 0
    _connection: int = 0
    _waits: asyncio.TimerHandle | None = None
    _ending: asyncio.Task[None] | None = None

    def opened(self) -> int:
        """Take the next connection, which stands in for all before; return its number."""
        self._connection += 1
        self.was_left = False
        if self._waits:
            self._waits.cancel()
            self._waits = None
        return self._connection

    def is_current(self, connection: int) -> bool:
        """Whether no other connection stands in for this one."""
        return connection == self._connection

    def returned(self, token: str) -> Mapping[str, Any] | None:
        """Return what to say to a page that comes back, or None where it is none of this line."""
        return {"type": "resumed", "came": self._came, "said": self._said} if self._knows(token) else None

    def reloaded(self, token: str) -> bool:
        """Get ready for a page that was loaded anew; return whether there is anything to go on with."""
        if not (self.reload_s and self._knows(token)):
            return False
        self._came = self._said = 0
        self.outbox.restart()
        self.held.reloaded()
        return True

    async def hear(self, data: str | bytes) -> Answer | None:
        """Take one message and return what is to be answered."""
        self._said += isinstance(data, str)
        answer = await self.held.hear(data)
        if answer and answer["type"] == "recording":
            return {**answer, "resume": self.token}
        if answer or isinstance(data, str):
            return answer
        self._came = max(self._came, int.from_bytes(data[:NUMBER_BYTES], "little") + 1)
        return {"type": "kept", "came": self._came, "said": self._said} if self._came % KEPT_EVERY == 0 else None

    def closed(self, connection: int, code: int | None) -> None:
        """Wait for a page whose connection broke, or that may only be loading anew; end what has ended."""
        if not self.is_current(connection):
            return
        self.was_left = code in LEFT
        patience_s = self.reload_s if self.was_left else self.patience_s
        if self.held.is_open and patience_s:
            self._waits = asyncio.get_running_loop().call_later(patience_s, self._end_soon, code)
        else:
            self._end_soon(code)

    async def end(self, code: int | None) -> None:
        """End what is held, if it has not ended."""
        if not self.over.is_set():
            await self.held.gone(code)
            self.over.set()

    def _knows(self, token: str) -> bool:
        is_ours = hmac.compare_digest(token.encode(), self.token.encode())
        return is_ours and self.held.is_open and not self.over.is_set()

    def _end_soon(self, code: int | None) -> None:
        self._ending = asyncio.ensure_future(self.end(code))
