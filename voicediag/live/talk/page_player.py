"""A player whose queue lies in a page's audio thread: what comes is resampled and sent there, and the page tells back.

The page counts samples of its own rate, in the order in which they were sent to it (`position`); the log counts frames
of ``agent-received``. `_Stretch` says which are which.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from voicediag.formats.pcm import FULL_SCALE, decode
from voicediag.live.client.player import BYTES_A_FRAME, Player
from voicediag.session.clock import NANOSECONDS

if TYPE_CHECKING:
    import soxr

    from voicediag.session.events import PlayerEvent

HEAD: Final = struct.Struct("<d")
# A resampler holds some sound back, which has to be fetched when nothing follows it.
TAIL_S: Final = 0.1
MOST_STRETCHES: Final = 4_096
# As long as the page's own queue may be.
MOST_S: Final = 300
# What a page tells in one message, and as far as it counts.
MOST_TOLD: Final = 1_000
_MOST_POSITION: Final = 1 << 48
_KINDS: Final[Mapping[str, PlayerEvent]] = {"played": "played", "underrun": "underrun", "flushed": "flushed"}


@dataclass(slots=True)
class _Stretch:
    """Samples of the page that lie end to end in what was received."""

    position: int
    first: int
    samples: int = 0


@dataclass(slots=True, kw_only=True)
class PagePlayer(Player):
    """Hands sound to a page.

    Parameters
    ----------
    rate_hz : int
        Of what comes down the wire.
    page_hz : int
        Of the page's audio context.
    send : callable
        Takes a piece of sound, or something to say, to the page.
    t_ns_of : callable
        Returns when a frame of the page's clock sounded.

    Attributes
    ----------
    flush_ms : float or None
        How long the last flush took, from the order to the answer of the audio thread.
    """

    page_hz: int
    send: Callable[[bytes | Mapping[str, Any]], None]
    t_ns_of: Callable[[float], int]
    flush_ms: float | None = None
    _position: int = 0
    _stretches: deque[_Stretch] = field(default_factory=lambda: deque(maxlen=MOST_STRETCHES))
    _stream: soxr.ResampleStream | None = None
    _came_ns: int = 0
    _ordered_ns: deque[int] = field(default_factory=lambda: deque(maxlen=MOST_STRETCHES))
    _unheard: deque[tuple[int, bytes]] = field(default_factory=deque)
    _unheard_bytes: int = 0
    _done: int = 0
    _flushed: int = 0
    _turn_ended: bool = False

    def queue(self, sound: bytes, t_ns: int) -> None:
        """Take sound that came at `t_ns`; whole frames only."""
        frames = len(sound) // BYTES_A_FRAME
        self._note("queued", t_ns, self.received, frames)
        if self._stream is None:
            self._begin()
        self.received += frames
        self._came_ns, self._turn_ended = t_ns, False
        self._hand(decode(sound, "pcm_16"), last=False)

    def skip(self, sound: bytes, t_ns: int) -> None:
        """Count sound that nobody shall hear."""
        self.settle()
        frames = len(sound) // BYTES_A_FRAME
        self._note("flushed", t_ns, self.received, frames)
        self.received += frames

    def tick(self, t_ns: int) -> None:
        """Fetch what the resampler holds back, where nothing came for a while."""
        if self._stream is not None and t_ns - self._came_ns > TAIL_S * NANOSECONDS:
            self.settle()

    def settle(self) -> None:
        """Fetch what the resampler holds back."""
        if self._stream is not None:
            self._hand(np.zeros(0, np.float32), last=True)
            self._stream = None

    def end_turn(self) -> None:
        """Know that the agent has said all: silence after it is no underrun."""
        self.settle()
        self._turn_ended = True
        self.send({"type": "turn-ended"})

    def flush(self, t_ns: int) -> int:
        """Have the page throw its queue away; how much that was it tells later."""
        self.settle()
        self._ordered_ns.append(t_ns)
        self._flushed = self._position
        self.send({"type": "flush"})
        return 0

    def again(self, t_ns: int) -> None:
        """Send a page that was loaded anew what the page before had not played, but for what it was told to flush."""
        self._ordered_ns.clear()
        pieces, self._unheard, self._unheard_bytes = list(self._unheard), deque(), 0
        for position, sound in pieces:
            begin = max(position, self._done)
            rest = sound[BYTES_A_FRAME * (begin - position) :]
            if position < self._flushed:
                for _, first, end in self._places(begin, len(rest) // BYTES_A_FRAME):
                    self._note("flushed", t_ns, first, end - first)
            elif rest:
                self._keep(begin, rest)
                self.send(HEAD.pack(begin) + rest)
        if self._turn_ended:
            self.send({"type": "turn-ended"})

    def told(self, log: object, now_ns: int) -> None:
        """Take what the page's audio thread did: lists of a word, a frame of its clock, a position and a length."""
        for entry in log[:MOST_TOLD] if isinstance(log, list) else ():
            if not isinstance(entry, list) or len(entry) != 4 or not all(map(_is_count, entry[1:])):
                continue
            word, frame, position, samples = entry
            if word in ("played", "flushed"):
                self._heard_to(position + samples)
            if word == "silent" and self._ordered_ns:
                self.flush_ms = (now_ns - self._ordered_ns.popleft()) / 1e6
            elif kind := _KINDS.get(word) if isinstance(word, str) else None:
                self._did(kind, frame, position, samples)

    def _keep(self, position: int, sound: bytes) -> None:
        """Keep what a page has not said that it played; no more than a page holds itself."""
        self._unheard.append((position, sound))
        self._unheard_bytes += len(sound)
        while self._unheard_bytes > MOST_S * self.page_hz * BYTES_A_FRAME:
            self._unheard_bytes -= len(self._unheard.popleft()[1])

    def _heard_to(self, position: int) -> None:
        """Let go of what lies before a place that the page has come to."""
        self._done = max(self._done, position)
        while self._unheard and self._unheard[0][0] + len(self._unheard[0][1]) // BYTES_A_FRAME <= self._done:
            self._unheard_bytes -= len(self._unheard.popleft()[1])

    def _did(self, kind: PlayerEvent, frame: int, position: int, samples: int) -> None:
        if kind == "underrun":
            self._note(kind, self.t_ns_of(frame), self._received_at(position), samples * self.rate_hz // self.page_hz)
            return
        for at, first, end in self._places(position, samples):
            heard = frame + at - position if kind == "played" else frame
            if end > first:
                self._note(kind, self.t_ns_of(heard), first, end - first)
            if kind == "played":
                self.played = max(self.played, end)

    def _places(self, position: int, samples: int) -> Iterator[tuple[int, int, int]]:
        """Yield a position and the frames that were received for it, for each stretch of a run of samples."""
        end = position + samples
        for stretch in self._stretches:
            first, last = max(position, stretch.position), min(end, stretch.position + stretch.samples)
            if last > first:
                yield first, self._in(stretch, first), self._in(stretch, last)
        while len(self._stretches) > 1 and self._stretches[1].position <= position:
            self._stretches.popleft()

    def _received_at(self, position: int) -> int:
        lies = [stretch for stretch in self._stretches if stretch.position <= position]
        return self._in(lies[-1], position) if lies else 0

    def _in(self, stretch: _Stretch, position: int) -> int:
        return min(self.received, stretch.first + (position - stretch.position) * self.rate_hz // self.page_hz)

    def _begin(self) -> None:
        import soxr

        self._stretches.append(_Stretch(self._position, self.received))
        self._stream = soxr.ResampleStream(self.rate_hz, self.page_hz, 1)

    def _hand(self, samples: np.ndarray[Any, np.dtype[np.float32]], *, last: bool) -> None:
        if self._stream is None:
            return
        scaled = np.rint(self._stream.resample_chunk(samples, last=last) * FULL_SCALE)
        if not scaled.size:
            return
        sound = np.clip(scaled, -FULL_SCALE, FULL_SCALE - 1).astype("<i2").tobytes()
        self._keep(self._position, sound)
        self.send(HEAD.pack(self._position) + sound)
        self._position += scaled.size
        self._stretches[-1].samples += scaled.size


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MOST_POSITION
