"""Where the chunks of a wire track lie on the session clock.

A model's speech comes down the wire faster than it can be heard, and a microphone's goes up in lumps. A layout puts
each chunk where it was heard or spoken:

* `Playout` (down): a chunk plays when it arrives or when the one before it ends, whichever is later; an interruption
  throws away what was not yet played.
* `Capture` (up): a chunk ends when it is sent, or lies where its sender's own clock puts it. That clock also tells of
  chunks that were never sent, which the times of arrival hide.

A chunk that is late by less than the layout's slack joins the one before it: that much is the network's jitter, which
a player's cushion hides and a microphone never had. A longer lateness is a hole and stays one.

What a layout assumed is not a measurement: tracks laid out here carry ``learnt_from="wire"``.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from voicediag.session.source import AudioSource, Samples

# A sender's timer on a loaded phone is late by up to a few tens of ms (one event-loop hitch); a quarter of a second
# without a chunk is a capture that stopped.
CAPTURE_SLACK_S = 0.25
# About the least cushion that players keep. Without it every jitter of a stream that is paced in real time would be
# a hole of a few ms in the middle of a word.
PLAYOUT_SLACK_S = 0.1
# A sender's clock counts whole milliseconds, and its frames are 20 ms long: less than one is rounding, one was lost.
TIMED_SLACK_S = 0.015
# Whoever says that sound began this much earlier or later than it came counts in another unit, or from another start.
MOST_ASTRAY_S = 2.0


@dataclass(slots=True)
class Layout:
    """Pieces of a stream on the session clock, in order, never overlapping.

    Parameters
    ----------
    rate_hz : int
    slack_s : float
        How late a chunk may be and still join the one before it.

    Attributes
    ----------
    begins, firsts, counts : list of int
        Session frame where a piece begins, the stream frame it starts from, its length; all at `rate_hz`.
    taken : int
        The stream frame after the last one that was put, whether or not it was cut since.
    """

    rate_hz: int
    slack_s: float = 0.0
    begins: list[int] = field(default_factory=list)
    firsts: list[int] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    taken: int = 0
    _origin: int | None = None

    @property
    def end(self) -> int:
        """Session frame after the last piece."""
        return self.begins[-1] + self.counts[-1] if self.begins else 0

    def put(self, begin: int, frames: int, *, first: int | None = None, slack_s: float | None = None) -> None:
        """Place `frames` frames of the stream at session frame `begin`, or after what is there already.

        Parameters
        ----------
        begin, frames : int
        first : int, optional
            Their first frame in the stream; by default they follow those before. What of them was put before is left
            out, so that no log makes a layout longer than its stream.
        slack_s : float, optional
            Of these frames, where it is not the layout's.
        """
        first = self.taken if first is None else first
        known = max(0, self.taken - first)
        begin, first, frames = begin + known, first + known, frames - known
        if frames <= 0:
            return
        late = begin - self.end
        slack_s = self.slack_s if slack_s is None else slack_s
        if late < 0 or (self.begins and late <= slack_s * self.rate_hz):
            begin = self.end
        if self.begins and begin == self.end and first == self.firsts[-1] + self.counts[-1]:
            self.counts[-1] += frames
        else:
            self.begins.append(begin)
            self.firsts.append(first)
            self.counts.append(frames)
        self.taken = first + frames

    def cut(self, at: int) -> None:
        """Forget every frame placed at or after session frame `at`."""
        while self.begins and self.begins[-1] >= at:
            self.begins.pop()
            self.firsts.pop()
            self.counts.pop()
        if self.begins:
            self.counts[-1] = min(self.counts[-1], at - self.begins[-1])

    def place_of(self, frame: int) -> int:
        """Return the session frame where a frame of the stream lies.

        One that was cut, or that the stream does not have yet, lies where the piece before it ends.
        """
        piece = bisect_right(self.firsts, frame) - 1
        if piece < 0:
            return 0
        return self.begins[piece] + min(frame - self.firsts[piece], self.counts[piece])

    def stretch_of(self, first: int, end: int) -> tuple[int, int] | None:
        """Return from which session frame to which the stream's frames `first` to `end` lie; None if all were cut."""
        piece = max(0, bisect_right(self.firsts, first) - 1)
        if piece < len(self.firsts) and self.firsts[piece] + self.counts[piece] <= first:
            piece += 1
        last = bisect_left(self.firsts, end) - 1
        if last < piece or end <= first:
            return None
        begin = self.begins[piece] + max(0, first - self.firsts[piece])
        return begin, self.begins[last] + min(end - self.firsts[last], self.counts[last])


class Playout(Layout):
    """The layout of sound that comes down the wire."""

    __slots__ = ()

    def __init__(self, rate_hz: int) -> None:
        super().__init__(rate_hz, PLAYOUT_SLACK_S)

    def arrive(self, at_s: float, frames: int, *, first: int | None = None) -> None:
        """Queue `frames` that arrived at `at_s` for playing."""
        self.put(round(at_s * self.rate_hz), frames, first=first)

    def flush(self, at_s: float) -> None:
        """Stop playing at `at_s` and throw the queue away."""
        self.cut(round(at_s * self.rate_hz))


class Capture(Layout):
    """The layout of sound that goes up the wire."""

    __slots__ = ()

    def __init__(self, rate_hz: int) -> None:
        super().__init__(rate_hz, CAPTURE_SLACK_S)

    def send(self, at_s: float, frames: int, *, first: int | None = None, starts_s: float | None = None) -> None:
        """Place `frames` that were sent at `at_s` and that begin at `starts_s` by their sender's clock."""
        came = max(0, round(at_s * self.rate_hz) - frames)
        if starts_s is None:
            self.put(came, frames, first=first)
            return
        starts = round(starts_s * self.rate_hz)
        if self._origin is None or abs(self._origin + starts - came) > MOST_ASTRAY_S * self.rate_hz:
            self._origin = came - starts
        self.put(max(0, self._origin + starts), frames, first=first, slack_s=TIMED_SLACK_S)


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
        """Return float32 samples, shape (n,), from session frame `start` on."""
        out = np.zeros(max(0, min(frames, self.frames - start)), np.float32)
        stop, layout = start + out.size, self.layout
        piece = max(0, bisect_right(layout.begins, start) - 1)
        while piece < len(layout.begins) and layout.begins[piece] < stop:
            begin, first, count = layout.begins[piece], layout.firsts[piece], layout.counts[piece]
            low, high = max(begin, start), min(begin + count, stop)
            if high > low:
                heard = self.stream.read(first + low - begin, high - low)
                out[low - start : low - start + heard.size] = heard
            piece += 1
        return out
