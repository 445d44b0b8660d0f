"""Holds a session with a provider over the network, and records it.

The device goes on while there is no connection, so that a loss is a hole in what was sent and nothing else moves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from voicediag.errors import LiveError
from voicediag.live.client.dialogue import Dialogue
from voicediag.live.client.line import Line, connected, opening_of
from voicediag.live.client.room import TICK_S
from voicediag.live.client.sender import Sender
from voicediag.live.client.tape import CallTape
from voicediag.live.folders import new_folder
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
    _line: Line = field(init=False)
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
        socket = await connected(self.address)
        await self._recording.start()
        folder = new_folder(self.out, self.dialect.provider)
        secrets = secrets_of(self.address.url, self.address.headers)
        self._call = self._recording.opened(folder, secrets, opening_of(self.address))
        tape = CallTape(self._recording, self._call)
        self._dialogue = Dialogue(
            self.dialect, self.player, tape, greeting=self.greeting, tools=self.tools, slips=self.slips
        )
        self._line = Line(address=self.address, dialogue=self._dialogue, now=self._call.now)
        link = asyncio.create_task(self._line.keep(socket))
        try:
            await self._sound(duration_s, on_tick, link)
        except LiveError as error:
            self.lost = str(error)
        finally:
            tasks = [link, self._sleeper] if self._sleeper else [link]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.lost = self.lost or self._line.lost
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
            await self._line.send(self._dialogue.speak(heard, self._call.now()))
            return
        self._heard.put_nowait(heard)
        if self._sleeper is None:
            self._sleeper = asyncio.create_task(self._send_and_sleep(TICK_S + self.sender.overhead_s))

    async def _send_and_sleep(self, for_s: float) -> None:
        """Send a chunk and sleep, again and again."""
        while True:
            heard = await self._heard.get()
            await self._line.send(self._dialogue.speak(heard, self._call.now()))
            await asyncio.sleep(for_s)
