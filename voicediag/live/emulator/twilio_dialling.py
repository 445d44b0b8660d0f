"""Dials an app as Twilio does, in real time, and tells what became of the call."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit, urlunsplit

import aiohttp
from aiohttp import WSMsgType, web

from voicediag.errors import InputError
from voicediag.live.emulator.agenda import Abort, Action, Close
from voicediag.live.emulator.caller import LINE_HZ, Caller, clips_of
from voicediag.live.emulator.faults import parse
from voicediag.live.emulator.twilio import TwilioCall
from voicediag.live.emulator.twilio_agent import answering
from voicediag.live.loopback import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Iterable
    from pathlib import Path

DEMO: Final = "demo"
# Two minutes of sound in one message, and more than any app sends.
LONGEST_MESSAGE: Final = 16 * 1024 * 1024
REFUSALS: Final = (401, 403)
_ENDS: Final = frozenset({WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR})


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What became of a call.

    Attributes
    ----------
    ended : str
        ``hung-up``, ``app-closed`` or ``aborted``.
    code : int, optional
        With which the app closed the connection.
    sent_s, received_s, unplayed_s : float
        Sound of the caller that was sent, of the agent that came, and what of it was not played at the end.
    marks, clears : int
        How many came.
    slips : mapping of str to int
        Twilio's rules that the app broke, and how often.
    folder : str, optional
        Where the call was recorded.
    """

    ended: str
    code: int | None
    sent_s: float
    received_s: float
    unplayed_s: float
    marks: int
    clears: int
    slips: dict[str, int] = field(default_factory=dict)
    folder: str | None = None

    @property
    def is_well(self) -> bool:
        """Whether the app spoke, and broke no rule."""
        return self.received_s > 0 and not self.slips


def address_of(app: str, allowed: Collection[str] = ()) -> str:
    """Return the URL of an app that may be dialled.

    Raises
    ------
    InputError
        Where it is none, or not on this machine and not allowed.
    """
    parts = urlsplit(app)
    if parts.scheme not in {"ws", "wss"} or not parts.hostname:
        raise InputError(expected="--app ws://127.0.0.1:PORT/PATH, or --app demo", got=repr(app))
    if parts.hostname not in LOOPBACK and parts.hostname not in allowed:
        likely = f"--allow-host {parts.hostname} dials it all the same"
        raise InputError(expected="an app on this machine", got=parts.hostname, likely=likely)
    return app


def signature(url: str, auth_token: str) -> str:
    """Return the X-Twilio-Signature of a request without a body: HMAC-SHA1 of its URL, in base64."""
    return base64.b64encode(hmac.digest(auth_token.encode(), url.encode(), hashlib.sha1)).decode()


def run(
    app: str,
    caller: Caller,
    *,
    faults: Iterable[str] = (),
    auth_token: str | None = None,
    out: Path | None = None,
    on_dial: Callable[[str], None] = lambda _: None,
) -> Told:
    """Hold one call in real time; as `call`, and say where it was recorded."""
    before = set(out.glob("*.vds")) if out else set()
    told = asyncio.run(call(app, caller, faults=faults, auth_token=auth_token, out=out, on_dial=on_dial))
    folders = sorted(set(out.glob("*.vds")) - before) if out else []
    return replace(told, folder=str(folders[-1])) if folders else told


async def call(
    app: str,
    caller: Caller,
    *,
    faults: Iterable[str] = (),
    auth_token: str | None = None,
    out: Path | None = None,
    on_dial: Callable[[str], None] = lambda _: None,
) -> Told:
    """Hold one call in real time and return what became of it.

    Parameters
    ----------
    app : str
        Its URL, or ``demo`` for one of ours.
    caller : Caller
    faults : iterable of str
        What goes wrong beside what the caller names.
    auth_token : str, optional
        What the request is signed with.
    out : Path, optional
        Where the call is recorded, by a relay between the two.
    on_dial : callable
        Told the URL that is dialled.

    Raises
    ------
    InputError
        Where a fault or a clip is not to be had, or nobody answers at the URL.
    """
    chosen = parse([*caller.faults, *faults], provider="twilio")
    clips = await asyncio.to_thread(clips_of, caller)
    async with AsyncExitStack() as held:
        url = await held.enter_async_context(answering()) if app == DEMO else app
        dialled = await held.enter_async_context(_relaying(url, out)) if out else url
        on_dial(url)
        phone = _Phone(TwilioCall(caller, clips, chosen))
        headers = {"X-Twilio-Signature": signature(url, auth_token)} if auth_token else {}
        await phone.dial(dialled, headers)
    return phone.told()


@dataclass(slots=True)
class _Phone:
    """A WebSocket that speaks for a call."""

    call: TwilioCall
    ended: str = "app-closed"
    code: int | None = None

    async def dial(self, url: str, headers: dict[str, str]) -> None:
        try:
            async with (
                aiohttp.ClientSession() as client,
                client.ws_connect(url, headers=headers, max_msg_size=LONGEST_MESSAGE) as socket,
            ):
                await self._talk(socket)
        except aiohttp.WSServerHandshakeError as error:
            unsigned = "the app checks X-Twilio-Signature: give its token with --auth-token"
            likely = unsigned if error.status in REFUSALS else "another path; Twilio reports it as error 31920"
            got = f"HTTP {error.status}"
            raise InputError(expected="an app that takes the call", got=got, likely=likely) from error
        except aiohttp.ClientConnectionError as error:
            raise InputError(expected=f"an app at {url}", got=str(error), likely="it is not started yet") from error

    async def _talk(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        clock = asyncio.get_running_loop().time
        opened_s = clock()
        actions = self.call.opened()
        while await self._act(socket, actions):
            now_s, next_s = clock() - opened_s, self.call.next_s
            if next_s is not None and next_s <= now_s:
                actions = self.call.advance(now_s)
                continue
            try:
                frame = await socket.receive(timeout=None if next_s is None else next_s - now_s)
            except TimeoutError:
                actions = []
                continue
            if frame.type in _ENDS:
                self.code = socket.close_code
                return
            actions = self._taken(frame, clock() - opened_s)

    def _taken(self, frame: aiohttp.WSMessage, now_s: float) -> list[Action]:
        try:
            # Twilio takes text only.
            message = json.loads(frame.data) if frame.type is WSMsgType.TEXT else None
        except (ValueError, RecursionError):
            message = None
        return self.call.receive(message, now_s) if isinstance(message, dict) else self.call.broken("", now_s)

    async def _act(self, socket: aiohttp.ClientWebSocketResponse, actions: Iterable[Action]) -> bool:
        """Do what the call says; return whether it goes on."""
        for action in actions:
            match action:
                case Close(code=code):
                    self.ended = "hung-up"
                    await socket.close(code=code)
                    return False
                case Abort():
                    self.ended = "aborted"
                    _abort(socket)
                    return False
                case _:
                    try:
                        await socket.send_str(json.dumps(action.message, separators=(",", ":")))
                    except ConnectionResetError:
                        return False
        return not socket.closed

    def told(self) -> Told:
        call, line = self.call, self.call.line
        return Told(
            ended=self.ended,
            code=self.code,
            sent_s=call.frames * 160 / LINE_HZ,
            received_s=line.received / LINE_HZ,
            unplayed_s=(line.received - line.played) / LINE_HZ,
            marks=call.marks,
            clears=call.clears,
            slips=dict(call.slips),
        )


@asynccontextmanager
async def _relaying(url: str, out: Path) -> AsyncIterator[str]:
    """Record what passes to `url`; yield the URL to dial in its place."""
    from voicediag.live.relay import Relay

    parts = urlsplit(url)
    base = urlunsplit(("https" if parts.scheme == "wss" else "http", parts.netloc, "", "", ""))
    runner = web.AppRunner(Relay(upstream=base, out=out, provider="twilio").application(), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield urlunsplit(("ws", f"127.0.0.1:{runner.addresses[0][1]}", parts.path, parts.query, ""))
    finally:
        await runner.cleanup()


def _abort(socket: aiohttp.ClientWebSocketResponse) -> None:
    """Break the connection without a farewell."""
    transport: Any = socket.get_extra_info("transport") or getattr(socket._response.connection, "transport", None)  # noqa: SLF001 - nothing public leads to it
    if transport:
        transport.abort()
