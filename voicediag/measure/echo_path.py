"""How loud an echo is, once its lag is known.

What is measured
    The echo return loss of a path: the far end's power over the power of what the microphone repeats of it.
Method
    The least-squares path H = Sxy / Sxx over frames of `PATH_FRAME_S`, in which a talker at the microphone cancels out,
    so that it holds in double talk. |Sxy|^2 is summed over pairs of different frames only (a U-statistic: Hoeffding,
    Ann. Math. Statist. 19(3), 1948), which frees it of the talker's power that a finite number of frames leaves in it.
Conventions
    ERL in dB, positive where the echo is weaker than the far end. The two tracks may differ in rate: frames of equal
    duration share their frequency grid.
Differences from other tools
    A ratio of levels counts the talker and the room as echo; this counts what follows the far end's own waveform.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from voicediag.measure.whitening import Samples
from voicediag.spans import Span

if TYPE_CHECKING:
    from collections.abc import Iterable

    from voicediag.measure.echo_grid import Reader
    from voicediag.spans import SpanSet

PATH_FRAME_S = 0.512
LONG_FRAME_S = 1.024
PATH_LOW_HZ = 100.0
PATH_NYQUIST_SHARE = 0.9
# Pairs of frames are what is averaged: with fewer than this there are too few.
LEAST_PATH_FRAMES = 4
PATH_BAND_BINS = 64
# Frames this far below the band's mean weigh no more: in them the microphone holds reverberation, not the path.
WEIGHT_FLOOR = 0.1
TINY = 1e-20
PPM = 1e-6
# Spans of the far end whose spectra are kept: those of one path, with all its decoys.
MOST_KEPT = 64
# Rows that fit a core's cache.
ROWS = 32
# Between samples so much finer a straight line is near enough; and what a filter needs beyond either end.
FINER = 4
EDGE_S = 0.01
Moments: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoPath:
    """How loud an echo is.

    Attributes
    ----------
    erl_db : float or None
        Echo return loss; None where nothing of the far end rises above chance.
    near_share : float
        Power at the microphone that the far end does not explain, as a share of all of it.
    """

    erl_db: float | None
    near_share: float


class PathAt(Protocol):
    """Measures the path over some spans of the far end at a lag in seconds."""

    def __call__(self, spans: SpanSet, lag_s: float, *, frame_s: float) -> EchoPath | None:
        """Return the path, or None where there is too little to measure it."""


@dataclass(slots=True)
class PathMeter:
    """Measures an echo path over stretches in which the lag is known.

    Parameters
    ----------
    mic_rate_hz, speaker_rate_hz : int
        Rates of the two tracks; they need not be equal.
    frame_s : float
        What a room sends later than this is missed, and of what it sends earlier a part; with longer frames there are
        fewer of them, and chance comes closer.
    """

    mic_rate_hz: int
    speaker_rate_hz: int
    frame_s: float = PATH_FRAME_S
    _frames: int = 0
    _sums: NDArray[np.complex128] | None = field(default=None, repr=False)

    def push(self, mic: Samples, speaker: Samples) -> None:
        """Take a stretch of both tracks, the microphone's already earlier by the lag; float32, shape (frames,)."""
        self._push(_spectra(mic, self.mic_rate_hz, self.frame_s), _spectra(speaker, self.speaker_rate_hz, self.frame_s))

    def _push(self, ear: NDArray[np.complex64], mouth: NDArray[np.complex64]) -> None:
        """Take the spectra of both tracks' frames."""
        frames, bins = min(ear.shape[0], mouth.shape[0]), min(ear.shape[1], mouth.shape[1])
        if not frames:
            return
        ear, mouth = ear[:frames, :bins], mouth[:frames, :bins]
        far, near = _power(mouth), _power(ear)
        # A talker hides the echo: each frame counts by how quiet the microphone is, band by band.
        bands = _in_bands(near)
        weights = 1 / (bands + np.float32(WEIGHT_FLOOR) * bands.mean(axis=0) + np.float32(TINY))
        sums = np.zeros((6, bins), np.complex128)
        sums[4], sums[5] = far.sum(axis=0), near.sum(axis=0)
        for first in range(0, frames, ROWS):
            rows = slice(first, first + ROWS)
            weight = np.repeat(weights[rows], PATH_BAND_BINS, axis=1)[:, :bins]
            weighted = weight * far[rows]
            cross = np.conj(mouth[rows])
            cross *= ear[rows]
            cross *= weight
            weight *= near[rows]
            for at, moment in enumerate((cross, weight * weighted, weighted, np.square(weighted))):
                sums[at] += moment.sum(axis=0)
        self._frames += frames
        self._sums = sums if self._sums is None else self._sums + sums

    def result(self) -> EchoPath | None:
        """Return the path, or None with fewer than two frames or a silent track."""
        if self._sums is None or self._frames < LEAST_PATH_FRAMES:
            return None
        cross, (cross_alone, weighted, weighted_alone, far, near) = self._sums[0], self._sums[1:].real
        pairs = weighted**2 - weighted_alone
        heard = pairs > 0
        if not heard.any() or not near.any():
            return None
        echo = float(((np.abs(cross) ** 2 - cross_alone)[heard] / pairs[heard] * far[heard]).sum())
        if echo <= 0:
            return EchoPath(erl_db=None, near_share=1.0)
        erl_db = 10 * float(np.log10(far.sum() / echo))
        return EchoPath(erl_db=erl_db, near_share=max(0.0, 1 - echo / float(near.sum())))


@dataclass(slots=True)
class Paths:
    """Measures the path between two tracks over any spans and at any lags.

    Parameters
    ----------
    mic, speaker : callable
        Return the samples of a span of each track, float32, silence where there is none.
    mic_rate_hz, speaker_rate_hz : int
        Rates of the two tracks; they need not be equal.
    """

    mic: Reader
    speaker: Reader
    mic_rate_hz: int
    speaker_rate_hz: int
    _far: dict[tuple[Span, float], NDArray[np.complex64]] = field(default_factory=dict, repr=False)

    def over(
        self, pieces: Iterable[tuple[Span, float]], frame_s: float = PATH_FRAME_S, *, drift_ppm: float = 0.0
    ) -> EchoPath | None:
        """Return the path over some spans of the far end, each at a lag of its own, in seconds, in its middle."""
        heard = ((span, self._heard(span, lag_s, drift_ppm * PPM)) for span, lag_s in pieces)
        return self._between(heard, frame_s)

    def along(self, pieces: Iterable[tuple[Span, Moments, Moments]], frame_s: float = PATH_FRAME_S) -> EchoPath | None:
        """Return the path over some spans of the far end in which the lag moves: each with moments, and its lag."""
        heard = ((span, self._followed(span, times_s, lags_s)) for span, times_s, lags_s in pieces)
        return self._between(heard, frame_s)

    def _between(self, pieces: Iterable[tuple[Span, Samples]], frame_s: float) -> EchoPath | None:
        """Return the path over some spans of the far end, each with what the microphone heard of it."""
        path = PathMeter(self.mic_rate_hz, self.speaker_rate_hz, frame_s)
        for span, heard in pieces:
            # Beyond a recording's end an echo is not weak, but unknown.
            mic = _spectra(_to_its_end(heard), self.mic_rate_hz, frame_s)
            path._push(mic, self._said(span, frame_s))  # noqa: SLF001 - what it transforms itself it would forget
        return path.result()

    def _followed(self, span: Span, times_s: Moments, lags_s: Moments) -> Samples:
        """Return the microphone over a span of the far end, at each moment as much later as the lag is then."""
        import soxr

        said_s = span.start_s + np.arange(round(span.duration_s * self.mic_rate_hz)) / self.mic_rate_hz
        heard_s = said_s + np.interp(said_s, times_s, lags_s)
        begin_s = float(heard_s.min()) - EDGE_S
        mic = self.mic(Span(begin_s, float(heard_s.max()) + EDGE_S))
        fine = np.asarray(soxr.resample(mic, 1, FINER, quality="HQ"), np.float32)
        return np.interp((heard_s - begin_s) * self.mic_rate_hz * FINER, np.arange(fine.size), fine).astype(np.float32)

    def _heard(self, span: Span, lag_s: float, faster: float) -> Samples:
        """Return the microphone over a span of the far end, on the far end's clock."""
        heard = span.shifted(lag_s)
        if not faster:
            return self.mic(heard)
        import soxr

        wider_s = faster * span.duration_s / 2
        mic = self.mic(Span(heard.start_s - wider_s, heard.end_s + wider_s))
        return np.asarray(soxr.resample(mic, 1 + faster, 1.0, quality="HQ"), np.float32)

    def _said(self, span: Span, frame_s: float) -> NDArray[np.complex64]:
        """Return the far end's spectra, which decoys ask for again and again."""
        if (span, frame_s) not in self._far:
            if len(self._far) >= MOST_KEPT:
                self._far.clear()
            self._far[span, frame_s] = _spectra(self.speaker(span), self.speaker_rate_hz, frame_s)
        return self._far[span, frame_s]


def _to_its_end(samples: Samples) -> Samples:
    """Return samples without the silence behind the last."""
    if samples.size and samples[-1]:
        return samples
    return samples[: int(np.flatnonzero(samples).max(initial=-1)) + 1]


def _power(spectra: NDArray[np.complex64]) -> NDArray[np.float32]:
    power = np.square(spectra.real)
    power += np.square(spectra.imag)
    return np.asarray(power, np.float32)


def _spectra(samples: Samples, rate_hz: int, frame_s: float) -> NDArray[np.complex64]:
    """Return Hann-windowed spectra at half overlap, shape (frames, bins), amplitude independent of the rate."""
    from scipy.fft import rfft

    size = round(frame_s * rate_hz)
    if samples.size < size:
        return np.zeros((0, 1), np.complex64)
    frames = np.lib.stride_tricks.sliding_window_view(samples, size)[:: size // 2]
    high = round(PATH_NYQUIST_SHARE * rate_hz / 2 * frame_s)
    return np.asarray(rfft(frames * _window(size))[:, round(PATH_LOW_HZ * frame_s) : high], np.complex64)


@cache
def _window(size: int) -> NDArray[np.float32]:
    return np.asarray(np.hanning(size) / size, np.float32)


def _in_bands(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean power of each band of `PATH_BAND_BINS`, shape (frames, bands)."""
    edges = np.arange(0, power.shape[1], PATH_BAND_BINS)
    means = np.add.reduceat(power, edges, axis=1) / np.diff(np.append(edges, power.shape[1]))
    return np.asarray(means, np.float32)
