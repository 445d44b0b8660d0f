"""Where one track turns up inside another: the delay of an echo, followed through the session.

What is measured
    The lag at which the microphone repeats the loudspeaker, for each stretch of far-end speech.
Method
    Both tracks are whitened in time and frequency (`measure.whitening`) and correlated: each `FRAME_S` of the far end
    against the microphone from `EARLIEST_S` before it to `LATEST_S` after it. `GROUP_FRAMES` frames in which the far
    end speaks are added up. Each lag is divided by the spread that two strangers with these very envelopes would have
    there, so that a gated microphone and a far end of few words have the same law of chance as any other pair: that of
    a normal variable. The peak in robust sigmas is the group's evidence.
Conventions
    Times in seconds on the clock of the pushed blocks; a positive lag means that the microphone is later. The two
    tracks may differ in rate: both are brought to `GRID_HZ`, all that the band needs, by a stateful resampler.
Differences from other tools
    A whole-file correlation answers with one lag and no confidence, and a repeated far end draws it seconds off; a
    phase transform of whole seconds loses the echo under a talker. Here the lag may jump and wander, an echo 20 dB
    below a talker who never pauses is seen in four seconds, and a session without an echo has no lag at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from voicediag.measure.delay_sum import EARLIEST_S, FRAME, FRAME_S, LATEST_S, REACH, SEGMENTS, Sum, found, spectrum
from voicediag.measure.whitening import GRID_HZ, WINDOW, Samples, Whitener
from voicediag.spans import Span

__all__ = ["EARLIEST_S", "FRAME_S", "GRID_HZ", "LATEST_S", "DelayMeter", "LagGroup", "Samples", "lag_curve"]

GROUP_FRAMES = 16
# Two clocks that run apart take the frames of a group apart: by 4 ms at 500 ppm. Where a group shows nothing as it is,
# its frames are shifted against each other as these drifts would. A drift does not come and go: the first groups tell.
DRIFTS_PPM = tuple(200.0 * step for step in (-6, -5, -4, -3, -2, 2, 3, 4, 5, 6))
DRIFT_GROUPS = 4
# Of the groups of strangers, straight or drifting, none reached it (python -m benchmarks.echo).
CLEAR_SIGMAS = 7.0
# More looks are more chances: at 8 two of that benchmark's 692 strangers in short clips passed for echoes, at 12 none.
DRIFTING_SIGMAS = 12.0
PPM = 1e-6
# A frame hears the echo by itself where its own curve rises this high within a millisecond of the group's lag.
HEARD_SIGMAS = 4.0
# A far end below this is comfort noise or nothing, whatever the play-out gain.
QUIET_RMS = 10 ** (-60 / 20)
# Farther than a room's early reflections and a voice's pitch reach.
APART_S = 0.128


@dataclass(frozen=True, slots=True, kw_only=True)
class LagGroup:
    """What neighbouring frames of far-end speech say together.

    Attributes
    ----------
    span : Span
        From the first frame's start to the last frame's end.
    frames : int
        Far-end frames added up.
    lag_s : float
        Where the lag curve peaks.
    strength : float
        Height of that peak in robust sigmas of the curve.
    rival : float
        Height of the highest peak more than `APART_S` away: tones and prompts that repeat fit at many lags.
    heard : tuple of Span
        The frames that show the peak by themselves.
    """

    span: Span
    frames: int
    lag_s: float
    strength: float
    rival: float = 0.0
    heard: tuple[Span, ...] = ()


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
    _index: int = 0
    _times: list[float] = field(default_factory=list, repr=False)
    _sums: list[Sum] = field(default_factory=list, repr=False)
    _groups: list[LagGroup] = field(default_factory=list, repr=False)
    _all: Sum = field(default_factory=Sum.nothing, repr=False)
    _frames: int = 0
    _drifts_ppm: tuple[float, ...] = DRIFTS_PPM

    def __post_init__(self) -> None:
        """Lay silence before the beginning, for the earliest lag."""
        self._mic = _Feed(self.mic_rate_hz, Whitener.of_microphone())
        self._speaker = _Feed(self.speaker_rate_hz, Whitener.of_far_end())
        self._mic.white = np.zeros(round(-EARLIEST_S * GRID_HZ), np.float32)

    def push(self, mic: Samples, speaker: Samples) -> None:
        """Take the next blocks of both tracks, of equal duration; float32, shape (frames,)."""
        self._mic.push(mic)
        self._speaker.push(speaker)
        self._measure()

    def result(self) -> tuple[LagGroup, ...]:
        """Return every group, taking silence for what comes after the end."""
        self._mic.push(np.zeros(round((LATEST_S + FRAME_S) * self.mic_rate_hz), np.float32), last=True)
        self._speaker.push(np.zeros(round(FRAME_S * self.speaker_rate_hz), np.float32), last=True)
        self._measure()
        self._close_group()
        return tuple(self._groups)

    @property
    def whole(self) -> LagGroup | None:
        """What all groups say together: an echo too weak for any of them, as long as its delay stays."""
        if not self._groups:
            return None
        span = Span(self._groups[0].span.start_s, self._groups[-1].span.end_s)
        return _read(*self._all.curve(), span, self._frames)

    def _measure(self) -> None:
        """Measure every frame that is complete, and move on."""
        mic, speaker = self._mic, self._speaker
        frames = min(speaker.white.size // FRAME, (mic.white.size - REACH) // FRAME + 1)
        if frames <= 0:
            return
        far = speaker.white[: frames * FRAME].reshape(frames, FRAME)
        loud = np.square(speaker.samples[: frames * FRAME].reshape(frames, FRAME)).mean(axis=1) >= QUIET_RMS**2
        segments = np.lib.stride_tricks.sliding_window_view(mic.white, 2 * FRAME)[: (frames + SEGMENTS) * FRAME : FRAME]
        spectra: dict[int, NDArray[np.complex64]] = {}
        for at in map(int, np.flatnonzero(loud)):
            for segment in range(at, at + SEGMENTS):
                if segment not in spectra:
                    spectra[segment] = spectrum(segments[segment])
            reach = np.array([spectra[at + step] for step in range(SEGMENTS)])
            self._sums.append(found(reach, mic.white[at * FRAME :][:REACH], far[at]))
            self._times.append((self._index + at) * FRAME_S)
            if len(self._sums) == GROUP_FRAMES:
                self._close_group()
        self._index += frames
        mic.drop(frames * FRAME)
        speaker.drop(frames * FRAME)

    def _close_group(self) -> None:
        if self._sums:
            total = _drifted(self._sums, self._times, 0.0)
            self._groups.append(self._straight_or_drifting(total))
            self._all.add(total)
            self._frames += len(self._sums)
        self._times, self._sums = [], []

    def _straight_or_drifting(self, total: Sum) -> LagGroup:
        """Return the group as it is, or as drifting clocks make it where that shows an echo that it else would not."""
        group = _group(total, self._times, self._sums, 0.0)
        if len(self._groups) >= DRIFT_GROUPS and self._drifts_ppm is DRIFTS_PPM:
            self._drifts_ppm = ()
        for ppm in self._drifts_ppm if group.strength < CLEAR_SIGMAS else ():
            drifting = _group(_drifted(self._sums, self._times, ppm), self._times, self._sums, ppm)
            if drifting.strength >= max(DRIFTING_SIGMAS, group.strength):
                group, self._drifts_ppm = drifting, (ppm,)
        return group


class _Feed:
    """One track on the grid's rate, as far as it has come, as it was and whitened."""

    def __init__(self, rate_hz: int, whitener: Whitener) -> None:
        import soxr

        self.samples: Samples = np.zeros(0, np.float32)
        self.white: Samples = np.zeros(0, np.float32)
        self._whitener = whitener
        self._stream = None if rate_hz == GRID_HZ else soxr.ResampleStream(rate_hz, GRID_HZ, 1, quality="MQ")

    def push(self, samples: Samples, *, last: bool = False) -> None:
        """Add samples at the track's own rate."""
        if self._stream is not None:
            samples = self._stream.resample_chunk(samples, last)
        # The whitener runs on over its last window.
        self.samples = np.concatenate((self.samples, samples, np.zeros(WINDOW if last else 0, np.float32)))
        self.white = np.concatenate((self.white, self._whitener.push(samples, last=last)))

    def drop(self, samples: int) -> None:
        """Forget the oldest."""
        self.samples, self.white = self.samples[samples:], self.white[samples:]


def _drifted(sums: list[Sum], times: list[float], ppm: float) -> Sum:
    """Return the sum of frames, each shifted by how much a drift had moved its lag since the group's middle."""
    total = Sum.nothing()
    turns = np.arange(FRAME + 1, dtype=np.float32) * np.float32(np.pi / FRAME)
    for each, late in zip(sums, _late(times, ppm), strict=True):
        if late:
            # Of single precision a cosine and a sine take a tenth of an exponential.
            angle, shift = turns * np.float32(late), np.empty(turns.size, np.complex64)
            shift.real, shift.imag = np.cos(angle), np.sin(angle)
            total.add(Sum(each.cross * shift, each.chance))
        else:
            total.add(each)
    return total


def _late(times: list[float], ppm: float) -> NDArray[np.float64]:
    """Return how many samples later than in the group's middle a drift has each frame's lag."""
    at = np.array(times)
    return np.asarray(ppm * PPM * (at - (at[0] + at[-1]) / 2) * GRID_HZ)


def _group(total: Sum, times: list[float], sums: list[Sum], ppm: float) -> LagGroup:
    """Return what frames of far-end speech say together, and which of them says it alone."""
    curve, sigma = total.curve()
    group = _read(curve, sigma, Span(times[0], times[-1] + FRAME_S), len(times))
    lags = np.clip(np.rint(curve.argmax() + _late(times, ppm)), 0, curve.size - 1).astype(int)
    heard = (
        time for time, each, lag in zip(times, sums, lags, strict=True) if each.height(int(lag)) >= HEARD_SIGMAS * sigma
    )
    return replace(group, heard=tuple(Span(time, time + FRAME_S) for time in heard))


def _read(curve: Samples, sigma: float, span: Span, frames: int) -> LagGroup:
    """Return the highest peak of a curve, and how high it is elsewhere."""
    peak, apart = int(curve.argmax()), round(APART_S * GRID_HZ)
    elsewhere = max(curve[: max(0, peak - apart)].max(initial=0.0), curve[peak + apart :].max(initial=0.0))
    return LagGroup(
        span=span,
        frames=frames,
        lag_s=(peak + _vertex(curve, peak)) / GRID_HZ + EARLIEST_S,
        strength=float(curve[peak]) / sigma,
        rival=float(elsewhere) / sigma,
    )


def _vertex(curve: Samples, peak: int) -> float:
    """Return how far beside the highest sample the parabola through it and its neighbours has its top."""
    if not 0 < peak < curve.size - 1:
        return 0.0
    left, top, right = (float(curve[peak + step]) for step in (-1, 0, 1))
    bend = left - 2 * top + right
    return 0.5 * (left - right) / bend if bend < 0 else 0.0


def lag_curve(mic: Samples, speaker: Samples) -> Samples:
    """Return at which lags two stretches at `GRID_HZ` agree, in robust sigmas, shape (lags,).

    Parameters
    ----------
    mic : float32, shape (frames,)
        From `EARLIEST_S` before the far-end stretch on to `LATEST_S` after its end.
    speaker : float32, shape (frames,)
    """
    white_far = Whitener.of_far_end().push(speaker, last=True)[: speaker.size]
    white_mic = Whitener.of_microphone().push(mic, last=True)[: mic.size]
    frames = min(white_far.size // FRAME, (white_mic.size - REACH) // FRAME + 1)
    if frames <= 0:
        return np.zeros(SEGMENTS * FRAME, np.float32)
    total = Sum.nothing()
    for at in range(frames):
        reach = white_mic[at * FRAME :][:REACH]
        segments = spectrum(np.lib.stride_tricks.sliding_window_view(reach, 2 * FRAME)[::FRAME])
        total.add(found(segments, reach, white_far[at * FRAME :][:FRAME]))
    curve, sigma = total.curve()
    return curve / np.float32(sigma)
