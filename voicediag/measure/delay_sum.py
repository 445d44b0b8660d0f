"""What frames of far-end speech find in the microphone, lag by lag, added up.

Method
    The cross-spectra of a whitened frame and the segments of the whitened microphone around it. Each lag of their sum
    is divided by the spread that two strangers with these very envelopes would have there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from voicediag.measure.whitening import GRID_HZ, Samples

Spectrum: TypeAlias = NDArray[np.complex64]

# What a room colours for good is levelled by so much in the sum: phones take the low half of an echo away.
PATH_EXPONENT = 0.3
LEVEL_FLOOR = 0.05

FRAME = 8_192
FRAME_S = FRAME / GRID_HZ
# Telephone and Bluetooth paths reach 0.4 s, queues of synthetic speech seconds; a reference logged late turns up early.
EARLIEST_S = -FRAME_S
SEGMENTS = 11
LATEST_S = EARLIEST_S + SEGMENTS * FRAME_S
REACH = (SEGMENTS + 1) * FRAME
NEAR_LAGS = 16
MAD_TO_SIGMA = 1.4826
# Envelopes are compared in steps of 16 ms, half a window of the whitening.
STEP = 256
# Where strangers' envelopes hardly meet, as at lags near the length of a short clip, a few samples would decide, and
# their law of chance is not a normal variable's: as if they met at this share of the most that they meet at any lag.
LEAST_MEETING = 0.3
TINY = 1e-20


@dataclass(slots=True)
class Sum:
    """What some frames of far-end speech found in the microphone.

    Attributes
    ----------
    cross : complex64, shape (SEGMENTS, FRAME + 1)
        Cross-spectra with the microphone's segments.
    chance : float32, shape (SEGMENTS * FRAME / STEP,)
        Variance of the correlation of two strangers with these envelopes, at each lag.
    """

    cross: NDArray[np.complex64]
    chance: NDArray[np.float32]

    @classmethod
    def nothing(cls) -> Sum:
        """Return what no frame found."""
        return cls(np.zeros((SEGMENTS, FRAME + 1), np.complex64), np.zeros(SEGMENTS * FRAME // STEP, np.float32))

    def add(self, other: Sum) -> None:
        """Add what other frames found."""
        self.cross += other.cross
        self.chance += other.chance

    def curve(self) -> tuple[Samples, float]:
        """Return the magnitude of the lag curve, shape (lags,), and its robust sigma, both in strangers' spreads."""
        from scipy.fft import irfft

        rows = irfft(levelled(self.cross), overwrite_x=True)[:, :FRAME].reshape(-1, STEP)
        spread, live = spreads(self.chance)
        if not live.any():
            return np.zeros(rows.size, np.float32), 1.0
        # Between two steps the nearer one serves: envelopes change slowly.
        rows = np.abs(rows) / spread[:, None]
        # A median of every eighth value is known to 2 %, and costs an eighth.
        sigma = MAD_TO_SIGMA * float(np.median(rows[live, ::8]))
        return np.asarray(rows.reshape(-1), np.float32), max(sigma, TINY)

    def height(self, lag: int) -> float:
        """Return the highest magnitude within a millisecond of a lag, in strangers' spreads."""
        from scipy.fft import irfft

        segment, within = divmod(lag, FRAME)
        near = irfft(levelled(self.cross[segment]))[max(0, within - NEAR_LAGS) : min(FRAME, within + NEAR_LAGS + 1)]
        return float(np.abs(near).max()) / float(np.sqrt(max(self.chance[lag // STEP], TINY)))


def spreads(chance: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the spreads of strangers, none of them tiny, and where they meet at all."""
    live = chance > LEAST_MEETING * chance.max(initial=0.0)
    return np.sqrt(np.maximum(chance, chance[live].min(initial=np.inf))), live


def spectrum(samples: Samples) -> NDArray[np.complex64]:
    """Return spectra long enough that no lag of a segment wraps around onto another."""
    from scipy.fft import rfft

    return np.asarray(rfft(samples, 2 * FRAME), np.complex64)


def levelled(cross: NDArray[np.complex64]) -> NDArray[np.complex64]:
    """Return cross-spectra, shape (..., bins), with their bins brought nearer to each other, as strong as before."""
    size = np.abs(cross)
    mean = np.sqrt(np.square(size).mean(axis=-1, keepdims=True)) + np.float32(TINY)
    level = (size / mean + np.float32(LEVEL_FLOOR)) ** np.float32(-PATH_EXPONENT)
    return np.asarray(cross * level, np.complex64)


def found(segments: Sequence[Spectrum], mic: Samples, far: Samples) -> Sum:
    """Return what a frame finds in the microphone, given as the spectra of its segments and as it is."""
    voice = np.conj(spectrum(far))
    cross = np.array([ear * voice for ear in segments])
    ears, mouth = (np.square(white.reshape(-1, STEP)).sum(axis=1) for white in (mic, far))
    chance = np.correlate(ears, mouth, "valid")[: SEGMENTS * FRAME // STEP]
    return Sum(cross, chance.astype(np.float32, copy=False))
