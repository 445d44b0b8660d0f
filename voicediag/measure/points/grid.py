"""A track at the rate at which two points are compared, made block by block as it is asked for.

Method
    Windows of a second, which overlap, are brought to `GRID_HZ` by cutting their spectra off, which works from any
    rate, and weighted there: a telephone's band, with its upper half raised so that the pitch of a voice does not speak
    for all of it. They are made some at a time, and the next ones on another core meanwhile. What was read long ago is
    forgotten.
"""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from math import gcd
from threading import Lock
from typing import NamedTuple, Protocol

import numpy as np

from voicediag.measure._filters import Samples

GRID_HZ = 8_000
BLOCK_S = 15
# Of a window on either side: what wraps around there is not used.
MARGIN_SHARE = 8
BAND_HZ = (60.0, 300.0, 2_900.0, 3_900.0)
RAISED_FROM_HZ = 800.0
MOST_BLOCKS, AHEAD = 24, 3
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
        # The shortest time that is a whole number of samples at both rates, of which all others are made.
        per_s = gcd(sound.rate_hz, GRID_HZ)
        window_s, margin = (1, -(-per_s // MARGIN_SHARE)) if per_s > 2 else (4, per_s)
        hop = window_s * per_s - 2 * margin
        self._rows = round(BLOCK_S * per_s / hop)
        self._native = _Windows(*(each * sound.rate_hz // per_s for each in (window_s * per_s, hop, margin)))
        self._grid = _Windows(*(each * GRID_HZ // per_s for each in (window_s * per_s, hop, margin)))
        self._core = self._rows * self._grid.hop
        weight = _weight(min(self._native.size, self._grid.size) // 2 + 1, window_s)
        self._weight = weight * np.float32(GRID_HZ / sound.rate_hz)
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
        is_sound = count == 0 or max(-float(out.min()), float(out.max())) <= MOST
        return out if is_sound else np.clip(np.nan_to_num(out, copy=False, nan=0.0), -MOST, MOST)

    def _block(self, index: int) -> Samples:
        if index not in self._blocks:
            self._blocks[index] = self._made(index)
            while len(self._blocks) > MOST_BLOCKS:
                self._blocks.popitem(last=False)
        self._blocks.move_to_end(index)
        for ahead in range(index + 1, index + 1 + AHEAD):
            if self._pool and ahead not in self._blocks and ahead * self._core < self.size:
                self._blocks[ahead] = self._pool.submit(self._made, ahead)
        made = self._blocks[index]
        if isinstance(made, Future):
            made = self._blocks[index] = made.result()
        return made

    def _made(self, index: int) -> Samples:
        from scipy.fft import irfft, rfft

        size, hop, margin = self._native
        sound = self.frames(index * self._rows * hop - margin, (self._rows - 1) * hop + size)
        windows = np.lib.stride_tricks.sliding_window_view(sound, size)[::hop]
        spectra = rfft(windows)[:, : self._weight.size] * self._weight
        size, hop, margin = self._grid
        grid = irfft(spectra, size, overwrite_x=True)[:, margin : margin + hop]
        return np.ascontiguousarray(grid, np.float32).ravel()


class _Windows(NamedTuple):
    """Windows that overlap, in samples: their length, the way from one to the next, and what is not used."""

    size: int
    hop: int
    margin: int


def _weight(bins: int, window_s: int) -> Samples:
    """Return the weight of each bin: a band with soft edges, raised by 3 dB an octave."""
    at_hz = np.arange(bins) / window_s
    low, full, end, top = BAND_HZ
    rise = np.clip((at_hz - low) / (full - low), 0, 1)
    fall = np.clip((top - at_hz) / (top - end), 0, 1)
    edges = (1 - np.cos(np.pi * rise)) * (1 - np.cos(np.pi * fall)) / 4
    return np.asarray(edges * np.sqrt(np.maximum(at_hz, RAISED_FROM_HZ) / RAISED_FROM_HZ), np.float32)
