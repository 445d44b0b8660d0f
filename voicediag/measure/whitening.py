"""A track with each moment and each pitch made as loud as every other.

What is measured
    Nothing yet: it is what `measure.delay` and `measure.echo_track` do to both tracks before they correlate them.
Method
    Short-time spectra (square-root Hann, 50 % overlap), each bin divided by a power of the magnitude around it, and
    laid back over one another. Between the syllables and between the harmonics of a talker the sound of a loudspeaker
    lies bare; there it then counts as much as the talker does elsewhere. It is the weight that is optimal for a known
    sound in Gaussian noise of known local power (the Eckart and maximum-likelihood weights of Knapp & Carter, IEEE
    TASSP 24(4), 1976), with the power taken bin by bin from the sound itself.
Conventions
    Samples at `GRID_HZ`; what comes out has the same clock as what went in.
Differences from other tools
    The phase transform whitens a second of sound at once: a talker who is 20 dB louder for half of it hides the echo in
    all of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Samples: TypeAlias = NDArray[np.float32]
Power: TypeAlias = NDArray[np.float32]

GRID_HZ = 16_000
# The microphone's power is what hides the echo; the far end keeps half of its own, so that loud moments count for more.
MIC_EXPONENT = 1.25
FAR_EXPONENT = 0.5
BAND_HZ = (300.0, 7_200.0)
# Long enough to part the harmonics of a voice, short enough to part its syllables: half and twice find less.
WINDOW = 512
HOP = WINDOW // 2
# A bin this far below its own mean holds rounding noise or what a codec left out, and whitening would raise it.
FLOOR_SHARE = 1e-3
# The same for all bins, where one has been empty all along; and for tracks that hold nothing but dither.
BAND_FLOOR_SHARE = 1e-4
DITHER_POWER = 1e-9
TINY = 1e-20
# Rows that fit a core's cache, and so many of them share a floor.
ROWS = 256
TOGETHER = 8
_LOW, _HIGH = (round(edge * WINDOW / GRID_HZ) for edge in BAND_HZ)
_SHAPE = np.sqrt(np.hanning(WINDOW + 1)[:-1]).astype(np.float32)


@dataclass(slots=True)
class Whitener:
    """Whitens one track, block by block: the cut into blocks changes nothing.

    Parameters
    ----------
    exponent : float
        Of the magnitude that each bin is divided by: 1 leaves the phase alone, 0 all as it was.
    is_spread : bool
        Whether that magnitude is the mean of a bin and its neighbours: a better measure of noise, and a worse one of
        the sound that is looked for.
    """

    exponent: float
    is_spread: bool = False
    _samples: Samples = field(default_factory=lambda: np.zeros(HOP, np.float32), repr=False)
    _tail: Samples = field(default_factory=lambda: np.zeros(HOP, np.float32), repr=False)
    _power: NDArray[np.float64] = field(default_factory=lambda: np.zeros(_HIGH - _LOW), repr=False)
    _live: int = 0
    _is_first: bool = True

    @classmethod
    def of_microphone(cls) -> Whitener:
        """Return what whitens a track that holds an echo beside other sound."""
        return cls(MIC_EXPONENT, is_spread=True)

    @classmethod
    def of_far_end(cls) -> Whitener:
        """Return what whitens a track whose echo is looked for."""
        return cls(FAR_EXPONENT)

    def push(self, samples: Samples, *, last: bool = False) -> Samples:
        """Return as much of the whitened track as is complete; all of it with the last block.

        Parameters
        ----------
        samples : float32, shape (frames,)
            At `GRID_HZ`.
        """
        self._samples = np.concatenate((self._samples, samples, np.zeros(WINDOW if last else 0, np.float32)))
        rows = max(0, (self._samples.size - HOP) // HOP)
        if not last:
            rows -= rows % TOGETHER
        parts = [self._whiten(first, min(first + ROWS, rows)) for first in range(0, rows, ROWS)]
        self._samples = self._samples[rows * HOP :]
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)

    def _whiten(self, first: int, last: int) -> Samples:
        """Return what the windows from the first to the last make complete."""
        # Of single precision numpy's own takes eight times as long.
        from scipy.fft import irfft, rfft

        windows = np.lib.stride_tricks.sliding_window_view(self._samples, WINDOW)[first * HOP : last * HOP : HOP]
        spectra = rfft(windows * _SHAPE)
        spectra[:, :_LOW], spectra[:, _HIGH:] = 0, 0
        voice = spectra[:, _LOW:_HIGH]
        power: Power = np.square(voice.real)
        power += np.square(voice.imag)
        floor = self._floor(power)
        around = _spread(power) if self.is_spread else power
        around += floor
        # A power by way of the logarithm to base two takes half as long.
        np.log2(around, out=around)
        around *= np.float32(-self.exponent / 2)
        voice *= np.exp2(around, out=around)
        rows = irfft(spectra, WINDOW, overwrite_x=True)
        rows *= _SHAPE
        out = np.empty((len(rows), HOP), np.float32)
        np.add(rows[0, :HOP], self._tail, out=out[0])
        np.add(rows[1:, :HOP], rows[:-1, HOP:], out=out[1:])
        self._tail = rows[-1, HOP:].copy()
        laid: Samples = out.reshape(-1)
        if self._is_first:
            self._is_first, laid = False, laid[HOP:]
        return laid

    def _floor(self, power: Power) -> Power:
        """Return what each bin is never divided by less than, from its mean power so far."""
        speaks = power.sum(axis=1) > DITHER_POWER
        live = self._live + np.cumsum(_together(speaks).sum(axis=1))
        total = self._power + np.cumsum(_together(power).sum(axis=1), axis=0, dtype=np.float64)
        self._power, self._live = total[-1], int(live[-1])
        mean = total / np.maximum(live, 1)[:, None]
        floor = FLOOR_SHARE * mean + BAND_FLOOR_SHARE * mean.mean(axis=1, keepdims=True) + DITHER_POWER
        return np.asarray(np.repeat(floor.astype(np.float32), TOGETHER, axis=0)[: len(power)])


def _together(rows: NDArray[Any]) -> NDArray[Any]:
    """Return rows in groups of `TOGETHER`, with nothing in those that the last one lacks."""
    lacking = -len(rows) % TOGETHER
    if lacking:
        rows = np.concatenate((rows, np.zeros((lacking, *rows.shape[1:]), rows.dtype)))
    return rows.reshape(-1, TOGETHER, *rows.shape[1:])


def _spread(power: Power) -> Power:
    """Return the power of bins, shape (windows, bins), each as the mean of itself and its neighbours."""
    mean = power.copy()
    mean[:, 1:] += power[:, :-1]
    mean[:, :-1] += power[:, 1:]
    mean[:, 0] += power[:, 0]
    mean[:, -1] += power[:, -1]
    mean *= np.float32(1 / 3)
    return mean
