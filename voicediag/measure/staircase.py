"""Steps of a lag that are whole multiples of one buffer: which buffer, and how much sound went with it.

Method
    Every buffer of `FRAMES` at every rate of `RATES_HZ` is held against the sizes of the steps. A size falls within
    `TOLERANCE_MS` of a multiple of a buffer of T ms by chance once in T / (2 `TOLERANCE_MS`) times; a buffer is named
    where that chance, over all steps and all buffers that were tried, is below `CHANCE`. Of those that pass, the one
    with the least chance is the largest of which all steps are multiples.
Conventions
    Sizes in ms, positive where sound is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

# What browsers, phones and audio libraries hand over at once: Web Audio's render quantum and its multiples, and 10 and
# 20 ms of the device's rate.
FRAMES: Final = (128, 256, 441, 480, 512, 882, 960, 1_024, 2_048, 4_096)
PACKETS: Final = (160, 320, 240, 640)
RATES_HZ: Final = (48_000, 44_100, 16_000, 24_000, 32_000, 8_000)
# benchmarks/echo_motion: nine of ten sizes are known to 0.01 ms, and a cut at 16 kHz falls on frames of 0.06 ms.
TOLERANCE_MS = 0.1
CHANCE = 0.01
# One step in ten may be two things at once.
LEAST_SHARE = 0.9
LEAST_STEPS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Staircase:
    """Steps of one direction.

    Attributes
    ----------
    steps : int
    lost_ms : float
        Their sum; of an echo's motion what the lag lost from beginning to end, where that is more.
    buffer_frames, buffer_rate_hz : int or None
        The buffer of which the steps are whole multiples; None where that is not decided. A buffer of 10 ms is the same
        at any rate: the first of the track's own rate and `RATES_HZ` is named.
    residual_ms : float or None
        Median distance of a step from a multiple of that buffer.
    """

    steps: int
    lost_ms: float
    buffer_frames: int | None = None
    buffer_rate_hz: int | None = None
    residual_ms: float | None = None

    @property
    def buffer_ms(self) -> float | None:
        """How long the buffer lasts."""
        if self.buffer_frames is None or self.buffer_rate_hz is None:
            return None
        return 1_000 * self.buffer_frames / self.buffer_rate_hz


def staircase(sizes_ms: Sequence[float], *, rate_hz: int) -> Staircase:
    """Return what the steps of one direction make together.

    Parameters
    ----------
    sizes_ms : sequence of float
        Positive.
    rate_hz : int
        The track's own rate, whose buffers are tried first.
    """
    sizes = np.asarray(sizes_ms, np.float64)
    whole = Staircase(steps=sizes.size, lost_ms=float(sizes.sum()))
    if sizes.size < LEAST_STEPS:
        return whole
    tried = _buffers(rate_hz)
    chances = [_chance(sizes, 1_000 * frames / rate) for frames, rate in tried]
    best = int(np.argmin(chances))
    if chances[best] * len({frames / rate for frames, rate in tried}) > CHANCE:
        return whole
    frames, rate = tried[best]
    rest = np.abs(_rest(sizes, 1_000 * frames / rate))
    return Staircase(
        steps=sizes.size,
        lost_ms=whole.lost_ms,
        buffer_frames=frames,
        buffer_rate_hz=rate,
        residual_ms=float(np.median(rest)),
    )


def _buffers(rate_hz: int) -> list[tuple[int, int]]:
    """Return frames and rate of each buffer, the likelier ones first."""
    rates = [rate_hz, *(rate for rate in RATES_HZ if rate != rate_hz)]
    return [(frames, rate) for some in (FRAMES, PACKETS) for rate in rates for frames in some]


def _chance(sizes: NDArray[np.float64], buffer_ms: float) -> float:
    """Return how likely chance brings as many sizes as near to multiples; 1 where too few of them are."""
    near = np.count_nonzero(np.abs(_rest(sizes, buffer_ms)) <= TOLERANCE_MS)
    if near < LEAST_SHARE * sizes.size or buffer_ms <= 2 * TOLERANCE_MS:
        return 1.0
    return float((2 * TOLERANCE_MS / buffer_ms) ** near)


def _rest(sizes: NDArray[np.float64], buffer_ms: float) -> NDArray[np.float64]:
    """Return how far each size lies from the nearest multiple, of one buffer at least."""
    return np.asarray(sizes - np.maximum(1, np.round(sizes / buffer_ms)) * buffer_ms, np.float64)
