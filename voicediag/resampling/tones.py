"""Tones of exact phase, and the least-squares fit that reads them back.

The phase is counted in whole samples: ``frequency * n mod rate`` is exact for integers, so that a tone of two minutes
is as clean as one of a tenth of a second. ``sin(2 * pi * f * n / rate)`` loses a digit for each factor of ten.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
Complex: TypeAlias = NDArray[np.complex128]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A frequency to look for: where it lies, exactly, and how far a wrong clock moves it.

    Attributes
    ----------
    order : int
        Which multiple of the rate of the input it lies beside: 0 for the tone itself, others for its images.
    prototype_hz : int
        Where it lay before the output was sampled.
    at_hz : int
        Where it is found, folded; in [0, rate).
    moved_hz : float
        What a rate that is off adds to that.
    """

    order: int
    prototype_hz: int
    at_hz: int
    moved_hz: float = 0.0


def turns(frequency_hz: int, rate_hz: int, at: NDArray[np.int64]) -> Array:
    """Return the phase of an integer frequency at sample numbers, in turns in [0, 1); exact."""
    return np.asarray((frequency_hz * at) % rate_hz / rate_hz, dtype=np.float64)


def sine(frequency_hz: int, rate_hz: int, at: NDArray[np.int64], *, peak: float) -> Array:
    """Return a sine at sample numbers, (len(at),)."""
    return peak * np.sin(2 * np.pi * turns(frequency_hz, rate_hz, at))


def phasor(line: Line, rate_hz: int, at: NDArray[np.int64]) -> Complex:
    """Return ``exp(j 2 pi f t)`` of a line at sample numbers."""
    phase = turns(line.at_hz, rate_hz, at) + (line.moved_hz / rate_hz) * at
    return np.asarray(np.exp(2j * np.pi * phase))


def fit(samples: Array, lines: list[Line], rate_hz: int, *, start: int) -> tuple[Complex, Array]:
    """Return the complex amplitude of each line, and what is left of the samples.

    ``samples[n]`` is modelled as ``sum(imag(amplitude * phasor(line, start + n)))`` and a constant; a sine of peak 1
    and phase 0 at sample 0 has the amplitude 1.

    The constant is left in what is left: an offset is an error like any other.
    """
    at = np.arange(start, start + samples.size, dtype=np.int64)
    waves = [phasor(line, rate_hz, at) for line in lines]
    columns = np.stack([part for wave in waves for part in (wave.imag, wave.real)] + [np.ones(samples.size)], axis=1)
    basis, corner = np.linalg.qr(columns)
    weights = np.linalg.solve(corner, basis.T @ samples)
    # A second pass over what is left takes off the rounding errors of the first one.
    weights += np.linalg.solve(corner, basis.T @ (samples - columns @ weights))
    amplitudes = weights[0:-1:2] + 1j * weights[1:-1:2]
    return amplitudes, samples - columns[:, :-1] @ weights[:-1]


def rms(samples: Array) -> float:
    """Return the root of the mean square; 0 of nothing."""
    return float(np.sqrt(np.mean(np.square(samples)))) if samples.size else 0.0


def db(ratio: float) -> float:
    """Return a ratio of amplitudes in dB; nothing at all is -400 dB, below any floor."""
    return float(20 * np.log10(max(abs(ratio), 1e-20)))
