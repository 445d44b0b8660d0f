"""The recorder's own process: what it does cannot disturb the call, and what happens to the call cannot disturb it.

The relay hands over every message as it passed, in frames of a fixed head and a payload, through a pipe that it never
waits for. Here they are parsed, redacted and written. When the pipe ends, every session that is still open is closed:
a relay that is killed loses nothing of what it had handed over.

    python -m voicediag.live.recorder_process < frames
"""

from __future__ import annotations

import json
import os
import select
import signal
import struct
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from voicediag.errors import InputError
from voicediag.formats import folder_closer
from voicediag.live.recorder import Moment, Recorder
from voicediag.live.redaction import Redaction
from voicediag.protocols.events import Audio
from voicediag.session import PlaybackEvent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor

    from voicediag.session.events import Direction

HEAD: Final = struct.Struct("<IBBqqI")
DIRECTIONS: Final[tuple[Direction, Direction]] = ("up", "down")
READ_BYTES = 1 << 20
# What a kill of the recorder itself loses while its pipe is never empty; the goal is less than 0.1 s. Where it is empty
# all that came is written at once.
FLUSH_S = 0.05
# The call comes first where there are not cores enough for both.
NICENESS = 10
START: Final = Moment(0, 0)
STOPPED = "what recorded it was stopped before the session was over"


class Kind(IntEnum):
    """What a frame is."""

    OPEN = 0
    TEXT = 1
    BINARY = 2
    CLOSED = 3
    PROBLEM = 4
    END = 5
    TAPPED = 6
    PLAYED = 7
    LOGGED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One thing that the relay hands over."""

    session: int
    kind: Kind
    direction: Direction = "up"
    at: Moment = START
    payload: bytes = b""

    def packed(self) -> bytes:
        """Return the frame as bytes."""
        way = DIRECTIONS.index(self.direction)
        head = HEAD.pack(self.session, self.kind, way, self.at.t_ns, self.at.wall_ns, len(self.payload))
        return head + self.payload


@dataclass(slots=True)
class Frames:
    """Cuts a stream of bytes into frames."""

    _rest: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yield every frame that is whole now."""
        self._rest += data
        at = 0
        while len(self._rest) - at >= HEAD.size:
            session, kind, way, t_ns, wall_ns, length = HEAD.unpack_from(self._rest, at)
            end = at + HEAD.size + length
            if end > len(self._rest):
                break
            payload = bytes(self._rest[at + HEAD.size : end])
            yield Frame(
                session=session,
                kind=Kind(kind),
                direction=DIRECTIONS[way],
                at=Moment(t_ns, wall_ns),
                payload=payload,
            )
            at = end
        del self._rest[:at]


@dataclass(slots=True)
class Desk:
    """Keeps the recorder of each session, and closes those that end.

    Parameters
    ----------
    closing : Executor
        Where folders become FLAC, so that other sessions need not wait.
    """

    closing: Executor
    waiting: set[int] = field(default_factory=set)
    _open: dict[int, Recorder] = field(default_factory=dict)

    def take(self, frame: Frame) -> None:
        """Do what a frame says."""
        self.waiting.add(frame.session)
        if frame.kind is Kind.OPEN:
            told = json.loads(frame.payload)
            begun = self._open[frame.session] = Recorder(
                Path(told["folder"]), Redaction(tuple(told["secrets"])), told["created"], told["notes"]
            )
            if told.get("opening"):
                begun.opened(told["opening"], frame.at)
        elif (recorder := self._open.get(frame.session)) is not None:
            self._record(recorder, frame)

    def flush(self) -> None:
        """Write what has come for every session, and what a disk has refused before."""
        self.waiting.update(self._open)
        self.hasten()

    def hasten(self) -> None:
        """Write what has come since this was done last."""
        for session in self.waiting & self._open.keys():
            self._open[session].flush()
        self.waiting.clear()

    def end(self, session: int) -> None:
        """Close a session's folder."""
        recorder = self._open.pop(session)
        if recorder.close():
            self.closing.submit(_closed, recorder.folder)

    def stop(self) -> None:
        """Close all that is open, because nothing more will come."""
        for session, recorder in list(self._open.items()):
            recorder.problem("session.json", STOPPED)
            self.end(session)

    def _record(self, recorder: Recorder, frame: Frame) -> None:
        match frame.kind:
            case Kind.TEXT:
                recorder.message(frame.direction, frame.payload.decode("utf-8", errors="replace"), frame.at)
            case Kind.BINARY:
                recorder.message(frame.direction, frame.payload, frame.at)
            case Kind.CLOSED:
                told = json.loads(frame.payload)
                recorder.closed_by(frame.direction, told["code"], told["reason"], frame.at)
            case Kind.TAPPED:
                head, _, sound = frame.payload.partition(b"\n")
                recorder.tapped(Audio(payload=sound, **json.loads(head)), frame.at)
            case Kind.PLAYED:
                recorder.played(PlaybackEvent(t_ns=frame.at.t_ns, **json.loads(frame.payload)))
            case Kind.PROBLEM:
                told = json.loads(frame.payload)
                recorder.problem(told["where"], told["what"])
            case Kind.LOGGED:
                recorder.logged(frame.payload.decode("utf-8", errors="replace"))
            case _:
                self.end(frame.session)


def run(pipe: int) -> None:
    """Record what comes through a pipe until it ends."""
    frames = Frames()
    with ThreadPoolExecutor(1) as closing:
        desk, due_s = Desk(closing), time.monotonic() + FLUSH_S
        while True:
            ready, _, _ = select.select([pipe], [], [], 0 if desk.waiting else FLUSH_S)
            if ready:
                if not (data := os.read(pipe, READ_BYTES)):
                    break
                for frame in frames.feed(data):
                    desk.take(frame)
            if not ready:
                desk.hasten()
            if time.monotonic() >= due_s:
                desk.flush()
                due_s = time.monotonic() + FLUSH_S
        desk.stop()


def _closed(folder: Path) -> None:
    """Close a folder; one without sound, or on a full disk, stays as it was written."""
    try:
        folder_closer.close(folder)
    except (InputError, OSError) as error:
        sys.stderr.write(f"voicediag: {folder}: {error}; it stays as it was recorded\n")


if __name__ == "__main__":
    # Ctrl-C reaches the whole group; the relay ends its calls first, and then the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform != "win32":
        os.nice(NICENESS)
    run(sys.stdin.fileno())
