"""Whether lateness grows with every chunk or in a few steps: a sender that sleeps too long, or buffers that were lost.

Formula
    Beside its trend, lateness walks: the mean square of what it gains over k chunks grows by V with each chunk, while
    jitter, which takes back what it gave, adds the same at any distance. V over the square of a chunk's mean gain is
    the index of dispersion: 1 / p where one chunk in 1 / p pays for the others, below 1 where each costs about the
    same, however uneven the jitter is. Jitter only ever delays, so that the least lateness of some chunks together
    hides less of the walk: of several such numbers the one whose index is surest counts.
Reference
    D. R. Cox and P. A. W. Lewis, The Statistical Analysis of Series of Events, 1966, 4: the variance-time curve.
Conventions
    None where neither is sure. Steps that come at even intervals do not walk: they look even.
"""

from __future__ import annotations

import math
from typing import Final, Literal, TypeAlias

import numpy as np

from voicediag.measure.arrival import Seconds

Growth: TypeAlias = Literal["even", "steps"]

# A cost that is drawn log-normal with a sigma of 0.8 has an index of 0.9; one chunk in two that pays for both has 2.
MOST_EVEN: Final = 2.0
# Jitter of neighbours is alike for as long: on a stream none overtakes another.
NEAR_S: Final = 0.1
FAR_SHARE: Final = 1 / 20
MOST_SHARE: Final = 1 / 8
LEAST_TIMES: Final = 4
TOGETHER: Final = (1, 2, 4, 8, 16, 32, 64)
LEAST_CHUNK_S: Final = 1e-3
SIGMAS: Final = 2.0


def growth(late_s: Seconds, *, chunk_s: float) -> Growth | None:
    """Return how the lateness of a run grows; None where it does not, or where that cannot be told.

    Parameters
    ----------
    late_s : float64, shape (chunks,)
    chunk_s : float
        How long a chunk usually lasts.
    """
    mean_s = float(late_s[-1] - late_s[0]) / max(1, late_s.size - 1)
    if mean_s <= 0:
        return None
    told = [_index(late_s, together, max(chunk_s, LEAST_CHUNK_S)) for together in TOGETHER]
    index, error = min((each for each in told if each), key=lambda each: each[1], default=(0.0, math.inf))
    if index + SIGMAS * error <= MOST_EVEN:
        return "even"
    return "steps" if index - SIGMAS * error >= MOST_EVEN else None


def _index(late_s: Seconds, together: int, chunk_s: float) -> tuple[float, float] | None:
    """Return the index of dispersion by the least lateness of so many chunks at a time, and its standard error."""
    count = late_s.size // together
    near = max(1, math.ceil(NEAR_S / chunk_s / together))
    far = max(LEAST_TIMES * near, int(count * FAR_SHARE))
    if far > count * MOST_SHARE:
        return None
    # A block that the trend tilts would have its least at its beginning, whatever the jitter.
    trend_s = float(np.polyfit(np.arange(late_s.size), late_s, 1)[0])
    rest = late_s - trend_s * np.arange(late_s.size)
    least = rest[: count * together].reshape(count, together).min(axis=1)
    drift_s = float(least[-1] - least[0]) / (count - 1)
    mean_s = trend_s + drift_s / together
    if mean_s <= 0:
        return None
    flat = least - drift_s * np.arange(count)
    # Over far distances neighbouring gains hold the same steps: so many of them are one.
    values, errors = zip(*(_gained(flat, apart) for apart in (near, far)), strict=True)
    scale = (far - near) * together * mean_s**2
    return (values[1] - values[0]) / scale, math.hypot(*errors) / scale


def _gained(flat_s: Seconds, apart: int) -> tuple[float, float]:
    """Return the mean square of what is gained over so many chunks, and its standard error."""
    square = float(np.mean((flat_s[apart:] - flat_s[:-apart]) ** 2))
    return square, square * math.sqrt(4 * apart / (3 * flat_s.size))
