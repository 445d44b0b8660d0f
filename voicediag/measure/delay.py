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
    tracks may differ in rate: frames of equal duration share their frequency grid, so nothing is resampled.
Differences from other tools
    A whole-file correlation answers with one lag and no confidence, and a repeated far end draws it seconds off. Here
    the lag may jump and wander, and a session without an echo has no lag at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from voicediag.spans import Span

Samples: TypeAlias = NDArray[np.float32]

FRAME_S = 1.0
HOP_S = 0.5
# Telephone and Bluetooth paths reach 0.4 s and play-out queues more; a reference that is logged late turns up early.
EARLIEST_S = -0.5
LATEST_S = 2.5
# The transform is as long as frame and lags together, so that no lag wraps around onto another.
TRANSFORM_S = 4.0
GRID_HZ = 8_000
BAND_HZ: Final = (300.0, 3_700.0)
PHAT_EXPONENT = 0.8
CLIP_SIGMAS = 10.0
GROUP_FRAMES = 16
# Lags whose clipped peak reaches this share of the highest belong to the same echo: its taps.
SAME_ECHO = 0.6
# A frame hears the echo by itself where its own curve rises this high within a millisecond of the group's lag.
HEARD_SIGMAS = 5.0
NEAR_LAGS = 8
# A far end below this is comfort noise or nothing, whatever the play-out gain.
QUIET_RMS = 10 ** (-60 / 20)
MAD_TO_SIGMA = 1.4826


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
    """Follows the lag of one track inside another, block by block.

    Parameters
    ----------
    mic_rate_hz, speaker_rate_hz : int
        Rates of the two tracks; they need not be equal.
    """

    mic_rate_hz: int
    speaker_rate_hz: int
    _mic: Samples = field(default_factory=lambda: np.zeros(0, np.float32), repr=False)
    _speaker: Samples = field(default_factory=lambda: np.zeros(0, np.float32), repr=False)
    _next_frame: int = 0
    _curves: list[NDArray[np.float32]] = field(default_factory=list, repr=False)
    _times: list[float] = field(default_factory=list, repr=False)
    _groups: list[LagGroup] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        """Lay silence before the beginning, for the earliest lag."""
        self._mic = np.zeros(round(-EARLIEST_S * self.mic_rate_hz), np.float32)

    def push(self, mic: Samples, speaker: Samples) -> None:
        """Take the next blocks of both tracks, of equal duration; float32, shape (frames,)."""
        self._mic = np.concatenate((self._mic, mic))
        self._speaker = np.concatenate((self._speaker, speaker))
        while self._mic.size >= round((FRAME_S - EARLIEST_S + LATEST_S) * self.mic_rate_hz):
            if self._speaker.size < round(FRAME_S * self.speaker_rate_hz):
                break
            self._take_frame()

    def result(self) -> tuple[LagGroup, ...]:
        """Return every group so far, taking silence for what comes after the end."""
        left = self._speaker.size / self.speaker_rate_hz
        if left >= FRAME_S:
            tail = round((LATEST_S - EARLIEST_S + FRAME_S) * self.mic_rate_hz)
            self._mic = np.concatenate((self._mic, np.zeros(tail, np.float32)))
            while self._speaker.size >= round(FRAME_S * self.speaker_rate_hz):
                self._take_frame()
        self._close_group()
        return tuple(self._groups)

    def _take_frame(self) -> None:
        """Measure one frame and move on by a hop."""
        speaker = self._speaker[: round(FRAME_S * self.speaker_rate_hz)]
        mic = self._mic[: round((FRAME_S - EARLIEST_S + LATEST_S) * self.mic_rate_hz)]
        if np.sqrt(np.mean(speaker**2)) >= QUIET_RMS and mic.any():
            self._curves.append(lag_curve(mic, speaker, mic_rate_hz=self.mic_rate_hz, speaker_rate_hz=self.speaker_rate_hz))
            self._times.append(self._next_frame * HOP_S)
            if len(self._curves) == GROUP_FRAMES:
                self._close_group()
        self._next_frame += 1
        # Hops are cut from absolute positions, so that a rate that does not divide them gathers no error.
        self._mic = self._mic[self._hop(self.mic_rate_hz) :]
        self._speaker = self._speaker[self._hop(self.speaker_rate_hz) :]

    def _hop(self, rate_hz: int) -> int:
        return round(self._next_frame * HOP_S * rate_hz) - round((self._next_frame - 1) * HOP_S * rate_hz)

    def _close_group(self) -> None:
        if self._curves:
            self._groups.append(_group(np.array(self._curves), self._times))
        self._curves, self._times = [], []


def lag_curve(mic: Samples, speaker: Samples, *, mic_rate_hz: int, speaker_rate_hz: int) -> NDArray[np.float32]:
    """Return one frame's whitened cross-correlation over the lags from `EARLIEST_S` to `LATEST_S`.

    Parameters
    ----------
    mic : float32, shape (frames,)
        From `EARLIEST_S` before the far-end frame to `LATEST_S` after it.
    speaker : float32, shape (frames,)
        The far-end frame.

    Returns
    -------
    float32, shape (lags,)
        On a grid of `GRID_HZ`, scaled so that its median magnitude is one sigma of a normal law.
    """
    low, high = (round(edge * TRANSFORM_S) for edge in BAND_HZ)
    ear = np.fft.rfft(mic, round(TRANSFORM_S * mic_rate_hz))[low:high]
    mouth = np.fft.rfft(speaker, round(TRANSFORM_S * speaker_rate_hz))[low:high]
    bins = min(ear.size, mouth.size)
    cross = ear[:bins] * np.conj(mouth[:bins])
    power = np.abs(cross)
    grid = round(TRANSFORM_S * GRID_HZ)
    white = np.zeros(grid // 2 + 1, np.complex64)
    white[low : low + bins] = cross / (power**PHAT_EXPONENT + np.float32(1e-3) * power.mean() ** PHAT_EXPONENT + 1e-30)
    curve = np.fft.irfft(white, grid)[: round((LATEST_S - EARLIEST_S) * GRID_HZ)]
    return _in_sigmas(curve.astype(np.float32))


def _in_sigmas(curve: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a curve in units of its own robust sigma."""
    # Every second value is enough for a median, and halves its cost.
    sigma = MAD_TO_SIGMA * float(np.median(np.abs(curve[::2])))
    return curve / np.float32(sigma) if sigma > 0 else curve


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
