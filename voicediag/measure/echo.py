"""Is the loudspeaker in the microphone: how late, how loud, and where.

What is measured
    Whether the far end turns up in the microphone (`trace`, over the groups of `measure.delay`), and the echo return
    loss of the path (`PathMeter`): far-end power over the power of what the microphone repeats of it.
Method
    Groups whose peak is strong, or whose lag agrees with a strong neighbour's, are an echo. The loss is that of the
    least-squares path H = Sxy / Sxx over frames of `PATH_FRAME_S`, in which a talker at the microphone cancels out, so
    that it holds in double talk. |Sxy|^2 is summed over pairs of different frames only (a U-statistic: Hoeffding, Ann.
    Math. Statist. 19(3), 1948), which frees it of the talker's power that a finite number of frames leaves in it.
Conventions
    ERL in dB, positive where the echo is weaker than the far end; delay in ms, positive where the microphone is later.
Differences from other tools
    Level alone (an envelope's cosine, a gate's closures) calls every interruption an echo and misses an echo under a
    talker. This looks for the far end's own waveform, and says unjudged where the far end never spoke.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from voicediag.measure.delay import DelayMeter, LagGroup, Samples
from voicediag.spans import Span, SpanSet

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Of 590 mismatched pairs none reached 9.0 sigmas over eight frames or more, and the weakest of 48 echoes had 15.1
# (python -m benchmarks.echo_leak); cut into stretches of seven to ten frames, none of 500 passed 12.4.
STRONG_SIGMAS = 12.0
# Of 430 stretches of five or six frames none passed 12.7; with fewer, chance reaches 17 and decides nothing.
FEW_FRAMES = 7
STRONG_SIGMAS_FEW = 16.0
# A weaker group counts where a strong neighbour has the same lag: a chance peak agrees once in a hundred.
AGREEING_SIGMAS = 6.0
AGREEING_LAG_S = 0.015
# Less far-end speech than this settles nothing.
LEAST_FRAMES = 5

PATH_FRAME_S = 0.512
PATH_LOW_HZ = 100.0
PATH_NYQUIST_SHARE = 0.9
# Pairs of frames are what is averaged: with fewer than this there are too few.
LEAST_PATH_FRAMES = 4
PATH_BAND_BINS = 64
# Frames this far below the band's mean weigh no more: in them the microphone holds reverberation, not the path.
WEIGHT_FLOOR = 0.1
TINY = 1e-20
DRIFT_LEAST_S = 30.0
DRIFT_LEAST_GROUPS = 4
MS = 1_000.0
PPM = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """What can be said about an echo.

    Attributes
    ----------
    verdict : {"echo", "clear", "unjudged"}
    reason : str
        Why nothing can be said, for ``"unjudged"``.
    delay_ms : float or None
        Median lag of the groups that show the echo.
    strength : float or None
        Highest peak, in robust sigmas.
    drift_ppm, wander_ms : float or None
        Slope of the lag over time, and its spread (90 % of the groups) once the slope is taken out; None with less
        than `DRIFT_LEAST_S` of echo.
    spans : SpanSet
        Where the echo was heard, on the far end's clock.
    far_end_s : float
        Far-end speech that was looked at.
    """

    verdict: Literal["echo", "clear", "unjudged"]
    reason: str = ""
    delay_ms: float | None = None
    strength: float | None = None
    drift_ppm: float | None = None
    wander_ms: float | None = None
    spans: SpanSet = field(default_factory=SpanSet)
    far_end_s: float = 0.0


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


def trace(groups: Sequence[LagGroup], *, strong: float = STRONG_SIGMAS, agreeing_s: float = AGREEING_LAG_S) -> Echo:
    """Return what the groups of a session say about an echo.

    Parameters
    ----------
    groups : sequence of LagGroup
        From `DelayMeter.result`.
    strong : float
        Robust sigmas from which a group of `FEW_FRAMES` frames or more is an echo by itself.
    agreeing_s : float
        How far the lag may wander from one group to the next.
    """
    frames = sum(group.frames for group in groups)
    far_end_s = SpanSet(group.span for group in groups).total_s
    if frames < LEAST_FRAMES:
        return Echo(verdict="unjudged", reason=f"the agent speaks for {far_end_s:.1f} s only", far_end_s=far_end_s)
    strongest = max(groups, key=lambda group: group.strength)
    found = _found(groups, strong, agreeing_s)
    if not found and frames < FEW_FRAMES and strongest.strength >= strong:
        reason = f"{far_end_s:.1f} s of agent speech are too few to tell an echo from chance"
        return Echo(verdict="unjudged", reason=reason, strength=strongest.strength, far_end_s=far_end_s)
    if not found:
        return Echo(verdict="clear", strength=strongest.strength, far_end_s=far_end_s)
    drift, wander = _motion(found)
    return Echo(
        verdict="echo",
        delay_ms=float(np.median([group.lag_s for group in found])) * MS,
        strength=strongest.strength,
        drift_ppm=drift,
        wander_ms=wander,
        spans=SpanSet(span for group in found for span in (group.heard or (group.span,))),
        far_end_s=far_end_s,
    )


def _found(groups: Sequence[LagGroup], strong: float, agreeing_s: float) -> list[LagGroup]:
    """Return the groups that are strong, and their neighbours that agree with them."""
    found = [_stands_alone(group, strong) for group in groups]
    for order in (range(1, len(groups)), range(len(groups) - 2, -1, -1)):
        step = 1 if order.step < 0 else -1
        for here in order:
            near = abs(groups[here].lag_s - groups[here + step].lag_s) <= agreeing_s
            found[here] |= found[here + step] and near and groups[here].strength >= AGREEING_SIGMAS
    return [group for group, is_found in zip(groups, found, strict=True) if is_found]


def _stands_alone(group: LagGroup, strong: float) -> bool:
    """Whether a group is an echo whatever its neighbours say."""
    needed = strong if group.frames >= FEW_FRAMES else max(strong, STRONG_SIGMAS_FEW)
    return group.frames >= LEAST_FRAMES and group.strength >= needed


def _motion(found: Sequence[LagGroup]) -> tuple[float | None, float | None]:
    """Return the drift in ppm and the wander in ms of the groups' lags."""
    times = np.array([(group.span.start_s + group.span.end_s) / 2 for group in found])
    lags = np.array([group.lag_s for group in found])
    if len(found) < DRIFT_LEAST_GROUPS or np.ptp(times) < DRIFT_LEAST_S:
        return None, None
    slope = _theil_sen(times, lags)
    rest = lags - slope * times
    low, high = np.percentile(rest, (5, 95))
    return slope * PPM, float(high - low) * MS


def _theil_sen(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Return the median slope over all pairs of points, at most some thousand of them."""
    step = max(1, x.size // 200)
    x, y = x[::step], y[::step]
    i, j = np.triu_indices(x.size, 1)
    return float(np.median((y[j] - y[i]) / (x[j] - x[i])))


@dataclass(slots=True)
class PathMeter:
    """Measures an echo path over stretches in which the lag is known.

    Parameters
    ----------
    mic_rate_hz, speaker_rate_hz : int
        Rates of the two tracks; they need not be equal.
    """

    mic_rate_hz: int
    speaker_rate_hz: int
    _frames: int = 0
    _sums: NDArray[np.complex128] | None = field(default=None, repr=False)

    def push(self, mic: Samples, speaker: Samples) -> None:
        """Take a stretch of both tracks, the microphone's already earlier by the lag; float32, shape (frames,)."""
        ear, mouth = _spectra(mic, self.mic_rate_hz), _spectra(speaker, self.speaker_rate_hz)
        frames, bins = min(ear.shape[0], mouth.shape[0]), min(ear.shape[1], mouth.shape[1])
        if not frames:
            return
        ear, mouth = ear[:frames, :bins], mouth[:frames, :bins]
        far, near = np.abs(mouth) ** 2, np.abs(ear) ** 2
        # A talker hides the echo: each frame counts by how quiet the microphone is, band by band.
        bands = _in_bands(near)
        weight = 1 / (bands + np.float32(WEIGHT_FLOOR) * bands.mean(axis=0) + np.float32(TINY))
        cross = weight * ear * np.conj(mouth)
        weighted = weight * far
        moments = (cross, np.abs(cross) ** 2, weighted, weighted**2, far, near)
        sums = np.stack([moment.sum(axis=0, dtype=np.complex128) for moment in moments])
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


def _spectra(samples: Samples, rate_hz: int) -> NDArray[np.complex64]:
    """Return Hann-windowed spectra at half overlap, shape (frames, bins), amplitude independent of the rate."""
    size = round(PATH_FRAME_S * rate_hz)
    if samples.size < size:
        return np.zeros((0, 1), np.complex64)
    frames = np.lib.stride_tricks.sliding_window_view(samples, size)[:: size // 2]
    high = round(PATH_NYQUIST_SHARE * rate_hz / 2 * PATH_FRAME_S)
    window = np.hanning(size).astype(np.float32) / np.float32(size)
    spectra = np.fft.rfft(frames * window)[:, round(PATH_LOW_HZ * PATH_FRAME_S) : high]
    return spectra.astype(np.complex64, copy=False)


def _in_bands(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the power of frames, shape (frames, bins), each bin as the mean of the band around it."""
    edges = np.arange(0, power.shape[1], PATH_BAND_BINS)
    means = np.add.reduceat(power, edges, axis=1) / np.diff(np.append(edges, power.shape[1]))
    return np.repeat(means, PATH_BAND_BINS, axis=1)[:, : power.shape[1]].astype(np.float32)


def leak(
    mic: Samples, speaker: Samples, *, rate_hz: int, speaker_rate_hz: int | None = None
) -> tuple[Echo, EchoPath | None]:
    """Return whether `speaker` is heard in `mic`, and how loud.

    Parameters
    ----------
    mic, speaker : float32, shape (frames,), in [-1, 1]
        Two tracks that begin at the same time.
    rate_hz : int
        Rate of `mic`, and of `speaker` unless `speaker_rate_hz` says otherwise.

    Returns
    -------
    Echo
        The verdict with delay, drift, wander and spans.
    EchoPath or None
        The loss, where there is an echo.
    """
    far_rate = speaker_rate_hz or rate_hz
    meter = DelayMeter(rate_hz, far_rate)
    meter.push(mic, speaker)
    groups = meter.result()
    echo = trace(groups)
    if echo.verdict != "echo" or echo.delay_ms is None:
        return echo, None
    path = PathMeter(rate_hz, far_rate)
    for span in echo.spans:
        path.push(_cut(mic, span.shifted(echo.delay_ms / MS), rate_hz), _cut(speaker, span, far_rate))
    return echo, path.result()


def _cut(samples: Samples, span: Span, rate_hz: int) -> Samples:
    """Return the samples of a span, with silence where it reaches beyond them."""
    start, frames = round(span.start_s * rate_hz), round(span.duration_s * rate_hz)
    out = np.zeros(frames, np.float32)
    low, high = max(0, start), min(samples.size, start + frames)
    if high > low:
        out[low - start : high - start] = samples[low:high]
    return out


def spans_of(groups: Iterable[LagGroup]) -> SpanSet:
    """Return the far-end time that the groups cover."""
    return SpanSet(group.span for group in groups)
