"""A relay that records: between an app and its provider, every message passes unchanged and is written down.

The app changes only its base URL. Messages keep their kind (text or binary), pings and pongs their ends, closes their
code and reason; other requests, such as those for tokens, pass through and are not recorded. What passed is handed to
a recorder in another process, which cannot slow the call down.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.client import responses
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlsplit

import aiohttp
from aiohttp import WSMsgType, web

from voicediag.errors import LiveError
from voicediag.live.folders import new_folder
from voicediag.live.handshake import opening
from voicediag.live.loopback import stranger
from voicediag.live.recording import Recording
from voicediag.live.redaction import secrets_of

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable, Coroutine
    from pathlib import Path

    from voicediag.live.recording import Call
    from voicediag.session.events import Direction

# What a connection says of itself must not be repeated on another one (RFC 9110, 7.6.1; RFC 6455, 4.1).
_HOP: Final = frozenset({
    "connection", "host", "keep-alive", "proxy-authenticate", "proxy-connection", "te", "trailer", "transfer-encoding",
    "upgrade", "sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions", "sec-websocket-protocol",
    "content-length",
})  # fmt: skip
# Codes that no endpoint may send (RFC 6455, 7.4.1): they only describe how a connection was lost.
_UNSENDABLE: Final = frozenset({1004, 1005, 1006, 1015})
CLOSE_PATIENCE_S = 5.0
# What knocks at an open port, nobody reads to the end.
MOST_TOLD = 20


@dataclass(slots=True, eq=False)
class Relay:
    """Relays one provider's connections and records them.

    Parameters
    ----------
    upstream : str
        Base URL of the provider, or of an emulator.
    out : Path
        Folder that the session folders are made in.
    provider : str
        Names the folders.
    upstream_tls : ssl.SSLContext, optional
        Where the provider's certificate is not signed by a public authority.
    allowed_hosts : frozenset of str
        Names under which requests may come from outside this machine, such as a tunnel's.
    keeps_host : bool
        Whether the Host of a request is passed on.
    on_trouble : callable
        Told why a request was refused or led nowhere, each reason once: who sent it may show nobody the answer.
    """

    upstream: str
    out: Path
    provider: str
    upstream_tls: ssl.SSLContext | None = None
    allowed_hosts: frozenset[str] = frozenset()
    keeps_host: bool = False
    on_trouble: Callable[[str], None] = lambda _: None
    recording: Recording = field(default_factory=Recording)
    _told: set[str] = field(default_factory=set)
    _refusals: set[int] = field(default_factory=set)
    _client: aiohttp.ClientSession = field(init=False, repr=False)

    def application(self) -> web.Application:
        """Return the web application that relays."""
        app = web.Application(client_max_size=0)
        app.cleanup_ctx.append(self._life)
        app.router.add_route("*", "/{path:.*}", self._handle)
        return app

    async def _life(self, _app: web.Application) -> AsyncIterator[None]:
        await self.recording.start()
        timeout = aiohttp.ClientTimeout(total=None)
        # Cookies of one app are none of another's.
        self._client = aiohttp.ClientSession(
            timeout=timeout,
            # By default a hundred calls would be all, and the next one would wait for ever.
            connector=aiohttp.TCPConnector(limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
        )
        yield
        await self._client.close()
        await self.recording.stop()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if refused := stranger(request, self.allowed_hosts):
            return self._refusal(403, f"{refused}; a tunnel's requests are let in by --allow-host NAME")
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._call(request)
        return await self._pass(request)

    async def _call(self, request: web.Request) -> web.StreamResponse:
        """Connect to the provider first, so that the app gets the provider's own answer."""
        asked = [each.strip() for each in request.headers.get("Sec-WebSocket-Protocol", "").split(",") if each.strip()]
        try:
            provider = await self._client.ws_connect(
                self.upstream + request.raw_path,
                headers=self._onward(request),
                protocols=asked,
                autoping=False,
                autoclose=False,
                max_msg_size=0,
                compress=15 if "permessage-deflate" in request.headers.get("Sec-WebSocket-Extensions", "") else 0,
                ssl=self.upstream_tls if self.upstream_tls is not None else True,
            )
        except aiohttp.WSServerHandshakeError as error:
            self._tell(f"{self.upstream} answered a call with HTTP {error.status}")
            self._record_refusal(request, error.status)
            return web.Response(status=error.status, text=f"{error.message}\n")
        except aiohttp.ClientError as error:
            return self._refusal(502, f"{self.upstream} cannot be reached: {error}")
        chosen = (provider.protocol,) if provider.protocol else ()
        app = web.WebSocketResponse(
            protocols=chosen, autoping=False, autoclose=False, max_msg_size=0, timeout=CLOSE_PATIENCE_S
        )
        await app.prepare(request)
        call = self._recorded(request)
        try:
            await _both(self._pump(call, "up", app, provider), self._pump(call, "down", provider, app))
        finally:
            self.recording.ended(call)
        return app

    def _recorded(self, request: web.Request) -> Call:
        """Begin to record a call."""
        return self.recording.opened(
            new_folder(self.out, self.provider),
            secrets_of(request.raw_path, request.headers),
            opening(urlsplit(self.upstream).netloc, request.raw_path, request.headers),
        )

    def _record_refusal(self, request: web.Request, status: int) -> None:
        """Record that a handshake was answered with an HTTP status; each status once, since apps try again."""
        if status not in self._refusals:
            self._refusals.add(status)
            call = self._recorded(request)
            self.recording.closed(call, "down", status, f"HTTP {status} {responses.get(status, '')}".rstrip())
            self.recording.ended(call)

    async def _pump(self, call: Call, direction: Direction, source: _Socket, sink: _Socket) -> None:
        """Pass on everything from one side until it closes, then close the other in the same way."""
        while True:
            message = await source.receive()
            match message.type:
                case WSMsgType.TEXT:
                    self.recording.message(call, direction, message.data, call.now())
                    await sink.send_str(message.data)
                case WSMsgType.BINARY:
                    self.recording.message(call, direction, message.data, call.now())
                    await sink.send_bytes(message.data)
                case WSMsgType.PING:
                    await sink.ping(message.data)
                case WSMsgType.PONG:
                    await sink.pong(message.data)
                case WSMsgType.CLOSE:
                    self.recording.closed(call, direction, message.data, message.extra or "")
                    await source.close(code=_sendable(message.data), message=(message.extra or "").encode())
                    await sink.close(code=_sendable(message.data), message=(message.extra or "").encode())
                    return
                case _:
                    # The connection broke without a word: so must the other, or its end would believe in a farewell.
                    self.recording.closed(call, direction, source.close_code or 1006, "connection lost")
                    _abort(sink)
                    return

    async def _pass(self, request: web.Request) -> web.StreamResponse:
        """Pass a request on as it is."""
        body = await request.read() if request.can_read_body else None
        try:
            async with self._client.request(
                request.method,
                self.upstream + request.raw_path,
                headers=self._onward(request),
                data=body,
                allow_redirects=False,
                ssl=self.upstream_tls if self.upstream_tls is not None else True,
            ) as answer:
                headers = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP}
                return web.Response(status=answer.status, headers=headers, body=await answer.read())
        except aiohttp.ClientError as error:
            return self._refusal(502, f"{self.upstream} cannot be reached: {error}")

    def _refusal(self, status: int, told: str) -> web.Response:
        """Return an answer of the relay's own, and tell of it."""
        self._tell(told)
        return web.Response(status=status, text=f"voicediag relay: {told}\n")

    def _tell(self, told: str) -> None:
        if told not in self._told and len(self._told) < MOST_TOLD:
            self._told.add(told)
            self.on_trouble(told)

    def _onward(self, request: web.Request) -> list[tuple[str, str]]:
        """Return the headers that pass."""
        passing = [(name, value) for name, value in request.headers.items() if name.lower() not in _HOP]
        return [*passing, ("Host", request.host)] if self.keeps_host else passing


def run(
    relay: Relay,
    plain: tuple[str, int],
    *,
    tls: tuple[str, int] | None = None,
    context: ssl.SSLContext | None = None,
    on_ready: Callable[[], None] = lambda: None,
) -> None:
    """Relay until interrupted.

    Parameters
    ----------
    plain, tls : tuple of str and int
        Hosts and ports to listen on.
    context : ssl.SSLContext, optional
        What the port with TLS needs.
    on_ready : callable
        Called once both ports are open.

    Raises
    ------
    LiveError
        Where a port cannot be had.
    """
    ports = [(plain, None), *([(tls, context)] if tls else [])]

    async def hold() -> None:
        async with _listening(relay, ports):
            on_ready()
            await asyncio.Event().wait()

    asyncio.run(hold())


@asynccontextmanager
async def relaying(relay: Relay, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Relay while the context lasts, and yield the base URL; once it is left, every folder is closed.

    Parameters
    ----------
    port : int
        0 takes a free one.

    Raises
    ------
    LiveError
        Where the port cannot be had.
    """
    async with _listening(relay, [((host, port), None)]) as (open_port,):
        yield f"http://{host}:{open_port}"


@asynccontextmanager
async def _listening(
    relay: Relay, ports: list[tuple[tuple[str, int], ssl.SSLContext | None]]
) -> AsyncIterator[list[int]]:
    runner = web.AppRunner(relay.application(), handle_signals=False, shutdown_timeout=CLOSE_PATIENCE_S)
    await runner.setup()
    try:
        for (host, port), secure in ports:
            try:
                await web.TCPSite(runner, host, port, ssl_context=secure).start()
            except OSError as error:
                raise LiveError(f"cannot listen on {host}:{port}: {error.strerror or error}") from error
        yield [int(address[1]) for address in runner.addresses]
    finally:
        await runner.cleanup()


class _Socket(Protocol):
    """What both ends of a call can do."""

    @property
    def close_code(self) -> int | None: ...
    async def receive(self) -> aiohttp.WSMessage: ...
    async def send_str(self, data: str) -> None: ...
    async def send_bytes(self, data: bytes) -> None: ...
    async def ping(self, message: bytes = ...) -> None: ...
    async def pong(self, message: bytes = ...) -> None: ...
    async def close(self, *, code: int = ..., message: bytes = ...) -> bool: ...


async def _both(up: Coroutine[Any, Any, None], down: Coroutine[Any, Any, None]) -> None:
    """Run both directions until one of them ends; the other has nothing left to do."""
    tasks = [asyncio.create_task(up), asyncio.create_task(down)]
    done, left = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    for task in done:
        # A side that vanished while it was being written to is an end like any other.
        if (error := task.exception()) and not isinstance(error, ConnectionError):
            raise error


def _sendable(code: int | None) -> int:
    return 1000 if code is None or code in _UNSENDABLE or not 1000 <= code < 5000 else code


def _abort(sink: _Socket) -> None:
    """Break a connection without a farewell."""
    response = getattr(sink, "_response", None)
    connection = getattr(response, "connection", None)
    transport = connection.transport if connection else getattr(getattr(sink, "_req", None), "transport", None)
    if transport:
        transport.abort()
