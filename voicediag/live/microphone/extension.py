"""The Jupyter server's part of the recorder: takes a page's sound to disk, whatever the kernel does meanwhile.

It listens below the server's own address and lets in whom the server lets in. Sessions are written below the server's
root folder only, as all that its pages write.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import APIHandler, JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from jupyter_server.utils import url_path_join
from tornado import web, websocket
from tornado.httpclient import HTTPClientError

from voicediag.formats.demo import demo_folder
from voicediag.live.folders import new_folder
from voicediag.live.microphone.resuming import Alone, Line
from voicediag.live.microphone.serving import GONE, HOST, LONGEST_MESSAGE, OVER, VOICE
from voicediag.live.microphone.take import LEFT as LEFT_WITH
from voicediag.live.microphone.take import Take
from voicediag.live.recording import Recording

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

NAME: Final = "microphone"
REFUSED: Final = 1008
LEFT, BROKEN = 1001, 1011
COMING_BACK: Final = ("resume", "again", "heard")
PORT: Final = re.compile(r"\d{1,5}")
KEY: Final = re.compile(r"[\w-]{16,64}")


class Sink(APIHandler):
    """Says that there is a recorder."""

    @web.authenticated
    def get(self) -> None:
        """Answer with its name."""
        self.finish({"sink": "voicediag"})


class Voice(JupyterHandler):
    """What the page can play."""

    @web.authenticated
    def get(self) -> None:
        """Answer with the demo's agent."""
        self.set_header("Content-Type", "audio/flac")
        self.finish((demo_folder() / VOICE).read_bytes())


class Stream(WebSocketMixin, websocket.WebSocketHandler, JupyterHandler):
    """One page's sound."""

    line: Line | None = None

    def initialize(self, recording: Recording, root: Path, lines: set[Line]) -> None:
        """Take what all pages share."""
        self.recording, self.root, self.lines = recording, root, lines

    @property
    def max_message_size(self) -> int:
        """How long a message may be."""
        return LONGEST_MESSAGE

    @ws_authenticated
    async def get(self, *args: Any, **named: Any) -> None:
        """Open the connection, for those whom the server knows."""
        if self.recording.process is None:
            await self.recording.start()
        await super().get(*args, **named)

    def open(self, *_: str, **__: str) -> None:
        """Begin, where the session may lie where the kernel wants it, or go on with what broke off."""
        if token := self.get_argument("resume", ""):
            self._resume(token)
            return
        out = Path(self.get_argument("out", "") or self.root).resolve()
        if not out.is_relative_to(self.root):
            self.close(REFUSED, f"expected a folder below {self.root}"[:120])
            return
        self.line = Line(Alone(Take(self.recording, lambda: new_folder(out, NAME))))
        self._forget()
        self.lines.add(self.line)
        self.connection = self.line.opened()

    def _resume(self, token: str) -> None:
        for line in self.lines:
            if told := line.returned(token):
                self.line, self.connection = line, line.opened()
                self.write_message(dict(told))
                return
        self.close(GONE, OVER.decode())

    async def on_message(self, message: str | bytes) -> None:
        """Record a message; the next one waits until the recorder has room."""
        if self.line and (answer := await self.line.hear(message)):
            self.write_message(dict(answer))
            if self.line.held.is_over:
                self.close()
        await self.recording.room()

    def on_close(self) -> None:
        """End, however the page did, or wait for it to come back."""
        if self.line:
            self.line.closed(self.connection, self.close_code)
        self._forget()
        super().on_close()

    def _forget(self) -> None:
        self.lines.difference_update([line for line in self.lines if line.over.is_set()])


class Beside(WebSocketMixin, websocket.WebSocketHandler, JupyterHandler):
    """The way to a studio that a kernel started beside itself: whatever comes is passed on."""

    far: websocket.WebSocketClientConnection | None = None

    @property
    def max_message_size(self) -> int:
        """How long a message may be."""
        return LONGEST_MESSAGE

    @ws_authenticated
    async def get(self, *args: Any, **named: Any) -> None:
        """Open the connection, for those whom the server knows."""
        await super().get(*args, **named)

    async def open(self, *_: str, **__: str) -> None:
        """Connect to this machine's loopback, and nowhere else."""
        port, key = self.get_argument("port", ""), self.get_argument("key", "")
        if not (PORT.fullmatch(port) and KEY.fullmatch(key)):
            self.close(REFUSED, "expected a studio's port and key")
            return
        try:
            self.far = await websocket.websocket_connect(f"ws://{HOST}:{port}/{key}/stream?{self._coming_back()}")
        except (OSError, HTTPClientError):
            self.close(REFUSED, "the studio is gone: run its cell again")
            return
        self._passing = asyncio.create_task(self._pass_on(self.far))

    def _coming_back(self) -> str:
        """Return what a page that comes back says of itself."""
        told = {name: self.get_argument(name, "") for name in COMING_BACK}
        return urlencode({name: value for name, value in told.items() if value})

    async def on_message(self, message: str | bytes) -> None:
        """Pass on what the page says; the next is not read before this one is gone."""
        if self.far:
            with suppress(websocket.WebSocketClosedError):
                await self.far.write_message(message, binary=isinstance(message, bytes))

    def on_close(self) -> None:
        """Close the other side as this one was closed."""
        if self.far:
            self.far.close(LEFT if self.close_code in LEFT_WITH else BROKEN)
        super().on_close()

    async def _pass_on(self, far: websocket.WebSocketClientConnection) -> None:
        with suppress(websocket.WebSocketClosedError):
            while (message := await far.read_message()) is not None:
                await self.write_message(message, binary=isinstance(message, bytes))
        self.close(far.close_code or BROKEN, far.close_reason)


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(server: ServerApp) -> None:
    shared = {"recording": Recording(), "root": Path(server.root_dir).resolve(), "lines": set()}
    base = server.web_app.settings["base_url"]
    handlers: tuple[tuple[Any, ...], ...] = (
        ("stream", Stream, shared),
        ("sink", Sink),
        ("voice", Voice),
        ("beside", Beside),
    )
    routes = [(url_path_join(base, "voicediag", name), *rest) for name, *rest in handlers]
    server.web_app.add_handlers(".*$", routes)  # type: ignore[no-untyped-call]
    server.log.info("voicediag records microphones below %s", url_path_join(base, "voicediag"))
