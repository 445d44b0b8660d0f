"""A track made small enough to draw: the lowest, the highest and the RMS sample of each column of a picture.

Columns are read in blocks, so that three hours of sound cost no more memory than three seconds. Nothing is normalised:
values are linear, full scale is 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from voicediag.measure.envelope import linear
from voicediag.spans import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from voicediag.measure.envelope import Envelope as Codes
    from voicediag.session import Samples, Track

COLUMNS = 720
# What is heard around a place: half a second on either side, and no more than a person listens to twice.
CONTEXT_S = 0.5
LONGEST_S = 8.0
BLOCK_FRAMES = 1 << 19


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Envelope:
    """What one column of a picture holds.

    Attributes
    ----------
    start_s, step_s : float
        Session time of the first column, and the width of each.
    low, high : float32, shape (columns,), linear
    rms : float32, shape (columns,), linear
        Empty where it was not measured.
    """

    start_s: float
    step_s: float
    low: Samples
    high: Samples
    rms: Samples

    @property
    def times_s(self) -> NDArray[np.float64]:
        """The middle of each column on the session clock, shape (columns,)."""
        return self.start_s + self.step_s * (np.arange(self.low.size, dtype=np.float64) + 0.5)

    @property
    def peak(self) -> float:
        """Largest magnitude; 0 for no columns."""
        return float(max(self.high.max(initial=0.0), -self.low.min(initial=0.0)))

    @property
    def rms_dbfs(self) -> Samples:
        """Level of each column in dBFS, shape (columns,); -120 stands for digital silence."""
        return 20 * np.log10(np.maximum(self.rms, np.float32(1e-6)))


def envelope(track: Track, span: Span, *, columns: int = COLUMNS) -> Envelope:
    """Return the envelope of what a track holds of a session span.

    Parameters
    ----------
    track : Track
    span : Span
        On the session clock; the envelope ends where the track does.
    columns : int
        At most so many.
    """
    first = max(0, track.clock.frame_at(span.start_s, track.rate_hz))
    last = min(track.frames, track.clock.frame_at(span.end_s, track.rate_hz))
    width = max(1, -(-(last - first) // columns))
    begin_s = track.clock.time_of(first, track.rate_hz)
    parts = [_columns(block, width) for block in _blocks(track, first, last, width)]
    low, high, rms = np.concatenate([np.zeros((3, 0), np.float32), *parts], axis=1)
    step_s = track.clock.time_of(first + width, track.rate_hz) - begin_s
    return Envelope(start_s=begin_s, step_s=step_s, low=low, high=high, rms=rms)


def of_codes(track: Track, codes: Codes, *, columns: int = COLUMNS) -> Envelope:
    """Return the same of a whole track from the envelope that was measured of it, which has no RMS."""
    thin = codes.thinned(most=columns)
    begin_s = track.clock.time_of(0, track.rate_hz)
    step_s = track.clock.time_of(thin.step_frames, track.rate_hz) - begin_s
    none = np.empty(0, np.float32)
    return Envelope(start_s=begin_s, step_s=step_s, low=linear(thin.low), high=linear(thin.high), rms=none)


def excerpt(track: Track, span: Span, *, within: Span, longest_s: float = LONGEST_S) -> Span:
    """Return the time to hear: the span and `CONTEXT_S` on either side, or of a long span the loudest part."""
    wide = span.padded(CONTEXT_S).overlap(within) or span
    if wide.duration_s <= longest_s:
        return wide
    power = envelope(track, wide).rms.astype(np.float64) ** 2
    columns = max(1, round(power.size * longest_s / wide.duration_s))
    loudness = np.convolve(power, np.ones(columns), mode="valid")
    share = int(np.argmax(loudness)) / max(1, power.size) if loudness.size else 0.0
    start_s = min(wide.start_s + share * wide.duration_s, wide.end_s - longest_s)
    return Span(start_s, start_s + longest_s)


def _blocks(track: Track, first: int, last: int, width: int) -> Iterator[Samples]:
    """Yield the frames from `first` to `last` in blocks of whole columns."""
    size = max(1, BLOCK_FRAMES // width) * width
    for start in range(first, last, size):
        yield track.source.read(start, min(size, last - start))


def _columns(block: Samples, width: int) -> Samples:
    """Return low, high and RMS of each column of a block, shape (3, columns); the last column may be short."""
    whole = block.size - block.size % width
    parts = [block[:whole].reshape(-1, width), block[whole:].reshape(1, -1)]
    rows = [
        np.stack((part.min(axis=1), part.max(axis=1), np.sqrt(np.mean(part**2, axis=1)))) for part in parts if part.size
    ]
    return np.concatenate([np.zeros((3, 0), np.float32), *rows], axis=1)
