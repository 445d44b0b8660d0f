"""Moments at which a stream of frames stood still while other clocks went on.

A chunk comes when it is full, or later: what delays it never makes it early. So the smallest lateness of a second is
the stream's own clock, and where it rises for good, against each clock that looks on, the stream stood still. A clock
that is set anew moves alone; a queue that is worked off falls back again; a crystal drifts by less than `drift_ppm`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# What delays every chunk of a second may still pass within these.
AHEAD_WINDOWS: Final = 10
# A window with fewer chunks may hold delayed ones only.
LEAST_CHUNKS: Final = 8
_MS: Final = 1_000.0
_PPM: Final = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSlips:
    """Where and for how long a stream stood still.

    Attributes
    ----------
    frames : int64, shape (slips,)
        The frame after which it did, to a chunk or two.
    sizes_ms : float64, shape (slips,)
    """

    frames: NDArray[np.int64]
    sizes_ms: NDArray[np.float64]


def clock_slips(
    ends: NDArray[np.int64],
    clocks_ms: Sequence[NDArray[np.float64]],
    *,
    rate_hz: int,
    least_ms: float,
    drift_ppm: float,
) -> ClockSlips:
    """Return where chunks fell behind all clocks for good.

    Parameters
    ----------
    ends : int64, shape (chunks,)
        The frame after each chunk's last, rising.
    clocks_ms : arrays of float64, shape (chunks,)
        When each chunk was there, by clocks that know nothing of each other.
    least_ms : float
        The smallest slip that counts.
    drift_ppm : float
        By how much a clock may go faster than the stream without that being one.
    """
    late = np.stack([clock - ends * (_MS / rate_hz) for clock in clocks_ms])
    firsts = _windows(ends, rate_hz)
    if firsts.size <= 1:
        return ClockSlips(frames=np.empty(0, np.int64), sizes_ms=np.empty(0))
    lowest = np.minimum.reduceat(late, firsts, axis=1)
    at = ends[firsts]
    floor, found = lowest[:, 0].copy(), []
    for window in range(1, firsts.size):
        ahead = lowest[:, window : window + AHEAD_WINDOWS].min(axis=1)
        size = float((ahead - floor).min())
        if size >= least_ms:
            found.append((_place(ends, late[0], firsts, window, low_ms=float(floor[0]) + size / 2), size))
            floor = ahead
        else:
            drifted = (at[window] - at[window - 1]) / rate_hz * _MS * drift_ppm * _PPM
            floor = np.minimum(ahead, floor + drifted)
    frames, sizes = zip(*found, strict=True) if found else ((), ())
    return ClockSlips(frames=np.array(frames, np.int64), sizes_ms=np.array(sizes, np.float64))


def _windows(ends: NDArray[np.int64], rate_hz: int) -> NDArray[np.intp]:
    """Return the first chunk of each second that has chunks enough; what has not belongs to the one before."""
    second = ends // rate_hz
    firsts = np.flatnonzero(np.diff(second, prepend=-1))
    counts = np.diff(firsts, append=ends.size)
    firsts = firsts[counts >= LEAST_CHUNKS]
    if firsts.size:
        firsts[0] = 0
    return firsts


def _place(
    ends: NDArray[np.int64], late: NDArray[np.float64], firsts: NDArray[np.intp], window: int, *, low_ms: float
) -> int:
    """Return the end of the last chunk that came before a slip: the last that is early."""
    low = int(firsts[window - 1])
    high = int(firsts[window + 1]) if window + 1 < firsts.size else ends.size
    early = np.flatnonzero(late[low:high] < low_ms)
    return int(ends[low + (int(early[-1]) if early.size else 0)])
