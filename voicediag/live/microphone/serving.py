"""Serves the page that records, on this machine's loopback interface, and takes its sound to disk.

Everything lies under a token that only the printed address holds; Host and Origin are checked besides.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
import sys
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aiohttp import WSCloseCode, WSMsgType, web

from voicediag.errors import LiveError
from voicediag.live.loopback import stranger
from voicediag.live.microphone.resuming import Alone, Line
from voicediag.live.microphone.take import Take
from voicediag.live.recording import Recording

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

WEB: Final = Path(__file__).parent / "web"
KINDS: Final = {
    "page.html": "text/html",
    "page.css": "text/css",
    "studio.css": "text/css",
    **dict.fromkeys(("page.js", "frame.js", "studio.js", "capture.js", "worker.js", "worklet.js"), "text/javascript"),
}
FILES: Final = {name: (WEB / name, kind) for name, kind in KINDS.items()}
# Chunks of ours have 4 kB; a page that sends more at once is none of ours.
LONGEST_MESSAGE: Final = 1 << 20
CLOSE_PATIENCE_S: Final = 5.0
# Who records in a terminal waits for the page, and for no longer than this once it is gone.
PATIENCE_S: Final = 30.0
HOST: Final = "127.0.0.1"
SENT_PATIENCE_S: Final = 5.0
# How a page is told that what it comes back for is over.
GONE: Final = 4404
OVER: Final = b"That session is over."
# What the demo's agent says.
VOICE: Final = "agent-received.flac"


@dataclass(slots=True, eq=False)
class Studio:
    """The page and its recorder.

    Parameters
    ----------
    folder : callable
        Makes the folder of the next session.
    voice : Path
        A sound file that the page can play.
    files : mapping of str to (Path, str)
        What else is served, and its kind.
    next_step : str
        What the page says once a session is recorded.
    """

    folder: Callable[[], Path]
    voice: Path
    next_step: str = ""
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    recording: Recording = field(default_factory=Recording)
    folders: list[Path] = field(default_factory=list)
    files: Mapping[str, tuple[Path, str]] = field(default_factory=lambda: FILES)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    line: Line | None = None

    def application(self) -> web.Application:
        """Return the web application."""
        app = web.Application(client_max_size=0)
        app.cleanup_ctx.append(self._life)
        app.router.add_get("/{token}/{name:.*}", self._handle)
        return app

    async def _life(self, _app: web.Application) -> AsyncIterator[None]:
        await self.recording.start()
        self.idle.set()
        yield
        await self.recording.stop()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if refused := stranger(request):
            return web.Response(status=403, text=f"voicediag: {refused}\n")
        if not hmac.compare_digest(request.match_info["token"].encode(), self.token.encode()):
            return web.Response(status=403, text="voicediag: expected the address that was printed\n")
        name = request.match_info["name"] or "page.html"
        if name == "stream":
            return await self._stream(request)
        if name == "voice":
            return web.FileResponse(self.voice, headers=_headers(request))
        if name not in self.files:
            return web.Response(status=404, text="voicediag: no such page\n")
        path, kind = self.files[name]
        return web.Response(body=path.read_bytes(), content_type=kind, charset="utf-8", headers=_headers(request))

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(max_msg_size=LONGEST_MESSAGE, timeout=CLOSE_PATIENCE_S)
        await socket.prepare(request)
        if "resume" in request.query or "again" in request.query:
            await self._come_back(socket, request.query)
            return socket
        if self.line and self.line.was_left:
            await self.line.end(WSCloseCode.GOING_AWAY)
            await self.idle.wait()
        if not self.idle.is_set():
            await socket.close(code=1013, message=b"Another page is recording already.")
            return socket
        self.idle.clear()
        try:
            await self.hold(socket)
        finally:
            self.idle.set()
            if self.folders:
                self.over.set()
        return socket

    def new_line(self) -> Line:
        """Return what the next page's messages are for."""
        return Line(Alone(Take(self.recording, self.folder)), patience_s=PATIENCE_S)

    @asynccontextmanager
    async def ready(self) -> AsyncIterator[None]:
        """Have what a session needs, as long as there may be any."""
        yield

    async def hold(self, socket: web.WebSocketResponse) -> None:
        """Hold one page's session, over as many connections as it takes."""
        line = self.line = self.new_line()
        heard = asyncio.create_task(self._heard(socket, line))
        try:
            await line.over.wait()
        finally:
            # A connection that another one stands in for may never say that it is broken.
            heard.cancel()
            await line.end(socket.close_code)

    async def _come_back(self, socket: web.WebSocketResponse, query: Mapping[str, str]) -> None:
        """Go on with the session of a page whose connection broke, or that was loaded anew."""
        line = self.line
        told = line.returned(query.get("resume", "")) if line else None
        if line is None or (told is None and not line.reloaded(query.get("again", ""))):
            await socket.close(code=GONE, message=OVER)
            return
        if told:
            await socket.send_json(told)
        heard = query.get("heard", "")
        await self._heard(socket, line, int(heard) if told and heard.isdecimal() else None)

    async def _heard(self, socket: web.WebSocketResponse, line: Line, heard: int | None = None) -> None:
        connection = line.opened()
        sending = asyncio.create_task(line.outbox.run(lambda data: _send(socket, data), heard))
        try:
            with suppress(ConnectionError):
                await self._hear(socket, line, connection)
        finally:
            sending.cancel()
            line.closed(connection, socket.close_code)

    async def _hear(self, socket: web.WebSocketResponse, line: Line, connection: int) -> None:
        async for message in socket:
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY) or not line.is_current(connection):
                return
            answer = await line.hear(message.data)
            await self.recording.room()
            if answer:
                if answer["type"] == "recording" and Path(answer["path"]) not in self.folders:
                    self.folders.append(Path(answer["path"]))
                line.outbox.put({**answer, "next": self.next_step})
            if line.held.is_over:
                with suppress(TimeoutError):
                    await asyncio.wait_for(line.outbox.sent(), SENT_PATIENCE_S)
                await socket.close()


def run(
    studio: Studio, port: int, *, on_ready: Callable[[str], None], until: Callable[[], Awaitable[None]] | None = None
) -> None:
    """Serve until `until` returns, or else until a session was recorded, and nobody records any more.

    Parameters
    ----------
    port : int
        0 takes a free one.
    on_ready : callable
        Called with the page's address.

    Raises
    ------
    LiveError
        Where the port cannot be had.
    """
    asyncio.run(_serve(studio, port, on_ready, until))


async def standing() -> None:
    """Go on until Ctrl-C."""
    await asyncio.Event().wait()


async def attached() -> None:
    """Go on until whoever started this is gone."""
    await asyncio.to_thread(sys.stdin.read)


async def _serve(
    studio: Studio, port: int, on_ready: Callable[[str], None], until: Callable[[], Awaitable[None]] | None
) -> None:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(studio.ready())
        runner = web.AppRunner(
            studio.application(), handle_signals=False, shutdown_timeout=CLOSE_PATIENCE_S, access_log=None
        )
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        try:
            await web.TCPSite(runner, HOST, port).start()
        except OSError as error:
            raise LiveError(f"cannot listen on {HOST}:{port}: {error.strerror or error}") from error
        on_ready(f"http://{HOST}:{runner.addresses[0][1]}/{studio.token}/")
        await (until() if until else studio.over.wait())
        await studio.idle.wait()


async def _send(socket: web.WebSocketResponse, data: str | bytes) -> None:
    if socket.closed:
        raise ConnectionError
    await (socket.send_str(data) if isinstance(data, str) else socket.send_bytes(data))


def _headers(request: web.Request) -> dict[str, str]:
    """Return headers that let the page load its own files and speak to its own server, and nothing else."""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; worker-src 'self'; img-src data:; "
        f"connect-src 'self' ws://{request.host}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Permissions-Policy": "microphone=(self), display-capture=(self)",
    }
