"""Raw sample bytes: how they become float32, and a place on disk for those that arrive piece by piece."""

from __future__ import annotations

import tempfile
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, Final

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from voicediag.session import Samples

FULL_SCALE = 32_768
BYTES_A_FRAME: Final = {"pcm_16": 2, "mulaw": 1, "alaw": 1}
# Below this a stream stays in memory; above it, it goes to a temporary file that vanishes with the session.
SPOOL_BYTES = 16 * 1024 * 1024


def _mulaw_table() -> Samples:
    """Return ITU-T G.711 mu-law, table 2a, as 256 values in [-1, 1]."""
    code = ~np.arange(256, dtype=np.uint8)
    exponent, mantissa = (code >> 4) & 7, code & 15
    magnitude = (((mantissa.astype(np.int32) << 3) + 132) << exponent) - 132
    return (np.where(code & 128, -magnitude, magnitude) / FULL_SCALE).astype(np.float32)


def _alaw_table() -> Samples:
    """Return ITU-T G.711 A-law, table 1a, as 256 values in [-1, 1]."""
    code = np.arange(256, dtype=np.uint8) ^ 0x55
    exponent, mantissa = ((code >> 4) & 7).astype(np.int32), (code & 15).astype(np.int32)
    magnitude = np.where(exponent == 0, (mantissa << 4) + 8, ((mantissa << 4) + 264) << np.maximum(exponent - 1, 0))
    return (np.where(code & 128, magnitude, -magnitude) / FULL_SCALE).astype(np.float32)


_TABLES: Final = {"mulaw": _mulaw_table(), "alaw": _alaw_table()}


def decode(data: bytes, encoding: str) -> Samples:
    """Return raw bytes as float32, shape (frames,), in [-1, 1].

    Parameters
    ----------
    data : bytes
        Whole frames; an odd byte at the end is left out.
    encoding : {"pcm_16", "mulaw", "alaw"}
        16-bit little-endian, or ITU-T G.711.
    """
    if encoding in _TABLES:
        return _TABLES[encoding][np.frombuffer(data, np.uint8)]
    whole = len(data) - len(data) % BYTES_A_FRAME["pcm_16"]
    return np.frombuffer(data[:whole], "<i2").astype(np.float32) / FULL_SCALE


@dataclass(slots=True, eq=False)
class RawSource:
    """Raw samples in an open file.

    Parameters
    ----------
    file : binary file
        Positioned anywhere.
    rate_hz : int
    encoding : {"pcm_16", "mulaw", "alaw"}
    frames : int
        How many the file holds.
    """

    file: BinaryIO = field(repr=False)
    rate_hz: int
    encoding: str
    frames: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def read(self, start: int, frames: int) -> Samples:
        """Return float32 samples, shape (n,), from frame `start` on."""
        width = BYTES_A_FRAME[self.encoding]
        with self._lock:
            self.file.seek(start * width)
            data = self.file.read(frames * width)
        return decode(data, self.encoding)

    def append(self, data: bytes) -> int:
        """Add whole frames at the end and return how many they were."""
        frames = len(data) // BYTES_A_FRAME[self.encoding]
        with self._lock:
            self.file.seek(self.frames * BYTES_A_FRAME[self.encoding])
            self.file.write(data)
        self.frames += frames
        return frames


def spool(rate_hz: int, encoding: str) -> RawSource:
    """Return an empty source that chunks can be appended to."""
    # The file lives as long as the source: closing it is the garbage collector's.
    file = tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115
    return RawSource(file, rate_hz, encoding)


def open_raw(path: Path, *, rate_hz: int, encoding: str) -> RawSource:
    """Return the raw samples of a file."""
    frames = path.stat().st_size // BYTES_A_FRAME[encoding]
    return RawSource(path.open("rb"), rate_hz, encoding, frames)
