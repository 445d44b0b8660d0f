"""The relay's end of the pipe to the recorder: hands messages over and never waits, unless somebody asks for room.

Where the recorder falls behind by more than `MOST_WAITING` bytes, messages are not recorded and their number is said in
the session. Where it dies, another is started and the calls go on in folders of their own.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from voicediag.live.recorder import Moment
from voicediag.live.recorder_process import Frame, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from voicediag.protocols.events import Audio
    from voicediag.session import PlaybackEvent
    from voicediag.session.events import Direction

MOST_WAITING = 64 * 1024 * 1024
CRASHED = "The recorder crashed during this call; what came before is in the folder of the same name without a number."


@dataclass(slots=True, eq=False)
class Call:
    """One connection that is recorded."""

    number: int
    folder: Path
    secrets: tuple[str, ...]
    began_ns: int = field(default_factory=time.monotonic_ns)
    part: int = 1
    lost: int = 0
    is_closed: bool = False

    def now(self) -> Moment:
        """Return this moment of the call."""
        return Moment(time.monotonic_ns() - self.began_ns, time.time_ns())


@dataclass(slots=True, eq=False)
class Recording:
    """Hands the messages of all calls to one recorder process."""

    most_waiting: int = MOST_WAITING
    _calls: dict[int, Call] = field(default_factory=dict)
    process: asyncio.subprocess.Process | None = None
    watch: asyncio.Task[None] | None = None
    _numbers: int = 0

    async def start(self) -> None:
        """Start the recorder."""
        command = (sys.executable, "-m", "voicediag.live.recorder_process")
        self.process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE)
        self.watch = asyncio.create_task(self._restart(self.process))

    async def stop(self) -> None:
        """Let the recorder write what it was given, and wait for it."""
        if self.watch:
            self.watch.cancel()
        if self.process and self.process.stdin:
            self.process.stdin.close()
            await self.process.wait()

    async def room(self) -> None:
        """Wait until the recorder has taken most of what it was given, for a sender that can wait."""
        pipe = self.process.stdin if self.process else None
        if pipe and not pipe.is_closing():
            with suppress(ConnectionError):
                await pipe.drain()

    def opened(
        self, folder: Path, secrets: tuple[str, ...], opening: Mapping[str, Any] | None = None, notes: str = ""
    ) -> Call:
        """Begin to record a call; `opening` is what may be written of its handshake."""
        self._numbers += 1
        call = self._calls[self._numbers] = Call(self._numbers, folder, secrets)
        self._open(call, notes, opening)
        return call

    def message(self, call: Call, direction: Direction, data: str | bytes, at: Moment) -> None:
        """Record one message."""
        kind = Kind.TEXT if isinstance(data, str) else Kind.BINARY
        payload = data.encode() if isinstance(data, str) else data
        self._hand(call, Frame(session=call.number, kind=kind, direction=direction, at=at, payload=payload))

    def tapped(self, call: Call, sound: Audio, at: Moment) -> None:
        """Record sound of a device."""
        told = {"track": sound.track, "rate_hz": sound.rate_hz, "encoding": sound.encoding}
        payload = json.dumps(told).encode() + b"\n" + sound.payload
        self._hand(call, Frame(session=call.number, kind=Kind.TAPPED, at=at, payload=payload))

    def played(self, call: Call, event: PlaybackEvent) -> None:
        """Record what the player did."""
        told = {"event": event.event, "frame": event.frame, "frames": event.frames}
        at = Moment(event.t_ns, 0)
        self._hand(call, Frame(session=call.number, kind=Kind.PLAYED, at=at, payload=json.dumps(told).encode()))

    def logged(self, call: Call, line: str, at: Moment) -> None:
        """Record one line about how the sound of a device was captured."""
        self._hand(call, Frame(session=call.number, kind=Kind.LOGGED, at=at, payload=line.encode()))

    def closed(self, call: Call, direction: Direction, code: int, reason: str) -> None:
        """Record who closed the connection first, and why."""
        if not call.is_closed:
            call.is_closed = True
            self.connection_closed(call, direction, code, reason, call.now())

    def connection_closed(self, call: Call, direction: Direction, code: int, reason: str, at: Moment) -> None:
        """Record that one of a call's connections was closed; more may follow."""
        told = json.dumps({"code": code, "reason": reason}).encode()
        self._hand(call, Frame(session=call.number, kind=Kind.CLOSED, direction=direction, at=at, payload=told))

    def ended(self, call: Call) -> None:
        """Let the recorder close the call's folder."""
        self._say_lost(call)
        self._write(Frame(session=call.number, kind=Kind.END))
        self._calls.pop(call.number, None)

    def problem(self, call: Call, what: str, *, where: str = "wire.jsonl") -> None:
        """Record what went wrong with the recording itself."""
        told = json.dumps({"where": where, "what": what}).encode()
        self._write(Frame(session=call.number, kind=Kind.PROBLEM, payload=told))

    def _hand(self, call: Call, frame: Frame) -> None:
        if self._waiting() + len(frame.payload) > self.most_waiting:
            call.lost += 1
            return
        self._say_lost(call)
        self._write(frame)

    def _say_lost(self, call: Call) -> None:
        if call.lost:
            what = f"the recorder did not keep up: {call.lost} messages are missing"
            call.lost = 0
            self.problem(call, what)

    def _open(self, call: Call, notes: str, opening: Mapping[str, Any] | None = None) -> None:
        folder = call.folder if call.part == 1 else call.folder.with_stem(f"{call.folder.stem}-{call.part}")
        created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        told = {"folder": str(folder), "secrets": call.secrets, "created": created, "notes": notes, "opening": opening}
        self._write(Frame(session=call.number, kind=Kind.OPEN, at=call.now(), payload=json.dumps(told).encode()))

    def _waiting(self) -> int:
        pipe = self.process.stdin if self.process else None
        return pipe.transport.get_write_buffer_size() if pipe else 0

    def _write(self, frame: Frame) -> None:
        pipe = self.process.stdin if self.process else None
        if pipe and not pipe.is_closing():
            pipe.write(frame.packed())

    async def _restart(self, process: asyncio.subprocess.Process) -> None:
        """Start another recorder where one died, and go on with the calls that are open."""
        await process.wait()
        await self.start()
        for call in self._calls.values():
            call.part += 1
            self._open(call, CRASHED)
