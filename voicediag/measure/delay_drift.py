"""An echo between clocks that run apart: which drift makes frames of far-end speech agree on one lag.

Method
    Two clocks 500 ppm apart move an echo by 4 ms within a group of frames, and by half a period of its highest pitch
    within a quarter of a frame. So each frame is cut into `PARTS`, and these are laid where a drift has them. The lower
    half of the band is searched through first: at each of `COARSE_PPM` every frame has its lag curve, and the curves
    are added up, shifted against each other as the drifts in between would have them. What stands out there is then
    looked at closely, with the whole band.
Conventions
    As in `measure.delay`; +50 ppm: the microphone's clock is the faster, and the lag grows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from voicediag.measure.delay_sum import (
    FRAME,
    MAD_TO_SIGMA,
    SEGMENTS,
    STEP,
    TINY,
    Frame,
    Spectra,
    Sum,
    spectrum,
    spreads,
)
from voicediag.measure.whitening import GRID_HZ, Samples

PARTS = 8
PART = FRAME // PARTS
COARSE_PPM = (0.0, 600.0, -600.0, 1_200.0, -1_200.0)
BETWEEN_PPM = 300.0
# Half the band at half the rate, with the same bins.
LOW_FRAME = FRAME // 2
LOW_STEP = STEP // 2
LOW_BINS = LOW_FRAME + 1
LOW_HZ = GRID_HZ // 2
# What does not stand out there is not looked at closely: the weakest echo of the fitted sources of
# `benchmarks.canceller` has 15 sigmas, 98 of 100 strangers less than 8.
LEAST_SIGMAS = 7.0
# Frames far apart ask for finer drifts than can be gone through.
MOST_STEPS = 80
# One step of the search moves the outermost frames by two samples of the whole band's grid: a fine one by half of one.
FINE = tuple(step / 4 for step in range(-3, 4))
# Frames whose curves are made together: more of them no longer fit a core's cache.
TOGETHER = 4
PPM = 1e-6
_BINS = np.arange(FRAME + 1, dtype=np.float32) * np.float32(np.pi / FRAME)


def late(frames: Sequence[Frame], ppm: float) -> NDArray[np.float64]:
    """Return how many samples later than in the middle of all frames a drift has each frame's lag."""
    at = np.array([frame.time_s for frame in frames])
    return np.asarray(ppm * PPM * (at - (at[0] + at[-1]) / 2) * GRID_HZ)


class Drifting:
    """Frames of far-end speech, and what they find together under any drift.

    Parameters
    ----------
    frames : sequence of Frame
        Two at least, in order.
    """

    def __init__(self, frames: Sequence[Frame]) -> None:
        self.frames = frames
        self._parts = [_parts(frame.far) for frame in frames]
        half_s = (frames[-1].time_s - frames[0].time_s) / 2
        # One sample of the low band at either end.
        self.step_ppm = 1 / (LOW_HZ * half_s * PPM)

    def sum(self, ppm: float) -> Sum:
        """Return what the frames find together where clocks drift by so much."""
        moved = late(self.frames, ppm).tolist()
        voices = (_laid(parts, ppm, by) for parts, by in zip(self._parts, moved, strict=True))
        return Sum.of([replace(frame, voice=voice) for frame, voice in zip(self.frames, voices, strict=True)])

    def likely_ppm(self) -> float | None:
        """Return the drift under which the frames agree best, to half of `step_ppm`; None where none stands out."""
        sigmas, ppm = max(self._heights(), default=(0.0, 0.0))
        return ppm if sigmas >= LEAST_SIGMAS else None

    def _heights(self) -> Iterator[tuple[float, float]]:
        """Yield the highest peak, in robust sigmas, and the drift, for all drifts."""
        spread, live = spreads(np.sum([frame.chance for frame in self.frames], axis=0))
        if not live.any():
            return
        steps = min(MOST_STEPS, int(np.ceil(BETWEEN_PPM / self.step_ppm)))
        shifts = late(self.frames, self.step_ppm) / 2
        sigma = 0.0
        for coarse_ppm in COARSE_PPM:
            curves = self._curves(coarse_ppm, steps)
            for step in range(-steps, steps + 1):
                total = np.zeros(SEGMENTS * LOW_FRAME, np.float32)
                for curve, shift in zip(curves, np.rint(step * shifts).astype(int).tolist(), strict=True):
                    total += curve[steps + shift : curve.size - steps + shift]
                rows = np.abs(total, out=total).reshape(-1, LOW_STEP)
                sigma = sigma or MAD_TO_SIGMA * float(np.median(rows[live, ::8] / spread[live, None])) + TINY
                yield float((rows.max(axis=1) / spread).max()) / sigma, coarse_ppm + step * self.step_ppm

    def _curves(self, ppm: float, margin: int) -> Samples:
        """Return the lag curve of each frame in the low band under a drift, with so many samples on either side."""
        from scipy.fft import irfft

        curves = np.zeros((len(self.frames), SEGMENTS * LOW_FRAME + 2 * margin), np.float32)
        shifts = late(self.frames, ppm).tolist()
        for begin in range(0, len(self.frames), TOGETHER):
            some = range(begin, min(begin + TOGETHER, len(self.frames)))
            cross = np.empty((len(some), SEGMENTS, LOW_BINS), np.complex64)
            for frame, found in zip(some, cross, strict=True):
                mouth = _laid(self._parts[frame][:, :LOW_BINS], ppm, shifts[frame])
                np.multiply(self.frames[frame].reach[:, :LOW_BINS], mouth, out=found)
            rows = irfft(cross, FRAME, overwrite_x=True)[:, :, :LOW_FRAME]
            curves[some.start : some.stop, margin : curves.shape[1] - margin] = rows.reshape(len(some), -1)
        return curves


def _parts(far: Samples) -> NDArray[np.complex64]:
    """Return the conjugate spectra of a frame's parts, each where it lies, shape (PARTS, bins)."""
    pieces = np.zeros((PARTS, PARTS, PART), np.float32)
    each = np.arange(PARTS)
    pieces[each, each] = far.reshape(PARTS, PART)
    return np.conj(spectrum(pieces.reshape(PARTS, FRAME)))


def _laid(parts: NDArray[np.complex64], ppm: float, by: float) -> Spectra:
    """Return the spectrum of a frame that lies so many samples late and whose parts a drift has moved."""
    each, bins = ppm * PPM * PART, parts.shape[1]
    total, turn, step = np.zeros(bins, np.complex64), _turn(by - each * (PARTS - 1) / 2, bins), _turn(each, bins)
    for part in parts:
        total += part * turn
        turn *= step
    return total


def _turn(by: float, bins: int) -> Spectra:
    """Return the phases of a shift; in single precision a cosine and a sine take a tenth of an exponential."""
    angle, turn = _BINS[:bins] * np.float32(by), np.empty(bins, np.complex64)
    turn.real, turn.imag = np.cos(angle), np.sin(angle)
    return turn
