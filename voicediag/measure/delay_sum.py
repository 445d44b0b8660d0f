"""What frames of far-end speech find in the microphone, lag by lag, added up.

Method
    The cross-spectra of a whitened frame and the segments of the whitened microphone around it. Each lag of their sum
    is divided by the spread that two strangers with these very envelopes would have there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from voicediag.measure.whitening import GRID_HZ, Samples

Spectra: TypeAlias = NDArray[np.complex64]

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
# Frames whose spectra are made together.
AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame of far-end speech and the microphone around it.

    Attributes
    ----------
    time_s : float
        When it begins.
    far : float32, shape (FRAME,)
        Itself, whitened.
    voice : complex64, shape (FRAME + 1,)
        The conjugate of its spectrum.
    reach : complex64, shape (SEGMENTS, FRAME + 1)
        The spectra of the microphone's segments around it.
    chance : float32, shape (SEGMENTS * FRAME / STEP,)
        Variance of the correlation of two strangers with these envelopes, at each lag.
    """

    time_s: float
    far: Samples
    voice: Spectra
    reach: Spectra
    chance: NDArray[np.float32]


@dataclass(slots=True)
class Sum:
    """What some frames of far-end speech found in the microphone.

    Attributes
    ----------
    cross : complex64, shape (SEGMENTS, FRAME + 1)
        Cross-spectra with the microphone's segments.
    chance : float32, shape (SEGMENTS * FRAME / STEP,)
        As that of a frame.
    """

    cross: Spectra
    chance: NDArray[np.float32]

    @classmethod
    def nothing(cls) -> Sum:
        """Return what no frame found."""
        return cls(np.zeros((SEGMENTS, FRAME + 1), np.complex64), np.zeros(SEGMENTS * FRAME // STEP, np.float32))

    @classmethod
    def of(cls, frames: Sequence[Frame]) -> Sum:
        """Return what some frames found."""
        total, product = cls.nothing(), np.empty(FRAME + 1, np.complex64)
        for frame in frames:
            total.chance += frame.chance
        # Segment by segment, so that sum and product stay in the core's cache.
        for segment in range(SEGMENTS):
            for frame in frames:
                total.cross[segment] += np.multiply(frame.reach[segment], frame.voice, out=product)
        return total

    def add(self, other: Sum) -> None:
        """Add what other frames found."""
        self.cross += other.cross
        self.chance += other.chance

    def curve(self) -> tuple[Samples, float]:
        """Return the magnitude of the lag curve, shape (lags,), and its robust sigma, both in strangers' spreads."""
        rows = _lags(self.cross)[:, :FRAME].reshape(-1, STEP)
        spread, live = spreads(self.chance)
        if not live.any():
            return np.zeros(rows.size, np.float32), 1.0
        # Between two steps the nearer one serves: envelopes change slowly.
        rows = np.abs(rows, out=rows)
        rows /= spread[:, None]
        # A median of every eighth value is known to 2 %, and costs an eighth.
        sigma = MAD_TO_SIGMA * float(np.median(rows[live, ::8]))
        return rows.reshape(-1), max(sigma, TINY)


def heights(frames: Sequence[Frame], lags: Sequence[int]) -> list[float]:
    """Return how high each frame's own curve rises within a millisecond of its lag, in strangers' spreads."""
    places = [divmod(lag, FRAME) for lag in lags]
    curves = _lags(np.array([frame.reach[at] * frame.voice for frame, (at, _) in zip(frames, places, strict=True)]))
    return [
        float(np.abs(curve[max(0, within - NEAR_LAGS) : min(FRAME, within + NEAR_LAGS + 1)]).max())
        / float(np.sqrt(max(frame.chance[lag // STEP], TINY)))
        for curve, frame, lag, (_, within) in zip(curves, frames, lags, places, strict=True)
    ]


def spreads(chance: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the spreads of strangers, none of them tiny, and where they meet at all."""
    live = chance > LEAST_MEETING * chance.max(initial=0.0)
    return np.sqrt(np.maximum(chance, chance[live].min(initial=np.inf))), live


def spectrum(samples: Samples) -> Spectra:
    """Return spectra long enough that no lag of a segment wraps around onto another."""
    from scipy.fft import rfft

    return np.asarray(rfft(samples, 2 * FRAME), np.complex64)


def _lags(cross: Spectra) -> Samples:
    """Return the lag curves of cross-spectra, shape (..., bins), their bins brought nearer to each other before."""
    from scipy.fft import irfft

    level = np.abs(cross)
    mean = np.sqrt(np.square(level).mean(axis=-1, keepdims=True)) + np.float32(TINY)
    level /= mean
    level += np.float32(LEVEL_FLOOR)
    level **= np.float32(-PATH_EXPONENT)
    return np.asarray(irfft(cross * level, overwrite_x=True), np.float32)


def met(mic: Samples, far: Samples, speaks: NDArray[np.bool_], *, first: int = 0) -> Iterator[Frame]:
    """Yield the frames of the far end in which it speaks, with the microphone around each.

    Parameters
    ----------
    mic : float32, shape (frames,)
        Whitened, from `EARLIEST_S` before the far end to `LATEST_S` after it.
    far : float32, shape (count, FRAME)
        Whitened.
    speaks : bool, shape (count,)
    first : int
        The number of the first frame.
    """
    heard, spoken = (np.square(white.reshape(-1, STEP)).sum(axis=1) for white in (mic[: mic.size // STEP * STEP], far))
    steps = FRAME // STEP
    for begin in range(0, len(far), AT_ONCE):
        said = begin + np.flatnonzero(speaks[begin : begin + AT_ONCE])
        for at, voice, reach in _spectra(mic, far, said):
            near, own = heard[at * steps :][: REACH // STEP], spoken[at * steps :][:steps]
            chance = np.correlate(near, own, "valid")[: SEGMENTS * steps].astype(np.float32, copy=False)
            yield Frame((first + at) * FRAME_S, far[at], voice, reach, chance)


def _spectra(mic: Samples, far: Samples, said: NDArray[np.intp]) -> Iterator[tuple[int, Spectra, Spectra]]:
    """Yield each of some frames' number, the conjugate of its spectrum, and those of the microphone around it."""
    if not said.size:
        return
    begin = int(said[0])
    needed = np.zeros(int(said[-1]) - begin + SEGMENTS, np.bool_)
    for step in range(SEGMENTS):
        needed[said - begin + step] = True
    # Transforms of many rows at once take a third of those of one row.
    segments = np.lib.stride_tricks.sliding_window_view(mic[begin * FRAME :], 2 * FRAME)[::FRAME][: needed.size]
    ears, places = spectrum(segments[needed]), np.cumsum(needed)[said - begin] - 1
    for at, voice, place in zip(said.tolist(), np.conj(spectrum(far[said])), places.tolist(), strict=True):
        yield at, voice, ears[place:][:SEGMENTS]
