"""Serves the page of the studio on loopback and holds its conversations, one at a time."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aiohttp import WSMsgType, web

from voicediag.errors import LiveError
from voicediag.live.microphone import serving
from voicediag.live.microphone.serving import CLOSE_PATIENCE_S, HOST, Studio
from voicediag.live.redaction import Redaction, secrets_of
from voicediag.live.talk.outbox import Outbox
from voicediag.live.talk.partner import Partner
from voicediag.live.talk.talk import Talk

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from voicediag.live.talk.gauge import Judges
    from voicediag.protocols.dialect import Address

WEB: Final = Path(__file__).parent / "web"
_SCRIPT: Final = "text/javascript"
FILES: Final = {
    "page.html": (WEB / "page.html", "text/html"),
    "page.css": (serving.WEB / "page.css", "text/css"),
    "talk.css": (WEB / "talk.css", "text/css"),
    **{name: (WEB / name, _SCRIPT) for name in ("page.js", "talk.js", "dials.js", "player.js")},
    **{name: (serving.WEB / name, _SCRIPT) for name in ("capture.js", "worker.js", "worklet.js")},
}
SENT_PATIENCE_S: Final = 5.0


@dataclass(slots=True, eq=False, kw_only=True)
class TalkStudio(Studio):
    """The page, and whom it talks to.

    Parameters
    ----------
    partner : Partner
    judges : Judges
    """

    partner: Partner
    judges: Judges
    address: Address = field(init=False)

    async def hold(self, socket: web.WebSocketResponse) -> None:
        """Hold one conversation."""
        redact = Redaction(secrets_of(self.address.url, self.address.headers))
        outbox = Outbox(send=lambda data: _send(socket, data), redact=redact)
        talk = Talk(
            recording=self.recording,
            folder=self.folder,
            partner=self.partner,
            address=self.address,
            judges=self.judges,
            outbox=outbox,
        )
        sending = asyncio.create_task(outbox.run())
        try:
            async for message in socket:
                if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                    break
                await talk.hear(message.data)
                await self.recording.room()
                if talk.is_over:
                    await asyncio.wait((asyncio.ensure_future(outbox.sent()),), timeout=SENT_PATIENCE_S)
                    await socket.close()
        finally:
            await talk.gone(socket.close_code)
            sending.cancel()
            if talk.kept:
                self.folders.append(talk.kept)


async def _send(socket: web.WebSocketResponse, data: str | bytes) -> None:
    if socket.closed:
        raise ConnectionError
    await (socket.send_str(data) if isinstance(data, str) else socket.send_bytes(data))


def run(
    studio: TalkStudio, port: int, *, on_ready: Callable[[str], None], until: Callable[[], Awaitable[None]]
) -> None:
    """Serve until `until` returns and nobody talks any more.

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
    studio: TalkStudio, port: int, on_ready: Callable[[str], None], until: Callable[[], Awaitable[None]]
) -> None:
    async with AsyncExitStack() as stack:
        studio.address = await stack.enter_async_context(studio.partner.address())
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
        await until()
        await studio.idle.wait()
