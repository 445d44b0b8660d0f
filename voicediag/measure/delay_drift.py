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
# Beside none, and both ways.
COARSE_PPM = (600.0, 1_200.0)
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
# Pairs of them whose sums are kept: those of one drift and of the ones around it.
MOST_PAIRS = 16
# Rows in which a curve is looked over first, and what rounding may take off their height.
BLOCKS = 2 * SEGMENTS
NEARLY = 0.999
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
        """Yield the highest peak, in robust sigmas, and the drift, for all drifts under which it may stand out."""
        spread, live = spreads(np.sum([frame.chance for frame in self.frames], axis=0))
        if not live.any():
            return
        steps = min(MOST_STEPS, int(np.ceil(BETWEEN_PPM / self.step_ppm)))
        shifts, narrowest = late(self.frames, self.step_ppm) / 2, spread.reshape(BLOCKS, -1).min(axis=1)
        # Made once: fresh memory takes as long as what is reckoned in it.
        room, sigma = np.zeros((len(self.frames), SEGMENTS * LOW_FRAME + 2 * steps), np.float32), 0.0
        curves = Shifted(room, steps)
        for coarse_ppm, voices in self._voices():
            self._draw(voices, room[:, steps : room.shape[1] - steps])
            curves.forget()
            for step in range(-steps, steps + 1):
                total = curves.sum(np.rint(step * shifts).astype(int).tolist())
                rows = total.reshape(-1, LOW_STEP)
                sigma = sigma or MAD_TO_SIGMA * float(np.median(np.abs(rows[live, ::8]) / spread[live, None])) + TINY
                # Most drifts are told from a few long rows: many short ones take four times as long.
                if (_highest(total.reshape(BLOCKS, -1)) >= narrowest * (NEARLY * LEAST_SIGMAS * sigma)).any():
                    yield float((_highest(rows) / spread).max()) / sigma, coarse_ppm + step * self.step_ppm

    def _voices(self) -> Iterator[tuple[float, Sequence[Spectra]]]:
        """Yield the drifts of `COARSE_PPM` and the low band of each frame's voice under it."""
        yield 0.0, [frame.voice[:LOW_BINS] for frame in self.frames]
        low = self._parts_low()
        for ppm in COARSE_PPM:
            # The parts lie on both sides of the middle alike: one drift's are the other's, turned the other way.
            angles = np.arange(0.5, PARTS / 2)[:, None] * (ppm * PPM * PART * _BINS[:LOW_BINS])
            along, across = (np.repeat(of(angles).astype(np.float32), 2, axis=1) for of in (np.cos, np.sin))
            pairs = [((sums * along).sum(axis=0), (gaps * across).sum(axis=0)) for sums, gaps in low]
            for sign in (1, -1):
                moved = late(self.frames, sign * ppm).tolist()
                yield (
                    sign * ppm,
                    [
                        (total + sign * gap).view(np.complex64) * _turn(by, LOW_BINS)
                        for (total, gap), by in zip(pairs, moved, strict=True)
                    ],
                )

    def _parts_low(self) -> list[tuple[Samples, Samples]]:
        """Return what each frame's parts on either side of its middle make together, and what parts them."""
        halves = [(parts[PARTS // 2 :, :LOW_BINS], parts[PARTS // 2 - 1 :: -1, :LOW_BINS]) for parts in self._parts]
        return [
            ((behind + before).view(np.float32), (1j * (behind - before)).view(np.float32)) for behind, before in halves
        ]

    def _draw(self, voices: Sequence[Spectra], curves: Samples) -> None:
        """Lay down the lag curve of each frame in the low band."""
        from scipy.fft import irfft

        cross = np.empty((TOGETHER, SEGMENTS, LOW_BINS), np.complex64)
        for begin in range(0, len(self.frames), TOGETHER):
            frames = self.frames[begin : begin + TOGETHER]
            for frame, voice, found in zip(frames, voices[begin : begin + TOGETHER], cross, strict=False):
                np.multiply(frame.reach[:, :LOW_BINS], voice, out=found)
            rows = irfft(cross[: len(frames)], FRAME)[:, :, :LOW_FRAME]
            for row, curve in zip(rows, curves[begin : begin + TOGETHER], strict=True):
                curve.reshape(SEGMENTS, LOW_FRAME)[...] = row


class Shifted:
    """Curves that are added up again and again, shifted against each other: what two share is added once.

    Parameters
    ----------
    curves : float32, shape (count, lags + 2 * margin)
        With `margin` zeros at either end.
    margin : int
        No curve is shifted by more.
    """

    def __init__(self, curves: Samples, margin: int) -> None:
        self._curves, self._margin = curves, margin
        self._total = np.empty(curves.shape[1] - 2 * margin, np.float32)
        self._free: list[Samples] = list(np.empty((MOST_PAIRS, curves.shape[1]), np.float32))
        self._pairs: dict[tuple[int, int], Samples] = {}

    def forget(self) -> None:
        """Take it that the curves have changed."""
        self._free += self._pairs.values()
        self._pairs.clear()

    def sum(self, shifts: Sequence[int]) -> Samples:
        """Return the sum of all curves, each read so many samples later; until it is asked again."""
        total, count = self._total, len(shifts)
        total[:] = self._curves[-1, self._margin + shifts[-1] :][: total.size] if count % 2 else 0
        for first in range(0, count - 1, 2):
            pair = self._pair(first, shifts[first + 1] - shifts[first])
            total += pair[self._margin + shifts[first] :][: total.size]
        return total

    def _pair(self, first: int, by: int) -> Samples:
        """Return the sum of a curve and the next, read so many samples later."""
        if (first, by) not in self._pairs:
            if not self._free:
                self._free.append(self._pairs.pop(next(iter(self._pairs))))
            early, late = self._curves[first : first + 2]
            pair = self._pairs[first, by] = self._free.pop()
            pair[:] = early
            pair[max(0, -by) : pair.size - max(0, by)] += late[max(0, by) : late.size - max(0, -by)]
        return self._pairs[first, by]


def _highest(rows: Samples) -> Samples:
    """Return how far each row reaches, up or down."""
    return np.asarray(np.maximum(rows.max(axis=1), -rows.min(axis=1)))


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
