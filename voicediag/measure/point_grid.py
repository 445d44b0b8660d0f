"""A track at the rate at which two points are compared, made block by block as it is asked for.

Method
    Blocks of 16 s are brought to `GRID_HZ` by cutting their spectrum off, which works from any rate, and weighted
    there: a telephone's band, with its upper half raised so that the pitch of a voice does not speak for all of it. The
    next block is made on another core meanwhile. What was read long ago is forgotten.
"""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Protocol

import numpy as np

from voicediag.measure._filters import Samples

GRID_HZ = 8_000
BLOCK_S = 16
BAND_HZ = (60.0, 300.0, 2_900.0, 3_900.0)
RAISED_FROM_HZ = 800.0
MOST_BLOCKS = 24
# Far beyond full scale: a file of floats may hold anything.
MOST = 100.0


class Sound(Protocol):
    """A track that is read in pieces: mono float32."""

    @property
    def rate_hz(self) -> int:
        """Frames a second."""
        ...

    @property
    def frames(self) -> int:
        """Length in frames."""
        ...

    def read(self, start: int, frames: int) -> Samples:
        """Return at most `frames` samples from `start` on."""
        ...


class Grid:
    """A track on the grid; sample 0 is its first frame, and beyond its ends there is silence."""

    def __init__(self, sound: Sound, pool: ThreadPoolExecutor | None = None) -> None:
        """Take a track, and the threads that may work ahead."""
        self.sound, self._pool, self._lock = sound, pool, Lock()
        self.size = -(-sound.frames * GRID_HZ // sound.rate_hz)
        # Half a second of an odd rate is no whole number of frames.
        self._margin = GRID_HZ if sound.rate_hz % 2 else GRID_HZ // 2
        self._core = BLOCK_S * GRID_HZ - 2 * self._margin
        self._weight = _weight(BLOCK_S * min(sound.rate_hz, GRID_HZ) // 2 + 1)
        self._blocks: OrderedDict[int, Samples | Future[Samples]] = OrderedDict()

    def cut(self, start: int, count: int) -> Samples:
        """Return `count` samples from `start` on."""
        out = np.zeros(count, np.float32)
        low, high = max(0, start), min(self.size, start + count)
        for block in range(low // self._core, -(-high // self._core) if high > low else 0):
            first = block * self._core
            begin, end = max(low, first), min(high, first + self._core)
            out[begin - start : end - start] = self._block(block)[begin - first : end - first]
        return out

    def frames(self, start: int, count: int) -> Samples:
        """Return native frames, silence beyond the ends."""
        out = np.zeros(count, np.float32)
        low, high = max(0, start), min(self.sound.frames, start + count)
        if high > low:
            with self._lock:
                heard = self.sound.read(low, high - low)
            out[low - start : low - start + heard.size] = heard
        return np.clip(np.nan_to_num(out, copy=False, nan=0.0), -MOST, MOST)

    def _block(self, index: int) -> Samples:
        if index not in self._blocks:
            self._blocks[index] = self._made(index)
            while len(self._blocks) > MOST_BLOCKS:
                self._blocks.popitem(last=False)
        self._blocks.move_to_end(index)
        ahead = index + 1
        if self._pool and ahead not in self._blocks and ahead * self._core < self.size:
            self._blocks[ahead] = self._pool.submit(self._made, ahead)
        made = self._blocks[index]
        if isinstance(made, Future):
            made = self._blocks[index] = made.result()
        return made

    def _made(self, index: int) -> Samples:
        from scipy.fft import irfft, rfft

        rate_hz = self.sound.rate_hz
        begin = (index * self._core - self._margin) * rate_hz // GRID_HZ
        spectrum = rfft(self.frames(begin, BLOCK_S * rate_hz))[: self._weight.size] * self._weight
        grid = irfft(spectrum, BLOCK_S * GRID_HZ) * np.float32(GRID_HZ / rate_hz)
        return np.ascontiguousarray(grid[self._margin : self._margin + self._core], np.float32)


def _weight(bins: int) -> Samples:
    """Return the weight of each bin: a band with soft edges, raised by 3 dB an octave."""
    at_hz = np.arange(bins) / BLOCK_S
    low, full, end, top = BAND_HZ
    rise = np.clip((at_hz - low) / (full - low), 0, 1)
    fall = np.clip((top - at_hz) / (top - end), 0, 1)
    edges = (1 - np.cos(np.pi * rise)) * (1 - np.cos(np.pi * fall)) / 4
    return np.asarray(edges * np.sqrt(np.maximum(at_hz, RAISED_FROM_HZ) / RAISED_FROM_HZ), np.float32)
