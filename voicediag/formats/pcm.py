"""Raw sample bytes: how they become float32, and a place on disk for those that arrive piece by piece."""

from __future__ import annotations

import tempfile
import threading
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from voicediag.protocols.events import BYTES_A_FRAME

if TYPE_CHECKING:
    from pathlib import Path

    from voicediag.session import Samples

FULL_SCALE = 32_768
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
    return (np.frombuffer(data[:whole], "<i2") / np.float32(FULL_SCALE)).astype(np.float32, copy=False)


@dataclass(frozen=True, slots=True)
class RawFile:
    """Raw samples in a file, which is open only while it is read.

    Parameters
    ----------
    path : Path
    rate_hz : int
    encoding : {"pcm_16", "mulaw", "alaw"}
    frames : int
        How many the file holds.
    """

    path: Path
    rate_hz: int
    encoding: str
    frames: int

    def read(self, start: int, frames: int) -> Samples:
        """Return float32 samples, shape (n,), from frame `start` on."""
        width = BYTES_A_FRAME[self.encoding]
        with self.path.open("rb") as file:
            file.seek(start * width)
            return decode(file.read(max(0, min(frames, self.frames - start)) * width), self.encoding)


def open_raw(path: Path, *, rate_hz: int, encoding: str) -> RawFile:
    """Return the raw samples of a file."""
    return RawFile(path, rate_hz, encoding, path.stat().st_size // BYTES_A_FRAME[encoding])


class Spool:
    """Chunks of one stream, kept as 16-bit PCM wherever there is room, until nobody needs them.

    G.711 fits into 16 bits without loss, so that a stream may change between them and stay one stream.

    Parameters
    ----------
    rate_hz : int
    """

    def __init__(self, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self.frames = 0
        self._file = tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115 - lives as long as the spool
        self._lock = threading.Lock()
        weakref.finalize(self, self._file.close)

    def append(self, data: bytes, encoding: str) -> int:
        """Add a chunk at the end and return how many frames it was."""
        samples = data if encoding == "pcm_16" else (decode(data, encoding) * FULL_SCALE).astype("<i2").tobytes()
        frames = len(samples) // BYTES_A_FRAME["pcm_16"]
        with self._lock:
            self._file.seek(self.frames * BYTES_A_FRAME["pcm_16"])
            self._file.write(samples)
            self.frames += frames
        return frames

    def read(self, start: int, frames: int) -> Samples:
        """Return float32 samples, shape (n,), from frame `start` on."""
        width = BYTES_A_FRAME["pcm_16"]
        with self._lock:
            self._file.seek(start * width)
            data = self._file.read(max(0, min(frames, self.frames - start)) * width)
        return decode(data, "pcm_16")
