"""How an echo moves: its drift in ppm, its wander, the moments at which its lag jumps, and what was lost there.

What it tells apart
    Two clocks that run at different speeds move the lag along a line (`measure.drift`). A microphone that loses buffers
    lets it fall in steps, a reference that loses them lets it rise (`measure.staircase`). Losses that are filled with
    zeros leave no step. A queue that breathes moves it both ways, and no loss is claimed. What is neither is wander.
Differences from other tools
    Comparing the lag at the beginning with that at the end takes any of these for the other: three buffers of 10 ms in
    a minute are 500 ppm.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from voicediag.measure.drift import LEAST_BINS, drift, spread_s
from voicediag.measure.echo_grid import Reader
from voicediag.measure.echo_track import EchoFollower, Jump, LagTrack, blocks
from voicediag.measure.staircase import LEAST_STEPS, Staircase, staircase
from voicediag.spans import Span

# A frame that fits its lag by less says nothing of the slope.
FIT_SIGMAS = 6.0
# A queue may breathe the same way some times running: once in 128 seven times, unless a buffer's size tells.
LEAST_ALIKE = 7
# Steps the other way add up to no more than this share of the loss: a queue that breathes goes both ways alike.
MOST_AGAINST = 0.25
# How many frames tell the lag at the beginning and at the end, and what a sum of steps may be off by.
END_FRAMES = 3
JUST_MS = 2.0
# A quarter of a second blurs what moves so fast from 4 kHz on; a room's reflections hop, and mostly stay.
FAST_PPM = 1_000.0
MOST_LOST = 0.5
TINY_S = 1e-3
MS = 1_000.0
PPM = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EchoMotion:
    """What can be said about the motion of an echo.

    Attributes
    ----------
    drift_ppm : float or None
        Slope of the lag; positive where the microphone's clock is the faster. None where it cannot be told.
    drift_error_ppm : float or None
        Its standard error.
    drift_reason : str
        Why no drift can be told.
    wander_ms : float or None
        Spread of nine tenths of the lags once the drift and what was lost are taken out; None with a few seconds only.
    jumps : tuple of Jump
        In order of time.
    mic_lost, reference_lost : Staircase or None
        What the microphone or the reference lost, where the jumps bear out that it is a loss.
    followed_s : float
        Seconds of the echo that were followed.
    is_too_fast : bool
        Whether the lag keeps moving so fast that most frames were lost: what was followed stands for little.
    times_s, delays_ms : float64, shape (frames,)
        The far end's time and the delay there, for a picture.
    """

    drift_ppm: float | None = None
    drift_error_ppm: float | None = None
    drift_reason: str = ""
    wander_ms: float | None = None
    jumps: tuple[Jump, ...] = ()
    mic_lost: Staircase | None = None
    reference_lost: Staircase | None = None
    followed_s: float = 0.0
    is_too_fast: bool = False
    times_s: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0), repr=False)
    delays_ms: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0), repr=False)


def motion(
    mic: Reader,
    speaker: Reader,
    *,
    mic_rate_hz: int,
    speaker_rate_hz: int,
    heard: Sequence[tuple[Span, float]],
) -> EchoMotion:
    """Return how an echo moves that was found.

    Parameters
    ----------
    mic, speaker : callable
        Return the samples of a span of each track, float32, silence where there is none.
    heard : sequence of (Span, float)
        Where it was heard, on the far end's clock and in order, and its lag there in seconds, to a tenth of one.
    """
    if not heard:
        return EchoMotion(drift_reason="no echo is heard")
    with ThreadPoolExecutor(1) as pool:
        follower = EchoFollower(mic, speaker, mic_rate_hz, speaker_rate_hz, heard[0][1], pool)
        all_of_them = (*blocks([span for span, _ in heard]), None)
        for block, then in pairwise(all_of_them):
            if block:
                follower.follow(block, then)
    return told(follower.result(), rate_hz=mic_rate_hz)


def told(track: LagTrack, *, rate_hz: int) -> EchoMotion:
    """Return what a track of lags says.

    Parameters
    ----------
    rate_hz : int
        The microphone's rate, whose buffers are tried first.
    """
    sure = track.fits >= FIT_SIGMAS
    times_s, lags_s = track.times_s[sure], track.lags_s[sure]
    slope = drift(times_s, lags_s, breaks_s=track.breaks_s)
    mic_lost, reference_lost = lost(track.jumps, rate_hz=rate_hz)
    later_ms = _later_ms(times_s, lags_s, slope.ppm)
    mic_lost, reference_lost = _all_of(mic_lost, -later_ms), _all_of(reference_lost, later_ms)
    is_loss = mic_lost is not None or reference_lost is not None
    wander = None
    if slope.seconds >= LEAST_BINS:
        wander = spread_s(slope.rest_s if is_loss or not track.jumps else _level(times_s, lags_s, slope.ppm))
    return EchoMotion(
        drift_ppm=slope.ppm,
        drift_error_ppm=slope.error_ppm,
        drift_reason=slope.reason,
        wander_ms=None if wander is None else wander * MS,
        jumps=track.jumps,
        mic_lost=mic_lost,
        reference_lost=reference_lost,
        followed_s=float(slope.seconds),
        is_too_fast=_is_too_fast(times_s, lags_s, track.times_s.size, slope.ppm),
        times_s=times_s,
        delays_ms=lags_s * MS,
    )


def _is_too_fast(
    times_s: NDArray[np.float64], lags_s: NDArray[np.float64], frames: int, drift_ppm: float | None
) -> bool:
    """Whether few frames could be followed, and the lag moves from most of these to the next."""
    if times_s.size < LEAST_BINS or times_s.size >= MOST_LOST * frames:
        return False
    speed = np.abs(np.diff(lags_s) / np.maximum(np.diff(times_s), TINY_S) - (drift_ppm or 0.0) * PPM)
    return bool(np.median(speed) >= FAST_PPM * PPM)


def lost(jumps: Sequence[Jump], *, rate_hz: int) -> tuple[Staircase | None, Staircase | None]:
    """Return what the microphone and what the reference lost, as far as the jumps bear it out.

    Parameters
    ----------
    rate_hz : int
        The microphone's rate, whose buffers are tried first.
    """
    falls = [-jump.size_ms for jump in jumps if jump.size_ms < 0]
    rises = [jump.size_ms for jump in jumps if jump.size_ms > 0]
    return _lost(falls, rises, rate_hz), _lost(rises, falls, rate_hz)


def _lost(steps_ms: Sequence[float], against_ms: Sequence[float], rate_hz: int) -> Staircase | None:
    """Return the loss that steps of one direction make; None where they may be a queue that breathes."""
    found = staircase(steps_ms, rate_hz=rate_hz)
    if found.steps < LEAST_STEPS or sum(against_ms) > MOST_AGAINST * found.lost_ms:
        return None
    return found if found.buffer_frames is not None or found.steps >= LEAST_ALIKE else None


def _later_ms(times_s: NDArray[np.float64], lags_s: NDArray[np.float64], drift_ppm: float | None) -> float:
    """Return by how much later the echo is at the end than at the beginning, without the drift."""
    if times_s.size < 2 * END_FRAMES:
        return 0.0
    first, last = (float(np.median(part)) for part in (lags_s[:END_FRAMES], lags_s[-END_FRAMES:]))
    return (last - first - (drift_ppm or 0.0) * PPM * float(times_s[-1] - times_s[0])) * MS


def _all_of(seen: Staircase | None, moved_ms: float) -> Staircase | None:
    """Return a loss with what was lost between steps so close together that no sound bears them out one by one."""
    return replace(seen, lost_ms=moved_ms) if seen and moved_ms > seen.lost_ms + JUST_MS else seen


def _level(times_s: NDArray[np.float64], lags_s: NDArray[np.float64], drift_ppm: float | None) -> NDArray[np.float64]:
    """Return lags with the drift taken out, and nothing else."""
    return lags_s - (drift_ppm or 0.0) * PPM * times_s
