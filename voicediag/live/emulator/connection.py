"""One client's connection: what comes in goes to the service, and what the service does goes out when it is due."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from aiohttp import ClientConnectionResetError, WSCloseCode, WSMsgType, web

from voicediag.live.emulator.agenda import Abort, Action, Close

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiohttp import WSMessage

    from voicediag.live.emulator.refusing import Refusing
    from voicediag.live.emulator.service import Service

# A closing frame has room for no more.
REASON_BYTES = 123
# Two minutes of sound in one message, and more than any client sends.
LONGEST_MESSAGE = 16 * 1024 * 1024
# How long a client may take to close too.
CLOSING_S = 1.0
OPEN: Final = web.AppKey("open", set[web.WebSocketResponse])


async def close_all(app: web.Application) -> None:
    """Close what is still open, so that clients hear of it when the emulator stops."""
    still_open = app[OPEN]
    for socket in tuple(still_open):
        await socket.close(code=WSCloseCode.GOING_AWAY, message=b"the emulator was stopped")


@dataclass(slots=True)
class Connection:
    """A WebSocket that speaks for a service.

    Parameters
    ----------
    binary : bool
        Whether JSON leaves in binary frames, as Gemini's does.
    pong_after_s : float, optional
        How late pings are answered.
    """

    request: web.Request
    service: Service | Refusing
    binary: bool
    pong_after_s: float | None = None
    protocols: Sequence[str] = ()

    async def hold(self) -> web.WebSocketResponse:
        """Hold the conversation until either side ends it."""
        socket = web.WebSocketResponse(
            protocols=self.protocols,
            autoping=False,
            max_msg_size=LONGEST_MESSAGE,
            compress=not self.binary,
            timeout=CLOSING_S,
        )
        await socket.prepare(self.request)
        self.request.app[OPEN].add(socket)
        late: set[asyncio.Task[None]] = set()
        try:
            await self._converse(socket, late)
        except (ClientConnectionResetError, ConnectionResetError):
            # The client went away while it was spoken to.
            pass
        finally:
            self.request.app[OPEN].discard(socket)
            for task in late:
                task.cancel()
        return socket

    async def _converse(self, socket: web.WebSocketResponse, late: set[asyncio.Task[None]]) -> None:
        loop = asyncio.get_running_loop()
        opened_s = loop.time()
        actions = self.service.opened(0.0)
        while await self._act(socket, actions):
            now_s = loop.time() - opened_s
            next_s = self.service.next_s
            if next_s is not None and next_s <= now_s:
                actions = self.service.advance(now_s)
                continue
            try:
                frame = await socket.receive(timeout=None if next_s is None else next_s - now_s)
            except TimeoutError:
                actions = []
                continue
            if frame.type in {WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR}:
                return
            if frame.type is WSMsgType.PING:
                self._pong(socket, frame.data, late)
            actions = self._taken(frame, loop.time() - opened_s)

    def _taken(self, frame: WSMessage, now_s: float) -> list[Action]:
        if frame.type not in {WSMsgType.TEXT, WSMsgType.BINARY}:
            return []
        try:
            message = json.loads(frame.data)
        except (ValueError, RecursionError) as error:
            return self.service.broken(str(error), now_s)
        if not isinstance(message, dict):
            return self.service.broken("expected an object", now_s)
        return self.service.receive(message, now_s)

    async def _act(self, socket: web.WebSocketResponse, actions: list[Action]) -> bool:
        """Do what the service says; return whether the conversation goes on."""
        for action in actions:
            match action:
                case Close(code=code, reason=reason):
                    await socket.close(code=code, message=reason.encode()[:REASON_BYTES])
                    return False
                case Abort():
                    if self.request.transport:
                        self.request.transport.abort()
                    return False
                case _:
                    await self._send(socket, action.message)
        return not socket.closed

    async def _send(self, socket: web.WebSocketResponse, message: dict[str, Any]) -> None:
        text = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
        await (socket.send_bytes(text.encode()) if self.binary else socket.send_str(text))

    def _pong(self, socket: web.WebSocketResponse, data: bytes, late: set[asyncio.Task[None]]) -> None:
        async def answer() -> None:
            if self.pong_after_s:
                await asyncio.sleep(self.pong_after_s)
            if not socket.closed:
                await socket.pong(data)

        task = asyncio.get_running_loop().create_task(answer())
        late.add(task)
        task.add_done_callback(late.discard)
