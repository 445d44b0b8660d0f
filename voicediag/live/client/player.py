"""Plays what comes down the wire: a cushion before it starts, a flush when the user breaks in, and a log of both.

It has no clock and no device: whoever has calls `play` for each stretch that the loudspeaker wants, with the moment at
which that stretch is heard. Frames are counted as they came, so that the log speaks of places in ``agent-received``.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from voicediag.session import PlaybackEvent
from voicediag.session.clock import NANOSECONDS

if TYPE_CHECKING:
    from voicediag.session.events import PlayerEvent

BYTES_A_FRAME: Final = 2
# About the least that players keep: several messages of 20 to 40 ms, and the jitter of a good network.
CUSHION_S = 0.1
# A model's longest answers take a minute or two; what lies beyond is no answer but a fault, and memory is bounded.
MOST_QUEUED_S = 600.0


@dataclass(slots=True)
class _Piece:
    """Sound that came in one go."""

    first: int
    sound: bytearray


@dataclass(slots=True)
class Player:
    """A queue of 16-bit sound that is played in order.

    Parameters
    ----------
    rate_hz : int
    cushion_s : float
        How much must be queued, or how long the first of it must have waited, before it is played.
    flushes : bool
        Whether `flush` does anything; a player that does not is a fault that is worth hearing.
    drops_newest : bool
        Whether a queue that is full takes nothing more, which is another.

    Attributes
    ----------
    received : int
        How many frames came so far.
    played : int
        The frame after the last one that was heard.
    log : list of PlaybackEvent
        What was done since whoever writes it down last emptied it.
    """

    rate_hz: int
    cushion_s: float = CUSHION_S
    flushes: bool = True
    most_queued_s: float = MOST_QUEUED_S
    drops_newest: bool = False
    received: int = 0
    played: int = 0
    log: list[PlaybackEvent] = field(default_factory=list)
    _queue: deque[_Piece] = field(default_factory=deque)
    _queued: int = 0
    _sounding: bool = False
    _waits_since_ns: int | None = None
    _dry_since_ns: int | None = None

    def queue(self, sound: bytes, t_ns: int) -> None:
        """Take sound that came at `t_ns`; whole frames only."""
        frames = len(sound) // BYTES_A_FRAME
        if self._queued + frames > self.most_queued_s * self.rate_hz:
            if self.drops_newest:
                self.received += frames
                return
            # What is oldest goes: the newest is what the user waits for.
            self._drop(t_ns)
        self._note("queued", t_ns, self.received, frames)
        last = self._queue[-1] if self._queue else None
        if last and last.first + len(last.sound) // BYTES_A_FRAME == self.received:
            last.sound += sound
        else:
            self._queue.append(_Piece(self.received, bytearray(sound)))
        self._queued += frames
        self.received += frames
        if self._waits_since_ns is None:
            self._waits_since_ns = t_ns

    def skip(self, sound: bytes, t_ns: int) -> None:
        """Count sound that nobody shall hear, so that what comes after it keeps its number."""
        frames = len(sound) // BYTES_A_FRAME
        self._note("flushed", t_ns, self.received, frames)
        self.received += frames

    def play(self, frames: int, t_ns: int) -> bytes:
        """Return what is heard from `t_ns` on: `frames` frames, silence where there is nothing to play."""
        if not self._sounding and self._may_start(t_ns):
            self._start(t_ns)
        out = bytearray()
        while self._sounding and self._queue and len(out) < frames * BYTES_A_FRAME:
            out += self._take(frames - len(out) // BYTES_A_FRAME, self._later(t_ns, len(out)))
        if self._sounding and len(out) < frames * BYTES_A_FRAME:
            self._sounding, self._waits_since_ns = False, None
            self._dry_since_ns = self._later(t_ns, len(out))
        return bytes(out).ljust(frames * BYTES_A_FRAME, b"\0")

    def end_turn(self) -> None:
        """Know that the agent has said all: silence after it is no underrun."""
        self._dry_since_ns = None

    def flush(self, t_ns: int) -> int:
        """Throw the queue away; return how many frames nobody will hear."""
        if not self.flushes:
            return 0
        self._sounding, self._waits_since_ns, self._dry_since_ns = False, None, None
        return self._drop(t_ns)

    def _take(self, frames: int, t_ns: int) -> bytes:
        """Take at most so many frames of the first piece, which are heard from `t_ns` on."""
        piece = self._queue[0]
        sound = bytes(piece.sound[: frames * BYTES_A_FRAME])
        heard = len(sound) // BYTES_A_FRAME
        self._note("played", t_ns, piece.first, heard)
        del piece.sound[: len(sound)]
        piece.first += heard
        if not piece.sound:
            self._queue.popleft()
        self._queued -= heard
        self.played = piece.first
        return sound

    def _drop(self, t_ns: int) -> int:
        dropped = self._queued
        for piece in self._queue:
            self._note("flushed", t_ns, piece.first, len(piece.sound) // BYTES_A_FRAME)
        self._queue.clear()
        self._queued = 0
        return dropped

    def _may_start(self, t_ns: int) -> bool:
        if self._waits_since_ns is None or not self._queue:
            return False
        waited_s = (t_ns - self._waits_since_ns) / NANOSECONDS
        return self._queued >= self.cushion_s * self.rate_hz or waited_s >= self.cushion_s

    def _start(self, t_ns: int) -> None:
        self._sounding = True
        if self._dry_since_ns is not None:
            lacking = (t_ns - self._dry_since_ns) * self.rate_hz // NANOSECONDS
            self._note("underrun", self._dry_since_ns, self._queue[0].first, lacking)
            self._dry_since_ns = None

    def _later(self, t_ns: int, size: int) -> int:
        """Return the moment when `size` bytes have been heard since `t_ns`."""
        return t_ns + size // BYTES_A_FRAME * NANOSECONDS // self.rate_hz

    def _note(self, event: PlayerEvent, t_ns: int, frame: int, frames: int) -> None:
        self.log.append(PlaybackEvent(t_ns=t_ns, event=event, frame=frame, frames=frames))
