"""A connection to a provider, made again when it is lost.

It listens and sends for a `Dialogue`, and leaves a connection that is about to end for another one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from voicediag.errors import LiveError
from voicediag.live.handshake import opening
from voicediag.session.clock import NANOSECONDS

if TYPE_CHECKING:
    from voicediag.live.client.dialogue import Dialogue
    from voicediag.live.recorder import Moment
    from voicediag.protocols.dialect import Address

# A connection that was lost is tried again after these, and then given up.
BACKOFF_S: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
# A provider that says no does so each time; what it says is worth a diagnosis, not a siege.
MOST_FRUITLESS = 2
OPEN_TIMEOUT_S = 10.0
# Providers answer pings seconds late while they think (8 to 30 s were seen); 20 s, the usual limit, ends good calls.
PONG_TIMEOUT_S = 60.0
NORMAL = 1000


@dataclass(slots=True, kw_only=True)
class Line:
    """What connects a dialogue with its provider.

    Parameters
    ----------
    address : Address
    dialogue : Dialogue
    now : callable
        Returns this moment of the call.

    Attributes
    ----------
    lost : str
        Why there is no connection any more, and will be none; empty where there is.
    """

    address: Address
    dialogue: Dialogue
    now: Callable[[], Moment]
    lost: str = ""
    _socket: ClientConnection | None = None

    async def keep(self, socket: ClientConnection) -> None:
        """Keep a connection: listen until it is lost or has to be left, then make another."""
        fruitless = 0
        while True:
            self._socket = socket
            await self.send(self.dialogue.opened(self.now()))
            try:
                await self._listen(socket)
                fruitless = 0 if self.dialogue.ready else fruitless + 1
            finally:
                self._socket = None
                await self._hang_up(socket)
            if fruitless == MOST_FRUITLESS:
                why = f"{socket.close_code} {socket.close_reason}".strip()
                self.lost = f"the provider closed {fruitless} connections before it agreed to a session ({why})"
                return
            try:
                socket = await self._again(fruitless)
            except LiveError as error:
                self.lost = str(error)
                return

    async def _listen(self, socket: ClientConnection) -> None:
        """Take what comes until the connection is closed, or has to be left before its provider ends it."""
        while True:
            leave_ns = self.dialogue.leave_at_ns
            left_s = None if leave_ns is None else max(0.0, (leave_ns - self.now().t_ns) / NANOSECONDS)
            try:
                async with asyncio.timeout(left_s):
                    data = await socket.recv()
            except TimeoutError:
                return
            except ConnectionClosed:
                return
            await self.send(self.dialogue.receive(data, self.now()))

    async def _hang_up(self, socket: ClientConnection) -> None:
        """Close a connection, and record who closed it first."""
        theirs = socket.close_code
        if theirs is None:
            self.dialogue.closed("up", NORMAL, "", self.now())
            await socket.close()
            return
        self.dialogue.closed("down", theirs, socket.close_reason or "", self.now())

    async def _again(self, fruitless: int) -> ClientConnection:
        """Connect once more, more and more patiently."""
        for wait_s in BACKOFF_S[max(0, fruitless - 1) :]:
            if fruitless:
                await asyncio.sleep(wait_s)
            try:
                return await connected(self.address)
            except LiveError:
                fruitless = max(fruitless, 1)
        return await connected(self.address)

    async def send(self, texts: list[str]) -> None:
        """Send, unless the connection is gone: whoever listens to it hears of that."""
        if self._socket is None:
            return
        try:
            for text in texts:
                await self._socket.send(text)
        except ConnectionClosed:
            return


async def connected(address: Address) -> ClientConnection:
    """Return a connection.

    Raises
    ------
    LiveError
        Where the provider cannot be reached or refuses.
    """
    host = address.url.split("?")[0]
    try:
        return await connect(
            address.url.replace("http", "ws", 1),
            additional_headers=dict(address.headers),
            max_size=None,
            open_timeout=OPEN_TIMEOUT_S,
            ping_timeout=PONG_TIMEOUT_S,
            compression=None,
        )
    except InvalidStatus as error:
        status = error.response.status_code
        likely = "the key" if status in {401, 403} else "the base URL or the model" if status == 404 else None
        hint = f"; likely slip: {likely}" if likely else ""
        raise LiveError(f"expected a WebSocket at {host}, got HTTP {status}{hint}") from error
    except (OSError, TimeoutError, InvalidHandshake, InvalidURI) as error:
        raise LiveError(f"expected a WebSocket at {host}, got {str(error) or type(error).__name__}") from error


def opening_of(address: Address) -> dict[str, Any]:
    """Return what may be written of how a connection to an address is opened."""
    url = urlsplit(address.url)
    return opening(url.netloc, f"{url.path}?{url.query}", address.headers)
