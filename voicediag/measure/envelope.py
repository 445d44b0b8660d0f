"""The envelope of a track: the lowest and the highest sample of every 10 ms, small enough to draw an hour from.

What
    low = min x and high = max x of each step, both as codes of 8 bits: 360,000 steps of an hour are 0.72 MB.
Conventions
    A code is signed, and its size is 126 log(1 + 255 |x|) / log(256), rounded: the compression curve of G.711's mu-law,
    without its segments. So a soft voice keeps its shape, which 8 linear bits would flatten: a step is 0.4 dB at full
    scale and -75 dBFS is the least that is not 0. Code 127 is kept for samples at full scale, within the last two steps
    of 16 bits, so that none is missed however far a picture is zoomed out.
    Steps are whole frames, and the last may be shorter, as in `measure.levels`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from voicediag.measure._filters import BlockMeter, Samples, block_of, whole_frames

Codes: TypeAlias = NDArray[np.int8]

STEP_S = 0.01
"""Seconds a step: a pixel of a picture that shows ten seconds, and half of a hop of `measure.levels`."""
MU: Final = 255.0
STEPS: Final = 126
AT_FULL_SCALE: Final = 127
FULL_SCALE: Final = 32_766 / 32_768
"""What counts as full scale: 16-bit samples end at 32,767, and some converters one below."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Envelope:
    """The extremes of a track, step by step.

    Attributes
    ----------
    rate_hz : float
    step_frames : int
        Frames a step.
    frames : int
        Frames measured.
    low, high : int8, shape (steps,)
        Codes; `linear` says what they stand for.
    """

    rate_hz: float
    step_frames: int
    frames: int
    low: Codes
    high: Codes

    @property
    def step_s(self) -> float:
        """Seconds a step, as measured."""
        return self.step_frames / self.rate_hz

    def thinned(self, *, most: int) -> Envelope:
        """Return the envelope with so many steps at most, each of a whole number of these."""
        times = -(-self.low.size // most)
        if times <= 1:
            return self
        starts = np.arange(0, self.low.size, times)
        return Envelope(
            rate_hz=self.rate_hz,
            step_frames=self.step_frames * times,
            frames=self.frames,
            low=np.minimum.reduceat(self.low, starts),
            high=np.maximum.reduceat(self.high, starts),
        )


class EnvelopeMeter(BlockMeter[Envelope]):
    """Measures `Envelope` from samples in pieces.

    Parameters
    ----------
    rate_hz : float
    step_s : float
        Rounded to whole frames.
    """

    def __init__(self, rate_hz: float, step_s: float = STEP_S) -> None:
        self._step = whole_frames(step_s, rate_hz)
        super().__init__(block_of(self._step))
        self._rate_hz = rate_hz
        self._lows: list[Codes] = []
        self._highs: list[Codes] = []

    def _absorb(self, block: Samples) -> None:
        whole = block.size - block.size % self._step
        for steps in (block[:whole].reshape(-1, self._step), block[whole:].reshape(1, -1)):
            if steps.size:
                self._lows.append(coded(steps.min(axis=1)))
                self._highs.append(coded(steps.max(axis=1)))

    def _summary(self) -> Envelope:
        none = np.empty(0, np.int8)
        return Envelope(
            rate_hz=self._rate_hz,
            step_frames=self._step,
            frames=self.frames,
            low=np.concatenate((none, *self._lows)),
            high=np.concatenate((none, *self._highs)),
        )


def envelope(samples: ArrayLike, *, rate_hz: float, step_s: float = STEP_S) -> Envelope:
    """Return the envelope of `samples`, float32, shape (frames,), in [-1, 1]."""
    return EnvelopeMeter(rate_hz, step_s).push(samples).result()


def coded(values: Samples) -> Codes:
    """Return linear values as codes."""
    sizes = np.abs(values)
    codes = np.minimum(np.rint(np.log1p(MU * sizes) * (STEPS / math.log1p(MU))), STEPS)
    return (np.copysign(np.where(sizes >= FULL_SCALE, AT_FULL_SCALE, codes), values)).astype(np.int8)


def linear(codes: Codes) -> Samples:
    """Return codes as linear values."""
    sizes = np.minimum(np.abs(codes.astype(np.float32)), STEPS)
    return np.copysign(np.expm1(sizes * (math.log1p(MU) / STEPS)) / MU, codes).astype(np.float32)
