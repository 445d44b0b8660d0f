"""Sound that is read in pieces.

Whatever a track comes from, a file, a channel of one, raw bytes or an array, it answers `read(start, frames)` with mono
float32 in [-1, 1], so that three hours of it never sit in memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Samples: TypeAlias = NDArray[np.float32]


class AudioSource(Protocol):
    """One channel of sound at one rate."""

    @property
    def rate_hz(self) -> int:
        """Frames a second."""
        ...

    @property
    def frames(self) -> int:
        """Length in frames."""
        ...

    def read(self, start: int, frames: int) -> Samples:
        """Return at most `frames` samples from frame `start` on, float32, shape (n,), in [-1, 1]."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class ArraySource:
    """Sound that is in memory already.

    Parameters
    ----------
    samples : float32, shape (frames,), in [-1, 1]
    rate_hz : int
    """

    samples: Samples
    rate_hz: int

    @property
    def frames(self) -> int:
        """Length in frames."""
        return int(self.samples.size)

    def read(self, start: int, frames: int) -> Samples:
        """Return a view of the samples asked for."""
        return self.samples[max(0, start) : max(0, start + frames)]
