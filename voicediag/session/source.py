"""Sound that is read in pieces.

Whatever a track comes from, a file, a channel of one, raw bytes or an array, it answers `read(start, frames)` with mono
float32 in [-1, 1], so that three hours of it never sit in memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from voicediag.errors import InputError

Samples: TypeAlias = NDArray[np.float32]
# Nobody records speech slower, and no converter runs faster; a rate outside was declared by a slip, or read from a
# damaged header.
SLOWEST_HZ, FASTEST_HZ = 4_000, 768_000


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
        """Return at most `frames` samples from frame `start` >= 0 on, float32, shape (n,), in [-1, 1].

        Fewer come only where the source ends, or where its file breaks off.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class ArraySource:
    """Sound that is in memory already.

    Parameters
    ----------
    samples : float32, shape (frames,), in [-1, 1]
    rate_hz : int

    Raises
    ------
    InputError
        Where the samples are of another type or shape.
    """

    samples: Samples
    rate_hz: int

    def __post_init__(self) -> None:
        """Refuse integers and channels, which every measurement would misread."""
        if self.samples.dtype != np.float32 or self.samples.ndim != 1:
            raise InputError(
                expected="float32 samples of shape (frames,)",
                got=f"{self.samples.dtype} of shape {self.samples.shape}",
                likely="one channel at a time, and int16 divided by 32768: (x / 32768).astype(np.float32)",
            )

    @property
    def frames(self) -> int:
        """Length in frames."""
        return int(self.samples.size)

    def read(self, start: int, frames: int) -> Samples:
        """Return a view of the samples asked for."""
        return self.samples[start : start + frames]
