"""Stretches of exactly constant samples: digital zero, a value that got stuck, and dropouts inside live sound.

What
    No microphone delivers equal samples for long: its noise moves the last bits. A run of zeros was made by software
    (a mute, a missing buffer, padding between turns); a run of another value by a driver or a converter that hangs.
    A dropout is a short run between live sound: a buffer that never came, not a pause, which fades before it is silent.
Formula
    A run is the longest stretch with x[n] = x[n - 1], of at least `min_s`. Exactly equal, no tolerance.
    A dropout is a run of `min_s` to `max_s` with at least `live_rms` in the `context_s` on both sides of it, and there
    either `LIVE_STEPS` of the least difference between neighbours or a jump of `CUT_STEPS` of it, that is no
    flat top (see `voicediag.measure.clipping`) and, unless the sound has `smooth_rms`, begins and ends with jumps of at
    least `min_cut` of that sound's level on average.
Conventions
    Samples are float32, shape (frames,), in [-1, 1]. Runs are half-open frame ranges [start, end), int64, counted from
    the first frame of the track. -0.0 is zero.
Differences
    sox, ffmpeg's silencedetect and pydub call "silence" what lies under a level (often -60 or -50 dB); a quiet room is
    silence to them and none here.
Speed
    A run of `min_s` covers two neighbours of a grid of half its length, and all between them, so that the grid is
    compared first, and only blocks with a constant piece are searched.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from voicediag.measure._filters import BLOCK_FRAMES, BlockMeter, Frames, Samples, WindowMeter, whole_frames

MIN_S = 0.02
"""One packet of most speech codecs (RFC 6716, 2.1.4): the shortest piece that a lost buffer silences. A 16-bit signal
of even 1 step rms stays equal for 320 samples with a probability below 10^-100."""

DROPOUT_MIN_S = 0.002
"""A little less than the smallest buffer in use, 128 frames at 48 kHz (Web Audio's render quantum)."""
DROPOUT_MAX_S = 0.5
"""Longer silences are pauses, or a stream that stopped: another question."""
CONTEXT_S = 0.005
"""Sound that ends by itself fades within a few pitch periods; sound that is cut is still there just before the cut."""
LIVE_RMS = 16.0 / 32_768.0
"""Sixteen steps of int16, -66 dBFS: below it, codecs and gates make short constant runs by themselves (measured)."""
LIVE_STEPS = 16.0
"""The same of a coarser quantiser, whose soft sound stands still by itself: steps of G.711 are eight of int16."""
CUT_STEPS = 2.0
"""Or such a jump into the run, as a mean of both edges: sound that fades is within one step of it by then."""
SMOOTH_RMS = 64.0 / 32_768.0
"""-54 dBFS: receivers ramp a lost packet down within a millisecond, so at speech level no jump is asked for."""
MIN_CUT = 0.25
"""Sound that is cut in mid-wave jumps by its own rms on average, and by less than a quarter of it, as a mean of both
edges, in 6 % of all places (measured on 2,100 cuts); sound that a gate lets through zero does not jump."""
_RAIL_GAP = np.float32(2.0 / 32_768.0)
"""The rails of int16 are one step apart in magnitude: a top at one is flat though the other lies further out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Where a track is exactly constant.

    Attributes
    ----------
    rate_hz : float
    frames : int
        Frames measured.
    starts, ends : int64, shape (runs,)
        Half-open frame ranges, in order.
    values : float32, shape (runs,)
        The sample that each run repeats; 0 is digital silence.
    """

    rate_hz: float
    frames: int
    starts: Frames
    ends: Frames
    values: Samples

    @property
    def zero_s(self) -> float:
        """Seconds of digital zero."""
        return float((self.ends - self.starts)[self.values == 0].sum()) / self.rate_hz

    @property
    def stuck_s(self) -> float:
        """Seconds at a constant value other than zero."""
        return float((self.ends - self.starts)[self.values != 0].sum()) / self.rate_hz

    @property
    def total_s(self) -> float:
        """Seconds of either."""
        return float((self.ends - self.starts).sum()) / self.rate_hz

    @property
    def fraction(self) -> float | None:
        """Share of the track that is constant, 0 to 1; None for no frames."""
        return float((self.ends - self.starts).sum()) / self.frames if self.frames else None


class SilenceMeter(BlockMeter[Silence]):
    """Measures `Silence` from samples in pieces.

    Keeps three numbers for each run.

    Parameters
    ----------
    rate_hz : float
    min_s : float
        The shortest run that counts.
    """

    def __init__(self, rate_hz: float, *, min_s: float = MIN_S) -> None:
        self._least = max(2, whole_frames(min_s, rate_hz))
        super().__init__(BLOCK_FRAMES)
        self._rate_hz = rate_hz
        self._runs: list[tuple[int, int, float]] = []
        self._done = 0
        self._open_start = 0
        self._open_value = np.float32(0)

    def _absorb(self, block: Samples) -> None:
        if not block.size:
            return
        lead = _prefix(block, self._open_value) if self._done else 0
        if lead == block.size:
            self._done += lead
            return
        self._close(self._done + lead)
        starts, ends = constant_runs(block, least=self._least)
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            if start >= lead and end < block.size:
                self._runs.append((self._done + start, self._done + end, float(block[start])))
        self._open_value = block[-1]
        self._done += block.size
        self._open_start = self._done - 1 - (_prefix(block[-2::-1], self._open_value) if block.size > 1 else 0)

    def _close(self, end: int) -> None:
        """Keep the run under way if it is long enough."""
        if end - self._open_start >= self._least:
            self._runs.append((self._open_start, end, float(self._open_value)))

    def _summary(self) -> Silence:
        self._close(self._done)
        starts, ends, values = zip(*self._runs, strict=True) if self._runs else ((), (), ())
        return Silence(
            rate_hz=self._rate_hz,
            frames=self.frames,
            starts=np.array(starts, dtype=np.int64),
            ends=np.array(ends, dtype=np.int64),
            values=np.array(values, dtype=np.float32),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropouts:
    """Where live sound is interrupted by a constant value.

    Attributes
    ----------
    rate_hz : float
    frames : int
        Frames measured.
    starts, ends : int64, shape (dropouts,)
        Half-open frame ranges.
    values : float32, shape (dropouts,)
        The sample held; 0 for missing sound.
    edge_rms : float32, shape (dropouts,)
        Linear level beside the dropout, of its quieter side: how live the sound was.
    """

    rate_hz: float
    frames: int
    starts: Frames
    ends: Frames
    values: Samples
    edge_rms: Samples

    @property
    def total_s(self) -> float:
        """Seconds dropped."""
        return float((self.ends - self.starts).sum()) / self.rate_hz


class DropoutMeter(WindowMeter[Dropouts]):
    """Measures `Dropouts` from samples in pieces.

    Parameters
    ----------
    rate_hz : float
    min_s, max_s : float
        Shortest and longest run that is a dropout.
    context_s : float
        How much sound on either side must be live.
    live_rms : float
        Linear level from which on sound is live.
    smooth_rms : float
        Linear level from which on a dropout may begin and end smoothly.
    min_cut : float
        Mean jump at both edges of the others, as a multiple of the level of the quieter side.
    """

    def __init__(
        self,
        rate_hz: float,
        *,
        min_s: float = DROPOUT_MIN_S,
        max_s: float = DROPOUT_MAX_S,
        context_s: float = CONTEXT_S,
        live_rms: float = LIVE_RMS,
        smooth_rms: float = SMOOTH_RMS,
        min_cut: float = MIN_CUT,
    ) -> None:
        self._least = max(2, whole_frames(min_s, rate_hz))
        self._most = whole_frames(max_s, rate_hz)
        self._context = whole_frames(context_s, rate_hz)
        super().__init__(BLOCK_FRAMES, before=self._context, after=self._most + self._context + 1)
        self._rate_hz = rate_hz
        self._live_rms = np.float32(live_rms)
        self._smooth_rms = np.float32(smooth_rms)
        self._min_cut = np.float32(min_cut)
        self._found: list[tuple[Frames, Frames, Samples, Samples]] = []

    def _look(self, window: Samples, origin: int, starts: slice) -> None:
        first, end = constant_runs(window, least=self._least)
        owned = (first >= max(starts.start, self._context)) & (first < starts.stop)
        inside = owned & (end - first <= self._most) & (end <= window.size - self._context)
        if inside.any():
            self._keep(window, first[inside], end[inside], origin)

    def _keep(self, window: Samples, first: Frames, end: Frames, origin: int) -> None:
        """Keep the runs that interrupt live sound."""
        before = window[first[:, None] - np.arange(1, self._context + 1)]
        after = window[end[:, None] + np.arange(self._context)]
        held = window[first]
        edge = np.sqrt(np.minimum(np.vecdot(before, before), np.vecdot(after, after)) / np.float32(self._context))
        cut = np.float32(0.5) * (np.abs(before[:, 0] - held) + np.abs(after[:, 0] - held))
        loudest = np.maximum(np.abs(before).max(axis=1), np.abs(after).max(axis=1))
        sudden = (edge >= self._smooth_rms) | (cut >= self._min_cut * edge)
        step = _step(before, after)
        # What fades ends within a step of nothing, however coarse its steps are.
        alive = (edge >= self._live_rms) & ((edge >= LIVE_STEPS * step) | (cut >= CUT_STEPS * step))
        live = alive & sudden & (np.abs(held) < loudest - _RAIL_GAP)
        self._found.append((first[live] + origin, end[live] + origin, held[live], edge[live]))

    def _summary(self) -> Dropouts:
        places, levels = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        starts, ends, values, edges = zip((places, places, levels, levels), *self._found, strict=True)
        return Dropouts(
            rate_hz=self._rate_hz,
            frames=self.frames,
            starts=np.concatenate(starts),
            ends=np.concatenate(ends),
            values=np.concatenate(values),
            edge_rms=np.concatenate(edges),
        )


def _step(before: Samples, after: Samples) -> Samples:
    """Return the least difference between neighbours, shape (runs,): the quantiser's step, or more; 0 where none is."""
    apart = np.abs(np.concatenate((np.diff(before, axis=1), np.diff(after, axis=1)), axis=1))
    least = np.where(apart > 0, apart, np.inf).min(axis=1)
    return np.where(np.isfinite(least), least, 0).astype(np.float32)


def constant_runs(samples: Samples, *, least: int) -> tuple[Frames, Frames]:
    """Return the starts and ends of all runs of at least `least` (>= 2) equal samples.

    Parameters
    ----------
    samples : float32, shape (frames,)
    least : int

    Returns
    -------
    starts, ends : int64, shape (runs,) each
        Half-open ranges in order. Runs that touch an end of the array may go on outside.
    """
    half = max(1, least // 2)
    grid = samples[::half].copy()
    likely = np.flatnonzero(grid[1:] == grid[:-1])
    pieces = samples[likely[:, None] * half + np.arange(half)]
    if not (pieces == pieces[:, :1]).all(axis=1).any():
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    edges = np.flatnonzero(samples[1:] != samples[:-1]) + 1
    starts = np.concatenate(([0], edges))
    ends = np.concatenate((edges, [samples.size]))
    long = ends - starts >= least
    return starts[long], ends[long]


def _prefix(samples: Samples, value: np.float32) -> int:
    """Return how many samples at the start equal `value`."""
    if samples[0] != value:  # The usual case, by far.
        return 0
    other = samples != value
    first = int(other.argmax())
    return first if other[first] else samples.size


def find_silence(samples: ArrayLike, *, rate_hz: float, min_s: float = MIN_S) -> Silence:
    """Return the constant stretches of a whole track.

    Parameters
    ----------
    samples : float32, shape (frames,), in [-1, 1]
    rate_hz : float
    min_s : float
        The shortest run that counts.

    Raises
    ------
    InputError
        Where the samples are not mono floats, or a rate or duration is not positive.
    """
    return SilenceMeter(rate_hz, min_s=min_s).push(samples).result()


def find_dropouts(
    samples: ArrayLike,
    *,
    rate_hz: float,
    min_s: float = DROPOUT_MIN_S,
    max_s: float = DROPOUT_MAX_S,
    context_s: float = CONTEXT_S,
    live_rms: float = LIVE_RMS,
    smooth_rms: float = SMOOTH_RMS,
    min_cut: float = MIN_CUT,
) -> Dropouts:
    """Return the dropouts of a whole track.

    Parameters
    ----------
    samples : float32, shape (frames,), in [-1, 1]
    rate_hz : float
    min_s, max_s, context_s, live_rms, smooth_rms, min_cut
        As in `DropoutMeter`.

    Raises
    ------
    InputError
        Where the samples are not mono floats, or a rate or duration is not positive.
    """
    meter = DropoutMeter(
        rate_hz,
        min_s=min_s,
        max_s=max_s,
        context_s=context_s,
        live_rms=live_rms,
        smooth_rms=smooth_rms,
        min_cut=min_cut,
    )
    return meter.push(samples).result()
