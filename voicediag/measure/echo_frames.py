"""Short frames of the far end against the microphone: which lag fits each of them, around one that is known.

What is measured
    For each quarter of a second of far-end sound a curve over lags: how well the microphone repeats it there.
Method
    The cross-spectrum of a Hann-windowed frame and the microphone around its lag is whitened with the exponent
    `PHAT_EXPONENT` (Knapp & Carter, IEEE TASSP 24(4), 1976). Once some lags are known the whitened spectra are brought
    onto them and averaged: that mean is the room. Its correlation with each frame has one peak where the frame alone
    has one for every reflection, so that the lag of a reverberant echo does not hop between them.
Conventions
    Everything lies on `GRID_HZ`. A curve's value is in robust sigmas of that curve; its index is the lag from
    `-REACH` on, in samples of the grid, beside the lag at which the microphone was read.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
Curves = NDArray[np.float32]

GRID_HZ = 8_000
FRAME = 2_000
HOP = 1_000
REACH = 1_024
# As long as frame and lags together, so that no lag wraps around onto another.
SIZE = 4_096
BAND_HZ = (300.0, 3_600.0)
PHAT_EXPONENT = 0.8
# A far end below this is comfort noise or nothing; a microphone below that is digital silence.
QUIET_RMS = 10 ** (-60 / 20)
SILENT_RMS = 1e-6
# What the room holds: a little before the strongest reflection, and reverberation after it.
ROOM_BEFORE = 128
ROOM_AFTER = 768
# A frame of a steady tone correlates with itself everywhere: none may outvote the others.
MOST_SIGMAS = 15.0
MAD_TO_SIGMA = 1.4826
FLOOR_SHARE = 1e-3
TINY = 1e-20
# A top between samples is read on a grid this much finer, through a windowed sinc this wide on either side.
FINER = 8
SINC_REACH = 16
KAISER_BETA = 6.0

_LOW, _HIGH = (round(edge * SIZE / GRID_HZ) for edge in BAND_HZ)
_ROOM = np.arange(-ROOM_BEFORE, ROOM_AFTER)


@dataclass(frozen=True, slots=True)
class EchoFrames:
    """The frames of a stretch.

    Attributes
    ----------
    spectra : complex64, shape (frames, bins)
        Whitened cross-spectra within the band.
    is_live : bool, shape (frames,)
        Where the far end speaks and the microphone is open.
    """

    spectra: NDArray[np.complex64]
    is_live: NDArray[np.bool_]

    @classmethod
    def of(cls, mic: Samples, speaker: Samples) -> EchoFrames:
        """Return the frames of two stretches on the grid.

        Parameters
        ----------
        speaker : float32, shape (frames,)
            A frame begins every `HOP` samples.
        mic : float32, shape (frames,)
            From `REACH` before `speaker`, as seen at the known lag, to `REACH` after it at least.
        """
        from scipy.fft import rfft

        count = max(0, (speaker.size - FRAME) // HOP + 1)
        far = np.lib.stride_tricks.sliding_window_view(speaker, FRAME)[: count * HOP : HOP]
        reached = np.pad(mic, (0, max(0, (count - 1) * HOP + SIZE - mic.size)))
        near = np.lib.stride_tricks.sliding_window_view(reached, SIZE)[: count * HOP : HOP]
        is_live = (_rms(far) >= QUIET_RMS) & (_rms(near) >= SILENT_RMS)
        mouth = rfft(far * np.hanning(FRAME).astype(np.float32), SIZE)[:, _LOW:_HIGH]
        # What lies far from the frame is not its echo, whatever the lag.
        ear = rfft(near * np.hanning(SIZE).astype(np.float32), SIZE)[:, _LOW:_HIGH]
        cross = ear * np.conj(mouth)
        power = np.abs(cross)
        floor = np.float32(FLOOR_SHARE) * power.mean(axis=1, keepdims=True) + np.float32(TINY)
        return cls(cross / (power + floor) ** np.float32(PHAT_EXPONENT), is_live)

    def curves(self) -> Curves:
        """Return how well each lag fits each frame by itself."""
        return _in_sigmas(_curves(self.spectra))

    def room(self, path: NDArray[np.intp], weight: NDArray[np.float32], curves: Curves) -> NDArray[np.complex64]:
        """Return the spectrum of what the frames have in common once each is brought onto its lag.

        Parameters
        ----------
        path : int, shape (frames,)
            The lag of each, as an index into `curves`.
        weight : float32, shape (frames,)
            How much each counts; those that are not live count nothing.
        curves : float32, shape (frames, lags)
            From `curves`.
        """
        from scipy.fft import rfft

        rows = np.flatnonzero(self.is_live & (weight > 0))
        mean = np.zeros(SIZE, np.float32)
        if rows.size:
            found = curves[rows[:, None], (path[rows][:, None] + _ROOM) % SIZE]
            found = np.clip(found, -MOST_SIGMAS, MOST_SIGMAS)
            mean[_ROOM % SIZE] = weight[rows] @ found / np.float32(weight[rows].sum())
        return np.asarray(rfft(mean)[_LOW:_HIGH], np.complex64)

    def scores(self, room: NDArray[np.complex64]) -> Curves:
        """Return how well each lag fits each frame in a known room, over the lags from `-REACH` to `REACH`."""
        return _in_sigmas(_curves(self.spectra * np.conj(room)))[:, : 2 * REACH]


def shift(early: NDArray[np.complex64], late: NDArray[np.complex64], *, reach: int) -> int:
    """Return by how many samples, `reach` at most, a room lies later than another."""
    from scipy.fft import irfft

    spectrum = np.zeros(SIZE // 2 + 1, np.complex64)
    spectrum[_LOW:_HIGH] = late * np.conj(early)
    lags = np.arange(-reach, reach + 1)
    return int(lags[irfft(spectrum, SIZE)[lags % SIZE].argmax()])


def tops(scores: Curves, path: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the lag of each frame's top beside its place on the path, to a fraction of a sample."""
    rows = np.arange(path.size)[:, None]
    around = np.clip(path[:, None] + np.arange(-SINC_REACH, SINC_REACH + 1), 0, scores.shape[1] - 1)
    fine = scores[rows, around] @ _SINC
    best = np.clip(fine.argmax(axis=1), 1, fine.shape[1] - 2)
    left, top, right = (fine[rows[:, 0], best + step] for step in (-1, 0, 1))
    bend = left - 2 * top + right
    beside = np.where(bend < 0, 0.5 * (left - right) / np.where(bend < 0, bend, -1), 0.0)
    return np.asarray(path + (best + np.clip(beside, -1, 1)) / FINER - 1.0, np.float64)


def _sinc() -> NDArray[np.float32]:
    """Return what reads a curve between its samples, shape (taps, places), from one sample before to one after."""
    places = np.arange(-FINER, FINER + 1) / FINER
    distance = np.arange(-SINC_REACH, SINC_REACH + 1)[:, None] - places
    edge = np.clip(1 - (distance / (SINC_REACH + 1)) ** 2, 0, None)
    return (np.sinc(distance) * np.i0(KAISER_BETA * np.sqrt(edge)) / np.i0(KAISER_BETA)).astype(np.float32)


_SINC = _sinc()


def _curves(spectra: NDArray[np.complex64]) -> Curves:
    from scipy.fft import irfft

    whole = np.zeros((len(spectra), SIZE // 2 + 1), np.complex64)
    whole[:, _LOW:_HIGH] = spectra
    return np.asarray(irfft(whole, SIZE, overwrite_x=True), np.float32)


def _in_sigmas(curves: Curves) -> Curves:
    # A median of every fourth value is known to 3 %, and costs a quarter.
    sigma = np.float32(MAD_TO_SIGMA) * np.median(np.abs(curves[:, : 2 * REACH : 4]), axis=1, keepdims=True)
    curves /= np.maximum(sigma, np.float32(TINY))
    return curves


def _rms(frames: Samples) -> NDArray[np.float32]:
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", frames, frames) / np.float32(frames.shape[1])), np.float32)
