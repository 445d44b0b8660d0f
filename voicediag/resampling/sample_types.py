"""What a resampler is handed and hands back: float64, float32, int16 or the bytes of int16, and how to read it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import numpy as np

from voicediag.resampling.tones import Array

INT16 = 32_768.0


class SampleType(StrEnum):
    """What a resampler is fed with."""

    FLOAT64 = "float64"
    FLOAT32 = "float32"
    INT16 = "int16"
    BYTES = "bytes"
    BYTEARRAY = "bytearray"

    @property
    def is_integer(self) -> bool:
        """Whether samples have 16 bits."""
        return self in (SampleType.INT16, SampleType.BYTES, SampleType.BYTEARRAY)

    def of(self, samples: Array) -> Any:
        """Return samples in [-1, 1] as this type; integers are rounded, and saturate."""
        if self is SampleType.FLOAT64:
            return samples.copy()
        if self is SampleType.FLOAT32:
            return samples.astype(np.float32)
        whole = np.clip(np.round(samples * INT16), -INT16, INT16 - 1).astype("<i2")
        if self is SampleType.BYTEARRAY:
            return bytearray(whole.tobytes())
        return whole.tobytes() if self is SampleType.BYTES else whole

    def quantised(self, samples: Array) -> Array:
        """Return samples as a perfect resampler would hand them back: each the nearest value of this type."""
        return gathered(self.of(samples))


def gathered(out: Any) -> Array:
    """Return whatever a resampler handed back as one array of float64, with integers scaled to [-1, 1].

    Bytes are int16; frames of PyAV and of LiveKit, lists of chunks, tensors and pairs of samples and something else
    (a state, a rate) are understood.

    Raises
    ------
    TypeError, ValueError
        Where it is no sound, or more than one channel.
    """
    if out is None:
        return np.zeros(0)
    if isinstance(out, bytes | bytearray | memoryview):
        raw = bytes(out)
        return np.frombuffer(raw[: len(raw) - len(raw) % 2], dtype="<i2") / INT16
    if isinstance(out, tuple) and out and not np.isscalar(out[0]):
        return gathered(out[0])
    if isinstance(out, list) and out and not np.isscalar(out[0]):
        return np.concatenate([gathered(part) for part in out])
    if hasattr(out, "to_ndarray"):
        return _mono(out.to_ndarray())
    if not isinstance(out, np.ndarray) and hasattr(out, "samples_per_channel"):
        return gathered(bytes(out.data))
    if hasattr(out, "detach"):
        out = out.detach().cpu().numpy()
    return _mono(np.asarray(out if not isinstance(out, list) else out or [], dtype=None if out is not None else float))


def _mono(samples: np.ndarray[Any, Any]) -> Array:
    if samples.dtype.kind not in "iuf" and samples.size:
        raise TypeError(f"no samples: {samples.dtype}")
    if samples.size != max(samples.shape, default=1):
        raise ValueError(f"one channel was handed over, and an array of shape {samples.shape} came back")
    flat = samples.reshape(-1)
    if flat.dtype.kind in "iu" and flat.size:
        return flat / float(2 ** (8 * flat.dtype.itemsize - 1))
    return flat.astype(np.float64)
