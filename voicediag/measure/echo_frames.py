"""Short frames of the far end against the microphone: which lag fits each of them, around one that is known.

What is measured
    For each quarter of a second of far-end sound a curve over lags: how well the microphone repeats it there.
Method
    Both tracks come whitened in time and frequency (`measure.whitening`), as they do for the detection. The
    cross-spectrum of a Hann-windowed frame and the microphone around its lag is levelled: each bin is divided by the
    root of its magnitude, for a frame parts what the whitening's short windows do not. (On the fitted sources of
    `benchmarks.echo_motion` reverberation blurs it without, and with all of the magnitude a talker hides more.) Once
    some lags are known the spectra are brought onto them and averaged: that mean is the room. Its correlation with each
    frame has one peak where the frame alone has one for every reflection, so that the lag of a reverberant echo does
    not hop between them.
Conventions
    Everything lies on `whitening.GRID_HZ`. A curve's value is in robust sigmas of that curve; its index is the lag from
    `-REACH` on, in samples of the grid, beside the lag at which the microphone was read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from voicediag.measure.echo_grid import STEP, Stretch
from voicediag.measure.whitening import BAND_HZ, GRID_HZ

Curves = NDArray[np.float32]
_Number = TypeVar("_Number", bound=np.generic)

FRAME = 4_000
HOP = 2_000
REACH = 2_048
# Rows that fit a core's cache.
ROWS = 32
# As long as frame and lags together, so that no lag wraps around onto another.
SIZE = 8_192
# A far end below this is comfort noise or nothing; a microphone below that is digital silence.
QUIET_RMS = 10 ** (-60 / 20)
SILENT_RMS = 1e-6
# A recording's own end is a click in both tracks: no more of a frame than this may lie beyond it.
BEYOND = FRAME // 8
# What the room holds: a little before the strongest reflection, and reverberation after it.
ROOM_BEFORE = 256
ROOM_AFTER = 3_072
# A frame of a steady tone correlates with itself everywhere: none may outvote the others.
MOST_SIGMAS = 15.0
MAD_TO_SIGMA = 1.4826
FLOOR_SHARE = 1e-6
TINY = 1e-20
# A top between samples is read on a grid this much finer, through a windowed sinc this wide on either side.
FINER = 8
SINC_REACH = 16
KAISER_BETA = 6.0

_SHORT, _LONG = (np.hanning(size).astype(np.float32) for size in (FRAME, SIZE))
_LOW, _HIGH = (round(edge * SIZE / GRID_HZ) for edge in BAND_HZ)
_ROOM = np.arange(-ROOM_BEFORE, ROOM_AFTER)


@dataclass(frozen=True, slots=True)
class EchoFrames:
    """The frames of a stretch.

    Attributes
    ----------
    spectra : complex64, shape (frames, bins)
        Levelled cross-spectra within the band; nothing for what is not live.
    is_live : bool, shape (frames,)
        Where the far end speaks and the microphone is open.
    """

    spectra: NDArray[np.complex64]
    is_live: NDArray[np.bool_]

    @classmethod
    def of(cls, mic: Stretch, speaker: Stretch) -> EchoFrames:
        """Return the frames of two stretches.

        Parameters
        ----------
        speaker : Stretch
            A frame begins every `HOP` samples.
        mic : Stretch
            From `REACH` before `speaker`, as seen at the known lag, to `REACH` after it at least.
        """
        far = _frames(speaker.white, FRAME)
        near = _frames(np.pad(mic.white, (0, max(0, (len(far) - 1) * HOP + SIZE - mic.white.size))), SIZE)
        is_live = _live(mic, speaker, len(far))
        spectra, said = np.zeros((len(far), _HIGH - _LOW), np.complex64), np.zeros((ROWS, SIZE), np.float32)
        for rows in _in_parts(is_live):
            np.multiply(_rows(far, rows), _SHORT, out=said[: rows.size, :FRAME])
            spectra[rows] = _levelled(_rows(near, rows), said[: rows.size])
        return cls(spectra, is_live)

    def curves(self) -> Curves:
        """Return how well each lag fits each frame by itself; nothing for those that are not live."""
        curves = np.zeros((self.is_live.size, SIZE), np.float32)
        for rows, found in self._parts(self.is_live):
            curves[rows] = found / _sigmas(found)
        return curves

    def scores(self, room: NDArray[np.complex64]) -> Curves:
        """Return how well each lag fits each frame in a known room, over the lags from `-REACH` to `REACH`."""
        scores = np.zeros((self.is_live.size, 2 * REACH), np.float32)
        for rows, found in self._parts(self.is_live, np.conj(room)):
            scores[rows] = found[:, : 2 * REACH] / _sigmas(found)
        return scores

    def room(
        self, path: NDArray[np.intp], weight: NDArray[np.float32], curves: Curves | None = None
    ) -> NDArray[np.complex64]:
        """Return the spectrum of what the frames have in common once each is brought onto its lag.

        Parameters
        ----------
        path : int, shape (frames,)
            The lag of each, as an index into its curve.
        weight : float32, shape (frames,)
            How much each counts; those that are not live count nothing.
        curves : float32, shape (frames, lags), optional
            From `curves`, where they are at hand.
        """
        from scipy.fft import rfft

        counts, mean = self.is_live & (weight > 0), np.zeros(SIZE, np.float32)
        total, own = np.zeros((2, _ROOM.size), np.float32)
        for row, curve, sigma in self._each(counts, curves):
            begin = int(path[row]) - ROOM_BEFORE
            around = curve[begin:][: own.size] if begin >= 0 else np.take(curve, path[row] + _ROOM, mode="wrap")
            np.divide(around, sigma, out=own)
            np.clip(own, -MOST_SIGMAS, MOST_SIGMAS, out=own)
            own *= weight[row]
            total += own
        if counts.any():
            mean[_ROOM] = total / weight[counts].sum()
        return np.asarray(rfft(mean)[_LOW:_HIGH], np.complex64)

    def _each(
        self, chosen: NDArray[np.bool_], curves: Curves | None
    ) -> Iterator[tuple[int, NDArray[np.float32], np.float32]]:
        """Yield the numbers of frames, their curves and the sigma of these."""
        if curves is not None:
            yield from ((row, curves[row], np.float32(1)) for row in np.flatnonzero(chosen).tolist())
            return
        for rows, found in self._parts(chosen):
            yield from zip(rows.tolist(), found, _sigmas(found)[:, 0], strict=True)

    def _parts(
        self, chosen: NDArray[np.bool_], times: NDArray[np.complex64] | None = None
    ) -> Iterator[tuple[NDArray[np.intp], Curves]]:
        """Yield the numbers of frames and their curves, their spectra multiplied."""
        from scipy.fft import irfft

        whole = np.zeros((ROWS, SIZE // 2 + 1), np.complex64)
        for rows in _in_parts(chosen):
            band = whole[: rows.size, _LOW:_HIGH]
            band[...] = _rows(self.spectra, rows)
            if times is not None:
                band *= times
            yield rows, irfft(whole[: rows.size], SIZE)


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


def _sigmas(curves: Curves) -> Curves:
    """Return the robust sigma of each curve over the lags from `-REACH` to `REACH`, shape (frames, 1)."""
    # A median of every eighth value is known to 3 %, and costs an eighth; numpy's own takes ten times as long.
    some = np.abs(curves[:, : 2 * REACH : 8])
    some.partition(some.shape[1] // 2)
    return np.maximum(np.float32(MAD_TO_SIGMA) * some[:, some.shape[1] // 2, None], np.float32(TINY))


def _levelled(near: NDArray[np.float32], far: NDArray[np.float32]) -> NDArray[np.complex64]:
    """Return the cross-spectra of frames, each bin divided by the root of its magnitude."""
    from scipy.fft import rfft

    # What lies far from the frame is not its echo, whatever the lag.
    cross: NDArray[np.complex64] = np.conj(rfft(far)[:, _LOW:_HIGH])
    cross *= rfft(near * _LONG)[:, _LOW:_HIGH]
    power = np.square(cross.real)
    power += np.square(cross.imag)
    power += np.float32(FLOOR_SHARE) * power.mean(axis=1, keepdims=True) + np.float32(TINY)
    np.sqrt(power, out=power)
    np.sqrt(power, out=power)
    cross *= np.divide(1, power, out=power)
    return cross


def _in_parts(chosen: NDArray[np.bool_]) -> Iterator[NDArray[np.intp]]:
    """Yield the numbers of what is chosen, `ROWS` at a time."""
    places = np.flatnonzero(chosen)
    yield from (places[first : first + ROWS] for first in range(0, places.size, ROWS))


def _rows(table: NDArray[_Number], rows: NDArray[np.intp]) -> NDArray[_Number]:
    """Return rows of a table, without a copy where they follow each other."""
    begin, end = int(rows[0]), int(rows[-1]) + 1
    return table[begin:end] if end - begin == rows.size else table[rows]


def _frames(samples: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Return frames that begin every `HOP` samples, shape (frames, size)."""
    if samples.size < size:
        return np.zeros((0, size), np.float32)
    return np.lib.stride_tricks.sliding_window_view(samples, size)[::HOP]


def _live(mic: Stretch, speaker: Stretch, count: int) -> NDArray[np.bool_]:
    """Return in which frames the far end speaks and the microphone is open."""
    at = np.arange(count)
    said = _mean(speaker.power, at * HOP, FRAME) >= QUIET_RMS**2
    heard = _mean(mic.power, at * HOP, SIZE) >= SILENT_RMS**2
    sounding = np.flatnonzero(mic.power) * STEP
    if not sounding.size:
        return np.zeros(count, np.bool_)
    begins = at * HOP + REACH
    within = (begins + BEYOND >= sounding[0]) & (begins + FRAME - BEYOND <= sounding[-1] + STEP)
    return np.asarray(said & heard & within)


def _mean(power: NDArray[np.float32], begins: NDArray[np.intp], size: int) -> NDArray[np.float64]:
    """Return the mean power of `size` samples from each place on, silence where there are none."""
    total = np.concatenate(([0.0], np.cumsum(power, dtype=np.float64)))
    first, last = (np.minimum(place // STEP, power.size) for place in (begins, begins + size))
    return np.asarray((total[last] - total[first]) * STEP / size)
