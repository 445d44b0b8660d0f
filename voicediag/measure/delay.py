"""Where one track turns up inside another: the delay of an echo, followed through the session.

What is measured
    The lag at which the microphone repeats the loudspeaker, for each stretch of far-end speech.
Method
    Generalised cross-correlation with phase transform (Knapp & Carter, IEEE TASSP 24(4), 1976), whitened with exponent
    `PHAT_EXPONENT` over the telephone band. A frame is `FRAME_S` of far-end sound against the microphone from
    `EARLIEST_S` before it to `LATEST_S` after it; its lag curve is scaled to a median magnitude of one sigma and
    clipped, so that one loud coincidence cannot outvote the others; `GROUP_FRAMES` frames are averaged, and the peak of
    that mean, in robust sigmas, is the group's evidence.
Conventions
    Times in seconds on the clock of the pushed blocks; a positive lag means that the microphone is later. The two
    tracks may differ in rate: both are brought to `GRID_HZ`, all that the band needs, by a stateful resampler.
Differences from other tools
    A whole-file correlation answers with one lag and no confidence, and a repeated far end draws it seconds off. Here
    the lag may jump and wander, and a session without an echo has no lag at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import ModuleType
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from voicediag.spans import Span

Samples: TypeAlias = NDArray[np.float32]

FRAME_S = 1.0
# Short recordings need every frame that they can give; after the first minute every second one is enough.
HOP_S = 0.5
DENSE_S = 60.0
LONG_HOP_S = 1.0
# SciPy's transforms take a third of NumPy's time, and to import them as much as ten minutes of sound take to transform.
LONG_S = 600.0
# Telephone and Bluetooth paths reach 0.4 s and play-out queues more; a reference that is logged late turns up early.
EARLIEST_S = -0.5
LATEST_S = 2.5
# The transform is as long as frame and lags together, so that no lag wraps around onto another.
TRANSFORM_S = 4.0
GRID_HZ = 8_000
BAND_HZ: Final = (300.0, 3_600.0)
PHAT_EXPONENT = 0.8
CLIP_SIGMAS = 10.0
# As many as are transformed while they fit a core's cache.
CACHED_FRAMES = 8
GROUP_FRAMES = 16
# Lags whose clipped peak reaches this share of the highest belong to the same echo: its taps.
SAME_ECHO = 0.6
# A frame hears the echo by itself where its own curve rises this high within a millisecond of the group's lag.
HEARD_SIGMAS = 5.0
NEAR_LAGS = 8
# A far end below this is comfort noise or nothing, whatever the play-out gain.
QUIET_RMS = 10 ** (-60 / 20)
MAD_TO_SIGMA = 1.4826
# Bins this far below the mean are rounding noise, and whitening would raise it.
FLOOR_SHARE = 1e-3
TINY = 1e-20
# Over a microphone that is mostly digital silence, gated or at an end, chance peaks have no law to be held against.
LIVE_S = 1.4
SILENT = 1e-7
_LIVE = round(LIVE_S * GRID_HZ)
_FRAME = round(FRAME_S * GRID_HZ)
_REACH = round((FRAME_S - EARLIEST_S + LATEST_S) * GRID_HZ)


@dataclass(frozen=True, slots=True, kw_only=True)
class LagGroup:
    """What neighbouring frames of far-end speech say together.

    Attributes
    ----------
    span : Span
        From the first frame's start to the last frame's end.
    frames : int
        Far-end frames averaged.
    lag_s : float
        Where the mean lag curve peaks.
    strength : float
        Height of that peak in robust sigmas of the curve.
    heard : tuple of Span
        The frames that show the peak by themselves.
    """

    span: Span
    frames: int
    lag_s: float
    strength: float
    heard: tuple[Span, ...]


@dataclass(slots=True)
class DelayMeter:
    """Follows the lag of one track inside another, block by block; once asked for its result it is done.

    Parameters
    ----------
    mic_rate_hz, speaker_rate_hz : int
        Rates of the two tracks; they need not be equal.
    """

    mic_rate_hz: int
    speaker_rate_hz: int
    _mic: _Feed = field(init=False, repr=False)
    _speaker: _Feed = field(init=False, repr=False)
    _next_s: float = 0.0
    _curves: list[NDArray[np.float32]] = field(default_factory=list, repr=False)
    _times: list[float] = field(default_factory=list, repr=False)
    _groups: list[LagGroup] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        """Lay silence before the beginning, for the earliest lag."""
        self._mic, self._speaker = _Feed(self.mic_rate_hz), _Feed(self.speaker_rate_hz)
        self._mic.samples = np.zeros(round(-EARLIEST_S * GRID_HZ), np.float32)

    def push(self, mic: Samples, speaker: Samples) -> None:
        """Take the next blocks of both tracks, of equal duration; float32, shape (frames,)."""
        self._mic.push(mic)
        self._speaker.push(speaker)
        self._measure()

    def result(self) -> tuple[LagGroup, ...]:
        """Return every group, taking silence for what comes after the end."""
        self._mic.push(np.zeros(round((LATEST_S + FRAME_S) * self.mic_rate_hz), np.float32), last=True)
        self._speaker.push(np.zeros(0, np.float32), last=True)
        self._measure()
        self._close_group()
        return tuple(self._groups)

    def _measure(self) -> None:
        """Measure every frame that is complete, and move on."""
        pairs: list[tuple[Samples, Samples]] = []
        times: list[float] = []
        at = 0
        while at + _FRAME <= self._speaker.samples.size and at + _REACH <= self._mic.samples.size:
            mic, speaker = self._mic.samples[at : at + _REACH], self._speaker.samples[at : at + _FRAME]
            if np.dot(speaker, speaker) >= _FRAME * QUIET_RMS**2 and np.count_nonzero(np.abs(mic) > SILENT) >= _LIVE:
                pairs.append((mic, speaker))
                times.append(self._next_s)
            hop_s = HOP_S if self._next_s < DENSE_S else LONG_HOP_S
            self._next_s += hop_s
            at += round(hop_s * GRID_HZ)
        for first in range(0, len(pairs), CACHED_FRAMES):
            mics, speakers = zip(*pairs[first : first + CACHED_FRAMES], strict=True)
            curves = lag_curves(np.array(mics), np.array(speakers), is_long=times[first] >= LONG_S)
            for curve, time in zip(curves, times[first:], strict=False):
                self._take(curve, time)
        self._mic.samples, self._speaker.samples = self._mic.samples[at:], self._speaker.samples[at:]

    def _take(self, curve: NDArray[np.float32], time: float) -> None:
        self._curves.append(curve)
        self._times.append(time)
        if len(self._curves) == GROUP_FRAMES:
            self._close_group()

    def _close_group(self) -> None:
        if self._curves:
            self._groups.append(_group(np.array(self._curves), self._times))
        self._curves, self._times = [], []


class _Feed:
    """One track on the grid's rate, as far as it has come."""

    def __init__(self, rate_hz: int) -> None:
        import soxr

        self.samples: Samples = np.zeros(0, np.float32)
        self._stream = None if rate_hz == GRID_HZ else soxr.ResampleStream(rate_hz, GRID_HZ, 1, quality="MQ")

    def push(self, samples: Samples, *, last: bool = False) -> None:
        """Add samples at the track's own rate."""
        if self._stream is not None:
            samples = self._stream.resample_chunk(samples, last)
        self.samples = np.concatenate((self.samples, samples))


def lag_curves(
    mics: NDArray[np.float32], speakers: NDArray[np.float32], *, is_long: bool = False
) -> NDArray[np.float32]:
    """Return the whitened cross-correlations of some frames over the lags from `EARLIEST_S` to `LATEST_S`.

    Parameters
    ----------
    mics : float32, shape (frames, samples)
        At `GRID_HZ`, from `EARLIEST_S` before each far-end frame to `LATEST_S` after it.
    speakers : float32, shape (frames, samples)
        At `GRID_HZ`, the far-end frames of `FRAME_S`.
    is_long : bool
        Whether there are enough of them to make up for importing faster transforms; the same but for rounding.

    Returns
    -------
    float32, shape (frames, lags)
        On the grid of `GRID_HZ`, each scaled so that its median magnitude is one sigma of a normal law.
    """
    transforms = _transforms(is_long=is_long)
    low, high = (round(edge * TRANSFORM_S) for edge in BAND_HZ)
    grid = round(TRANSFORM_S * GRID_HZ)
    cross = transforms.rfft(mics, grid)[:, low:high] * np.conj(transforms.rfft(speakers, grid)[:, low:high])
    power = np.abs(cross)
    floor = np.float32(FLOOR_SHARE) * power.mean(axis=1, keepdims=True) + np.float32(TINY)
    white = np.zeros((len(mics), grid // 2 + 1), np.complex64)
    white[:, low:high] = cross / (power + floor) ** np.float32(PHAT_EXPONENT)
    curves = transforms.irfft(white, grid)[:, : round((LATEST_S - EARLIEST_S) * GRID_HZ)]
    return _in_sigmas(curves.astype(np.float32, copy=False))


def _transforms(*, is_long: bool) -> ModuleType:
    if not is_long:
        return np.fft
    import scipy.fft

    return scipy.fft  # type: ignore[no-any-return]


def _in_sigmas(curves: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return curves, shape (..., lags), in units of their own robust sigma."""
    # A median of every eighth value is known to 3 %, and costs an eighth.
    sigma = np.float32(MAD_TO_SIGMA) * np.median(np.abs(curves[..., ::8]), axis=-1, keepdims=True)
    return (curves / np.maximum(sigma, np.float32(TINY))).astype(np.float32, copy=False)


def _group(curves: NDArray[np.float32], times: list[float]) -> LagGroup:
    """Return what the frames' curves, shape (frames, lags), say together."""
    mean = np.abs(_in_sigmas(np.clip(curves, -CLIP_SIGMAS, CLIP_SIGMAS).mean(axis=0)))
    # Clipping makes the peaks of a loud echo's taps equal: they are told apart by the curves as they were.
    whole = np.abs(curves.mean(axis=0)) * (mean >= SAME_ECHO * mean.max())
    peak = int(whole.argmax())
    near = slice(max(0, peak - NEAR_LAGS), peak + NEAR_LAGS + 1)
    alone = np.abs(curves[:, near]).max(axis=1) >= HEARD_SIGMAS
    return LagGroup(
        span=Span(times[0], times[-1] + FRAME_S),
        frames=len(times),
        lag_s=(peak + _vertex(whole, peak)) / GRID_HZ + EARLIEST_S,
        strength=float(mean.max()),
        heard=tuple(Span(time, time + FRAME_S) for time, is_heard in zip(times, alone, strict=True) if is_heard),
    )


def _vertex(curve: NDArray[np.float32], peak: int) -> float:
    """Return how far beside the highest sample the parabola through it and its neighbours has its top."""
    if not 0 < peak < curve.size - 1:
        return 0.0
    left, top, right = (float(curve[peak + step]) for step in (-1, 0, 1))
    bend = left - 2 * top + right
    return 0.5 * (left - right) / bend if bend < 0 else 0.0
