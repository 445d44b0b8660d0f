"""Holds a session with a provider over the network, and records it.

The device goes on while there is no connection, so that a loss is a hole in what was sent and nothing else moves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from voicediag.errors import LiveError
from voicediag.live.client.dialogue import Dialogue
from voicediag.live.client.room import TICK_S
from voicediag.live.client.sender import Sender
from voicediag.live.client.tape import CallTape
from voicediag.live.folders import new_folder
from voicediag.live.handshake import opening
from voicediag.live.recorder import Moment
from voicediag.live.recording import Recording
from voicediag.live.redaction import secrets_of
from voicediag.session.clock import NANOSECONDS

if TYPE_CHECKING:
    from pathlib import Path

    from voicediag.live.client.device import Device
    from voicediag.live.client.dialogue import Tools
    from voicediag.live.client.player import Player
    from voicediag.live.recording import Call
    from voicediag.protocols.dialect import Address, Dialect

# A connection that was lost is tried again after these, and then given up.
BACKOFF_S: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
# A provider that says no does so each time; what it says is worth a diagnosis, not a siege.
MOST_FRUITLESS = 2
OPEN_TIMEOUT_S = 10.0
# Providers answer pings seconds late while they think (8 to 30 s were seen); 20 s, the usual limit, ends good calls.
PONG_TIMEOUT_S = 60.0
NORMAL = 1000


@dataclass(slots=True, kw_only=True)
class Caller:
    """One session with one provider.

    Parameters
    ----------
    dialect : Dialect
    address : Address
    device : Device
    player : Player
    out : Path
        Folder that the session folder is made in.
    greeting : str
    tools : mapping of name to callable
    stalls : callable
        Whether the player is not fed at this second of the session, which is a fault that is worth hearing.
    slips : frozenset of str
        What this app does wrong, of `dialogue.SLIPS`.
    sender : Sender

    Attributes
    ----------
    lost : str
        Why the session ended before its time; empty where it did not.
    """

    dialect: Dialect
    address: Address
    device: Device
    player: Player
    out: Path
    greeting: str = ""
    tools: Tools = field(default_factory=dict)
    stalls: Callable[[float], bool] = lambda _: False
    slips: frozenset[str] = frozenset()
    sender: Sender = field(default_factory=Sender)
    lost: str = ""
    _recording: Recording = field(default_factory=Recording)
    _call: Call = field(init=False)
    _dialogue: Dialogue = field(init=False)
    _socket: ClientConnection | None = None
    _stopped: bool = False
    _heard: asyncio.Queue[bytes] = field(default_factory=asyncio.Queue)
    _sleeper: asyncio.Task[None] | None = None

    async def hold(self, duration_s: float, on_tick: Callable[[float], None] = lambda _: None) -> Path:
        """Hold a session of `duration_s` and return its folder.

        Raises
        ------
        LiveError
            Where there is no device, or the provider cannot be reached or refuses; what is lost later ends the session
            early.
        """
        self.device.open()
        socket = await self._connected()
        await self._recording.start()
        folder = new_folder(self.out, self.dialect.provider)
        secrets = secrets_of(self.address.url, self.address.headers)
        self._call = self._recording.opened(folder, secrets, opening_of(self.address))
        tape = CallTape(self._recording, self._call)
        self._dialogue = Dialogue(
            self.dialect, self.player, tape, greeting=self.greeting, tools=self.tools, slips=self.slips
        )
        link = asyncio.create_task(self._link(socket))
        try:
            await self._sound(duration_s, on_tick, link)
        except LiveError as error:
            self.lost = str(error)
        finally:
            tasks = [link, self._sleeper] if self._sleeper else [link]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for problem in self.device.close():
                self._recording.problem(self._call, problem)
            self._recording.ended(self._call)
            await self._recording.stop()
        return folder

    def stop(self) -> None:
        """End the session at the next tick."""
        self._stopped = True

    async def _sound(self, duration_s: float, on_tick: Callable[[float], None], link: asyncio.Task[None]) -> None:
        """Let the device go on, tick by tick; end early where the link is lost for good."""
        self.device.begin()
        began, late_ns = self._call.now(), round(self.device.late_s * NANOSECONDS)
        frames = round(TICK_S * self.player.rate_hz)
        for number in range(round(duration_s / TICK_S)):
            passed_ns = round(number * TICK_S * NANOSECONDS) + late_ns
            begins = Moment(began.t_ns + passed_ns, began.wall_ns + passed_ns)
            sound = self._dialogue.silence if self.stalls(number * TICK_S) else self._dialogue.play
            heard = await self.device.exchange(sound(frames, begins))
            if link.done() or self._stopped:
                return
            await self._send_on_time(heard)
            on_tick((number + 1) * TICK_S)

    async def _send_on_time(self, heard: bytes) -> None:
        """Send what the microphone heard at once, or leave it to a sender that sleeps too long."""
        if self.sender.overhead_s is None:
            await self._send(self._dialogue.speak(heard, self._call.now()))
            return
        self._heard.put_nowait(heard)
        if self._sleeper is None:
            self._sleeper = asyncio.create_task(self._send_and_sleep(TICK_S + self.sender.overhead_s))

    async def _send_and_sleep(self, for_s: float) -> None:
        """Send a chunk and sleep, again and again."""
        while True:
            heard = await self._heard.get()
            await self._send(self._dialogue.speak(heard, self._call.now()))
            await asyncio.sleep(for_s)

    async def _link(self, socket: ClientConnection) -> None:
        """Keep a connection: listen until it is lost or has to be left, then make another."""
        fruitless = 0
        while True:
            self._socket = socket
            await self._send(self._dialogue.opened(self._call.now()))
            try:
                await self._listen(socket)
                fruitless = 0 if self._dialogue.ready else fruitless + 1
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
            leave_ns = self._dialogue.leave_at_ns
            left_s = None if leave_ns is None else max(0.0, (leave_ns - self._call.now().t_ns) / NANOSECONDS)
            try:
                async with asyncio.timeout(left_s):
                    data = await socket.recv()
            except TimeoutError:
                return
            except ConnectionClosed:
                return
            await self._send(self._dialogue.receive(data, self._call.now()))

    async def _hang_up(self, socket: ClientConnection) -> None:
        """Close a connection, and record who closed it first."""
        theirs = socket.close_code
        if theirs is None:
            self._dialogue.closed("up", NORMAL, "", self._call.now())
            await socket.close()
            return
        self._dialogue.closed("down", theirs, socket.close_reason or "", self._call.now())

    async def _again(self, fruitless: int) -> ClientConnection:
        """Connect once more, more and more patiently."""
        for wait_s in BACKOFF_S[max(0, fruitless - 1) :]:
            if fruitless:
                await asyncio.sleep(wait_s)
            try:
                return await self._connected()
            except LiveError:
                fruitless = max(fruitless, 1)
        return await self._connected()

    async def _connected(self) -> ClientConnection:
        host = self.address.url.split("?")[0]
        try:
            return await connect(
                self.address.url.replace("http", "ws", 1),
                additional_headers=dict(self.address.headers),
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

    async def _send(self, texts: list[str]) -> None:
        """Send, unless the connection is gone: whoever listens to it hears of that."""
        if self._socket is None:
            return
        try:
            for text in texts:
                await self._socket.send(text)
        except ConnectionClosed:
            return


def opening_of(address: Address) -> dict[str, Any]:
    """Return what may be written of how a connection to an address is opened."""
    url = urlsplit(address.url)
    return opening(url.netloc, f"{url.path}?{url.query}", address.headers)
