"""How a track's own frames become seconds on the session clock.

The session clock is monotonic and starts at 0 s. The wire counts it in integer nanoseconds; `seconds` is the one
place where those become floats. A track's clock says where its frame 0 lies and how far its crystal is off, and where
that was learnt, because a guessed clock and a measured one do not deserve the same trust.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from voicediag.errors import InputError
from voicediag.spans import Span

NANOSECONDS = 1_000_000_000
PPM = 1e-6
# Providers close a connection after an hour at the latest; a day holds every session that was resumed. A time beyond
# it is a slip (milliseconds for seconds, an epoch for a start), and laying sound out by it would take terabytes.
LONGEST_S = 24 * 3_600
# Crystals are off by up to 200 ppm; a tenth is no drift, it is another rate.
MOST_DRIFT_PPM = 100_000


def seconds(t_ns: int) -> float:
    """Return nanoseconds of the session clock in seconds."""
    return t_ns / NANOSECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Where a track's frames lie on the session clock.

    Parameters
    ----------
    offset_s : float
        Session time of frame 0.
    drift_ppm : float
        How much faster than its nominal rate the track's converter runs; positive means that it makes more frames a
        second than `rate_hz` says.
    learnt_from : str
        ``"declared"``, ``"file"`` (one file, one converter), ``"wire"`` (arrival times) or the measurement's name.

    Raises
    ------
    InputError
        Where the offset is beyond `LONGEST_S` or the drift beyond `MOST_DRIFT_PPM`.
    """

    offset_s: float = 0.0
    drift_ppm: float = 0.0
    learnt_from: str = "declared"

    def __post_init__(self) -> None:
        """Refuse what no clock does."""
        # NaN and infinity fail these comparisons too.
        if not math.fabs(self.offset_s) <= LONGEST_S:
            raise InputError(
                expected="a track that begins within a day of its session",
                got=f"offset_s={self.offset_s:g}",
                likely="milliseconds for seconds, or an epoch for a session time",
            )
        if not math.fabs(self.drift_ppm) <= MOST_DRIFT_PPM:
            raise InputError(
                expected=f"a drift of at most {MOST_DRIFT_PPM} ppm",
                got=f"drift_ppm={self.drift_ppm:g}",
                likely="a wrong rate_hz; a drift is what is left once the rate is right",
            )

    def frame_at(self, time_s: float, rate_hz: int) -> int:
        """Return the frame nearest to a session time; negative before the track began."""
        return round((time_s - self.offset_s) * rate_hz * (1 + self.drift_ppm * PPM))

    def time_of(self, frame: float, rate_hz: int) -> float:
        """Return the session time of a frame, in seconds."""
        return self.offset_s + frame / (rate_hz * (1 + self.drift_ppm * PPM))

    def span_of(self, frames: tuple[int, int], rate_hz: int) -> Span:
        """Return the session span of the half-open frame range `frames`."""
        return Span(self.time_of(frames[0], rate_hz), self.time_of(frames[1], rate_hz))
