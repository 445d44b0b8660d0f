"""Where the chunks of a wire track lie on the session clock.

A model's speech comes down the wire faster than it can be heard, and a microphone's goes up in lumps. A layout puts
each chunk where it was heard or spoken:

* `Playout` (down): a chunk plays when it arrives or when the one before it ends, whichever is later; an interruption
  throws away what was not yet played. This is a player without cushion, the best case of every real one.
* `Capture` (up): a chunk ends when it is sent. Jitter under `slack_s` is the network's and is absorbed; a longer
  silence of the sender is a hole and stays one.

What a layout assumed is not a measurement: tracks laid out here carry ``learnt_from="wire"``.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from voicediag.session.source import AudioSource, Samples

# A sender's timer on a loaded phone is late by up to a few tens of ms (one event-loop hitch); a quarter of a second
# without a chunk is a capture that stopped.
CAPTURE_SLACK_S = 0.25


@dataclass(slots=True)
class Layout:
    """Pieces of a stream on the session clock, in order, never overlapping.

    Attributes
    ----------
    begins, firsts, counts : list of int
        Session frame where a piece begins, the stream frame it starts from, its length; all at `rate_hz`.
    """

    rate_hz: int
    begins: list[int] = field(default_factory=list)
    firsts: list[int] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    taken: int = 0

    @property
    def end(self) -> int:
        """Session frame after the last piece."""
        return self.begins[-1] + self.counts[-1] if self.begins else 0

    def put(self, begin: int, frames: int) -> None:
        """Place the stream's next `frames` frames at session frame `begin`, or after what is there already."""
        begin = max(begin, self.end)
        joins = self.begins and begin == self.end and self.taken == self.firsts[-1] + self.counts[-1]
        if joins:
            self.counts[-1] += frames
        else:
            self.begins.append(begin)
            self.firsts.append(self.taken)
            self.counts.append(frames)
        self.taken += frames

    def cut(self, at: int) -> None:
        """Forget every frame placed at or after session frame `at`."""
        while self.begins and self.begins[-1] >= at:
            self.begins.pop()
            self.firsts.pop()
            self.counts.pop()
        if self.begins:
            self.counts[-1] = min(self.counts[-1], at - self.begins[-1])

    def session_frame(self, stream_frame: int) -> int:
        """Return where a frame of the stream came to lie; frames that were cut answer with the next kept one's."""
        piece = bisect_right(self.firsts, stream_frame) - 1
        if piece < 0:
            return 0
        return self.begins[piece] + min(stream_frame - self.firsts[piece], self.counts[piece])


class Playout(Layout):
    """The layout of sound that comes down the wire."""

    __slots__ = ()

    def arrive(self, at_s: float, frames: int) -> None:
        """Queue `frames` that arrived at `at_s` for playing."""
        self.put(round(at_s * self.rate_hz), frames)

    def flush(self, at_s: float) -> None:
        """Stop playing at `at_s` and throw the queue away."""
        self.cut(round(at_s * self.rate_hz))


class Capture(Layout):
    """The layout of sound that goes up the wire."""

    __slots__ = ()

    def send(self, at_s: float, frames: int, *, slack_s: float = CAPTURE_SLACK_S) -> None:
        """Place `frames` that were sent at `at_s`."""
        begin = max(0, round(at_s * self.rate_hz) - frames)
        late = begin - self.end
        self.put(begin if late > slack_s * self.rate_hz or not self.begins else self.end, frames)


@dataclass(frozen=True, slots=True)
class PlacedSource:
    """A stream read through its layout: silence where nothing was placed."""

    stream: AudioSource
    layout: Layout

    @property
    def rate_hz(self) -> int:
        """Frames a second."""
        return self.layout.rate_hz

    @property
    def frames(self) -> int:
        """Length on the session clock, in frames."""
        return self.layout.end

    def read(self, start: int, frames: int) -> Samples:
        """Return float32 samples, shape (frames,), from session frame `start` on."""
        frames = max(0, min(frames, self.frames - start))
        out = np.zeros(frames, np.float32)
        layout = self.layout
        piece = max(0, bisect_right(layout.begins, start) - 1)
        while piece < len(layout.begins) and layout.begins[piece] < start + frames:
            begin, first, count = layout.begins[piece], layout.firsts[piece], layout.counts[piece]
            low, high = max(begin, start), min(begin + count, start + frames)
            if high > low:
                heard = self.stream.read(first + low - begin, high - low)
                out[low - start : low - start + heard.size] = heard
            piece += 1
        return out
