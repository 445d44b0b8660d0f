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

from voicediag.measure.delay_drift import FINE, Drifting, late
from voicediag.measure.delay_sum import EARLIEST_S, FRAME, FRAME_S, LATEST_S, REACH, SEGMENTS, Frame, Sum, heights, met
from voicediag.measure.whitening import GRID_HZ, WINDOW, Samples, Whitener
from voicediag.spans import Span

__all__ = ["EARLIEST_S", "FRAME_S", "GRID_HZ", "LATEST_S", "DelayMeter", "LagGroup", "Samples", "lag_curve"]

GROUP_FRAMES = 16
# Clocks that run apart are looked for where a group shows nothing as it is. A drift does not come and go: it is the
# first groups that are asked, and ever fewer of the later ones.
DRIFT_GROUPS = 4
LEAST_DRIFTING = 4
# Of the groups of strangers, straight or drifting, none reached it (python -m benchmarks.echo).
CLEAR_SIGMAS = 7.0
# More looks are more chances: 98 of 100 strangers stay below 7 under the drift that suits them best.
DRIFTING_SIGMAS = 12.0
# A frame hears the echo by itself where its own curve rises this high within a millisecond of the group's lag.
HEARD_SIGMAS = 4.0
# House rule: a hum or a beep that both tracks share fits nearly as well a period later, an echo in a room does not.
LONELY_SHARE = 0.75
# An echo in steps is heard by so many frames by themselves, and by most that hear anything at one lag only.
LEAST_LONELY = 4
MOST_LONELY = 0.75
# A far end below this is comfort noise or nothing, whatever the play-out gain.
QUIET_RMS = 10 ** (-60 / 20)
# Unless there is nothing else: a reference that was scaled twice. Then it is what stands out of it that speaks.
SOFTEST_RMS = 10 ** (-80 / 20)
SOFT_SHARE = 0.01
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
    drift_ppm : float
        How far apart the clocks run that show the peak; 0 where it is seen without a drift.
    is_soft : bool
        Whether the far end is so soft all along that it may hold noise only.
    """

    span: Span
    frames: int
    lag_s: float
    strength: float
    rival: float = 0.0
    heard: tuple[Span, ...] = ()
    drift_ppm: float = 0.0
    is_soft: bool = False


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
    _open: list[Frame] = field(default_factory=list, repr=False)
    _groups: list[LagGroup] = field(default_factory=list, repr=False)
    _all: Sum = field(default_factory=Sum.nothing, repr=False)
    _frames: int = 0
    _drift_ppm: float | None = None
    _loudest: float = 0.0

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
        power = np.square(speaker.samples[: frames * FRAME].reshape(frames, FRAME)).mean(axis=1)
        for frame in met(mic.white, far, self._speaks(power), first=self._index):
            self._open.append(frame)
            if len(self._open) == GROUP_FRAMES:
                self._close_group()
        self._index += frames
        mic.drop(frames * FRAME)
        speaker.drop(frames * FRAME)

    def _speaks(self, power: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Return in which frames the far end speaks: as long as none is loud, in the loudest of what is soft."""
        loudest = np.maximum.accumulate(np.append(self._loudest, power))
        if self._loudest < QUIET_RMS**2 <= loudest[-1]:
            # What was soft until now was no speech.
            self._groups, self._open, self._all, self._frames = [], [], Sum.nothing(), 0
            self._drift_ppm = None
        self._loudest = float(loudest[-1])
        least = QUIET_RMS**2 if self._is_loud else np.maximum(SOFTEST_RMS**2, loudest[1:] * SOFT_SHARE)
        return np.asarray(power >= least)

    @property
    def _is_loud(self) -> bool:
        return self._loudest >= QUIET_RMS**2

    def _close_group(self) -> None:
        if self._open:
            total = Sum.of(self._open)
            group = self._straight_or_drifting(total)
            self._groups.append(replace(group, is_soft=not self._is_loud))
            self._all.add(total)
            self._frames += len(self._open)
        self._open = []

    def _straight_or_drifting(self, total: Sum) -> LagGroup:
        """Return the group as it is, or as drifting clocks make it where that shows an echo that it else would not."""
        group, index = _group(total, self._open, 0.0), len(self._groups)
        is_asked = self._drift_ppm is not None or index < DRIFT_GROUPS or not index & (index - 1)
        if group.strength >= CLEAR_SIGMAS:
            return group if group.rival <= LONELY_SHARE * group.strength else _in_steps(self._open, group)
        if len(self._open) < LEAST_DRIFTING or not is_asked:
            return group
        frames = Drifting(self._open)
        ppm = frames.likely_ppm() if self._drift_ppm is None else self._drift_ppm
        if ppm is None:
            return group
        tried = [ppm + step * frames.step_ppm for step in FINE]
        drifting = max((_group(frames.sum(each), self._open, each) for each in tried), key=lambda each: each.strength)
        if drifting.strength < (DRIFTING_SIGMAS if self._drift_ppm is None else group.strength):
            return group
        self._drift_ppm = drifting.drift_ppm
        return drifting


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


def _group(total: Sum, frames: list[Frame], ppm: float) -> LagGroup:
    """Return what frames of far-end speech say together, and which of them says it alone."""
    curve, sigma = total.curve()
    group = _read(curve, sigma, Span(frames[0].time_s, frames[-1].time_s + FRAME_S), len(frames))
    lags = np.clip(np.rint(curve.argmax() + late(frames, ppm)), 0, curve.size - 1).astype(int)
    rises = heights(frames, lags.tolist())
    heard = (frame.time_s for frame, rise in zip(frames, rises, strict=True) if rise >= HEARD_SIGMAS * sigma)
    return replace(group, drift_ppm=ppm, heard=tuple(Span(time, time + FRAME_S) for time in heard))


def _in_steps(frames: list[Frame], group: LagGroup) -> LagGroup:
    """Return a group that peaks at many lags as its frames show it where each of them peaks at one: an echo in steps.

    What both tracks repeat peaks at many lags in every frame.
    """
    own = [_group(Sum.of([frame]), [frame], 0.0) for frame in frames]
    clear = [each for each in own if each.strength >= CLEAR_SIGMAS]
    lonely = [each for each in clear if each.rival <= LONELY_SHARE * each.strength]
    if len(lonely) < max(LEAST_LONELY, MOST_LONELY * len(clear)):
        return group
    best = max(lonely, key=lambda each: each.strength)
    heard = tuple(each.span for each in lonely)
    return replace(group, lag_s=best.lag_s, strength=best.strength, rival=best.rival, heard=heard)


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
    far = white_far[: frames * FRAME].reshape(frames, FRAME)
    total = Sum.of(list(met(white_mic, far, np.ones(frames, np.bool_))))
    curve, sigma = total.curve()
    return curve / np.float32(sigma)
