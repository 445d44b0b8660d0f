"""Pairs of frequencies that move together: what a resampler leaves behind, and nothing in nature does.

What is measured
    For a shift of `shift_hz`, how much of each frequency of a sound comes back at the frequency that lies so far away.
Formula
    Hann windows of `WINDOW_S`, half overlapped. For source s and target t = s + shift, the sum over all windows of
    conj(X(s)) X(t) exp(-2 pi i shift time) / N(t), beside that of |X(s)|^2 / N(t): their ratio is the gain with which s
    comes back at t, fitted with each cell counted by the noise that it holds, N: what lies around it. A negative source
    is the mirror image.
Reference
    W. A. Gardner, "The spectral correlation theory of cyclostationary time-series", Signal Processing 11 (1), 1986: a
    sound whose statistics repeat `shift` times a second correlates with itself so far away.
Conventions
    float32 samples, shape (frames,), in [-1, 1]. Shifts are whole multiples of `STEP_HZ`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from voicediag.measure._filters import Samples

WINDOW_S = 0.02
STEP_HZ = 50
"""1 / WINDOW_S: every rate from 8 to 48 kHz but 11,025 Hz is a multiple of it."""
MOST_WINDOWS = 3_000
QUIET = 1e-4
"""40 dB under the loudest windows: pauses say nothing."""
AROUND = 5
_LEAST = 1e-14


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pairs:
    """What comes back of each source, so far away.

    Attributes
    ----------
    source_hz, target_hz : float64, shape (pairs,)
        A source below zero is mirrored: its target lies at `shift_hz` less its distance from zero.
    cross : complex128, shape (pairs,)
    weight : float64, shape (pairs,)
        `cross / weight` is the gain; `abs(cross) / sqrt(weight)` is about 1 where nothing comes back.
    """

    source_hz: NDArray[np.float64]
    target_hz: NDArray[np.float64]
    cross: NDArray[np.complex128]
    weight: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Cells:
    """A sound in windows.

    Attributes
    ----------
    rate_hz : int
    spectra : complex64, shape (windows, bins)
        Of the windows that are not quiet, at most `MOST_WINDOWS`.
    times_s : float64, shape (windows,)
    """

    rate_hz: int
    spectra: NDArray[np.complex64]
    times_s: NDArray[np.float64]

    @cached_property
    def power(self) -> NDArray[np.float32]:
        """Power of each cell."""
        return np.square(self.spectra.real) + np.square(self.spectra.imag)

    @cached_property
    def noise(self) -> NDArray[np.float32]:
        """Power around each cell."""
        half, bins = AROUND // 2, self.spectra.shape[1]
        padded = np.pad(self.power, ((0, 0), (half, half)), mode="reflect")
        around = sum(padded[:, place : place + bins] for place in range(AROUND))
        return np.asarray(around / AROUND + _LEAST, np.float32)

    def pairs(self, shift_hz: int) -> Pairs:
        """Return what comes back `shift_hz` away, which is above zero."""
        away, bins = round(shift_hz / STEP_HZ), self.spectra.shape[1]
        turn = np.exp(-2j * np.pi * (shift_hz * self.times_s % 1)).astype(np.complex64)[:, None]
        raised = self.spectra / self.noise * turn
        lowered = self.spectra / self.noise * np.conj(turn)
        first = max(1, away - bins + 1)
        mirrored = slice(first, min(bins, away))
        back = slice(away - mirrored.stop + 1, away - first + 1)
        low, high = slice(1, max(1, bins - away)), slice(1 + away, max(1 + away, bins))
        parts = (
            # What is mirrored counts as below zero, and so does what is lowered: both are conjugates.
            (-_hz(mirrored), _hz(back)[::-1], raised[:, back][:, ::-1] * self.spectra[:, mirrored], mirrored, back, -1),
            (_hz(low), _hz(high), raised[:, high] * np.conj(self.spectra[:, low]), low, high, 1),
            (-_hz(high), -_hz(low), np.conj(lowered[:, low]) * self.spectra[:, high], high, low, 1),
        )
        return Pairs(
            source_hz=np.concatenate([part[0] for part in parts]),
            target_hz=np.concatenate([part[1] for part in parts]),
            cross=np.concatenate([part[2].sum(axis=0, dtype=np.complex128) for part in parts]),
            weight=np.concatenate(
                [
                    (self.power[:, of] / self.noise[:, to][:, ::order]).sum(axis=0, dtype=np.float64)
                    for *_, of, to, order in parts
                ]
            ),
        )


def cells(stretches: list[tuple[float, Samples]], rate_hz: int) -> Cells | None:
    """Return the windows of some stretches of one sound, each with the time of its first sample; None for silence."""
    size, hop = round(WINDOW_S * rate_hz), round(WINDOW_S * rate_hz) // 2
    window = np.hanning(size + 1)[:-1].astype(np.float32)
    spectra, times = [], []
    for begin_s, samples in stretches:
        if samples.size < size:
            continue
        cut = np.lib.stride_tricks.sliding_window_view(samples, size)[::hop]
        spectra.append(np.fft.rfft(cut * window).astype(np.complex64))
        times.append(begin_s + np.arange(len(cut)) * hop / rate_hz)
    if not spectra:
        return None
    made, at_s = np.concatenate(spectra), np.concatenate(times)
    loudness = (np.square(made.real) + np.square(made.imag)).sum(axis=1)
    kept = np.flatnonzero(loudness > max(_LEAST, QUIET * float(np.percentile(loudness, 95))))
    kept = kept[:: max(1, -(-kept.size // MOST_WINDOWS))]
    return Cells(rate_hz, made[kept], at_s[kept]) if kept.size else None


def _hz(bins: slice) -> NDArray[np.float64]:
    return np.arange(bins.start, bins.stop) * float(STEP_HZ)
