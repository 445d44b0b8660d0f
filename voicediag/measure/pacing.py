"""How evenly sound passes: when each chunk came, against how long the chunks before it last.

What is measured
    The pace of a stream: its drift, its jitter, its stalls, and what short chunks cost.
Formula
    An interval's excess is how much longer it is than the chunk before it lasts; lateness is the sum of the excesses
    (`arrival.lateness`). Its least value in each `WINDOW_S` is the way that holds nothing up, and the slope of that
    envelope (Theil-Sen) is the drift: jitter is bounded and leaves it flat, each interval that is a bit too long
    raises it. Jitter is what lateness lies above the trend's least of the last `BACK_S`. A stall is an excess from
    `stall_s` on; it ended in a burst where half of it is made up within as long again, and `BACK_S` at the least.
Reference
    P. K. Sen, "Estimates of the regression coefficient based on Kendall's tau", JASA 63, 1968. RFC 5481, 4.2: packet
    delay variation against the least delay.
Conventions
    Seconds. Within a run sound is due without a pause; what lies between runs is not judged.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voicediag.measure.arrival import Seconds, lateness
from voicediag.measure.pace_growth import Growth, growth

WINDOW_S = 0.5
BACK_S = 2.0
# Pairs of windows grow with their square: 7,000 of a run say as much as millions.
MOST_WINDOWS = 120
MOST_RUNS = 400
LEAST_WINDOWS = 3
# Of its stream's longest chunks: whoever cuts a message into frames sends what is left over as a shorter one.
SHORT = 0.9
# A sender that skips chunks is a whole number of them too late, and never early; this far off is still whole.
WHOLE, EARLY = 0.2, -0.5
# Of a run's lateness: what grows in three steps or fewer shows no law of growth.
STEP = 1 / 3
# A message may hold no sound at all.
LEAST_LENGTH_S = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Pacing:
    """How the runs of a stream came.

    Attributes
    ----------
    chunks : int
    wall_s, sound_s : float
        How long the runs took, and how much sound came in that time.
    chunk_s, interval_s : float
        A chunk's usual length, and the mean interval between two.
    slope : float
        Seconds of lateness that each second adds; negative where sound comes faster than it is heard.
    gained_s : float
        What the slope adds up to in the longest run.
    jitter_p50_s, jitter_p99_s : float
        Percentiles of how much later than the least of late chunks come, the trend taken off.
    stalls, bursts : int
        How often nothing came for `stall_s` beyond its time, and how often what was missing then came at once.
    longest_stall_s : float
    short_share : float
        The part of all excess that follows chunks that are shorter than the rest.
    skipped_share : float
        The part of all excess that lies in intervals that are whole chunks too long, where hardly one is too short.
    growth : {"even", "steps"} or None
        How the longest run's lateness grows; None where it does not, or where jitter hides it.
    """

    chunks: int
    wall_s: float
    sound_s: float
    chunk_s: float
    interval_s: float
    slope: float
    gained_s: float
    jitter_p50_s: float
    jitter_p99_s: float
    stalls: int
    bursts: int
    longest_stall_s: float
    short_share: float
    skipped_share: float
    growth: Growth | None = None

    @property
    def underfeed(self) -> float:
        """The share of the time for which there was no sound; negative where more came than is heard."""
        return 1 - self.sound_s / self.wall_s if self.wall_s else 0.0


def runs(at_s: Seconds, lengths_s: Seconds, *, pause_s: float) -> list[slice]:
    """Return where a stream goes on: a longer pause that nothing makes up is nobody's lateness.

    Parameters
    ----------
    at_s, lengths_s : float64, shape (chunks,)
        When each chunk came, and how long its sound lasts.
    pause_s : float
    """
    if not at_s.size:
        return []
    late_s = lateness(at_s, lengths_s)
    excess = np.diff(late_s)
    pauses = np.flatnonzero(excess >= pause_s).tolist()
    begins = [n + 1 for n in pauses if not _is_made_up(at_s, late_s, n + 1, float(excess[n]))]
    return [slice(low, high) for low, high in itertools.pairwise([0, *begins, at_s.size])]


def pacing(at_s: Seconds, lengths_s: Seconds, parts: Sequence[slice], *, stall_s: float) -> Pacing | None:
    """Return the pace of the runs of a stream; None where no run has two chunks.

    Parameters
    ----------
    at_s, lengths_s : float64, shape (chunks,)
    parts : sequence of slice
        The runs.
    stall_s : float
        From which excess on nothing came.
    """
    parts = [part for part in parts if part.stop - part.start > 1]
    if not parts:
        return None
    late = [lateness(at_s[part], lengths_s[part]) for part in parts]
    slope = _slope(at_s, late, parts, stall_s)
    excess = np.concatenate([np.diff(each) for each in late])
    before = np.concatenate([lengths_s[part][:-1] for part in parts])
    walls = [float(at_s[part.stop - 1] - at_s[part.start]) for part in parts]
    stalled = [_stalls(at_s[part], each, stall_s) for part, each in zip(parts, late, strict=True)]
    excesses = [size for each in stalled for _, size, _ in each]
    jitter_p50_s, jitter_p99_s = _jitter(at_s, late, parts, slope)
    return Pacing(
        chunks=sum(part.stop - part.start for part in parts),
        wall_s=sum(walls),
        sound_s=float(before.sum()),
        chunk_s=float(np.median(before)),
        interval_s=float(np.mean(before + excess)),
        slope=slope,
        gained_s=slope * max(walls),
        jitter_p50_s=jitter_p50_s,
        jitter_p99_s=jitter_p99_s,
        stalls=len(excesses),
        bursts=sum(made_up for each in stalled for *_, made_up in each),
        longest_stall_s=max(excesses, default=0.0),
        short_share=_short_share(excess, before),
        skipped_share=_skipped_share(excess, before),
        growth=growth(late[int(np.argmax(walls))], chunk_s=float(np.median(before))),
    )


def _slope(at_s: Seconds, late: Sequence[Seconds], parts: Sequence[slice], stall_s: float) -> float:
    """Return the median slope between windows of the same run, and on the same side of a stall that is a step in it.

    A short run that stalls once is late in all windows after it, and has no slope for that.
    """
    slopes = [np.empty(0)]
    for part, each in zip(parts[:MOST_RUNS], late, strict=False):
        came_s = at_s[part]
        least_step_s = STEP * float(np.ptp(each))
        stalled = _stalls(came_s, each, stall_s)
        begins = [place for place, size_s, made_up in stalled if made_up or size_s >= least_step_s]
        for low, high in itertools.pairwise([0, *begins, each.size]):
            times, least = _envelope(came_s[low:high], each[low:high])
            first, second = np.triu_indices(times.size, 1)
            apart = times[second] - times[first]
            slopes.append((least[second] - least[first])[apart > 0] / apart[apart > 0])
    every = np.concatenate(slopes)
    return float(np.median(every)) if every.size else 0.0


def _envelope(at_s: Seconds, late_s: Seconds) -> tuple[Seconds, Seconds]:
    """Return for each window when its least lateness was, and that lateness; evenly chosen where there are many."""
    # A window that its own drift or gain lengthens would hold other chunks: it is one of due time, not of arrival.
    numbers = np.floor((at_s - late_s - at_s[0]) / WINDOW_S).astype(np.int64)
    starts = np.flatnonzero(np.diff(numbers, prepend=-1))
    least = np.minimum.reduceat(late_s, starts)
    if starts.size > LEAST_WINDOWS:
        # The last one is not whole, and the least of fewer chunks lies higher.
        starts, least = starts[:-1], least[:-1]
    times = at_s[starts] - late_s[starts]
    step = max(1, -(-starts.size // MOST_WINDOWS))
    times, least = times[::step], least[::step]
    # Between due times lateness grows by slope / (1 - slope): on the arrivals' clock it is the slope itself.
    return times + least, least


def _jitter(at_s: Seconds, late: Sequence[Seconds], parts: Sequence[slice], slope: float) -> tuple[float, float]:
    """Return percentiles 50 and 99 of the lateness above the least of what went before, the trend taken off."""
    above = []
    for part, each in zip(parts, late, strict=True):
        flat = each - max(slope, 0.0) * (at_s[part] - at_s[part.start])
        above.append(flat - _least_lately(at_s[part], flat))
    median, highest = np.percentile(np.concatenate(above), (50, 99))
    return float(median), float(highest)


def _least_lately(at_s: Seconds, values: Seconds) -> Seconds:
    """Return the least value of the last `BACK_S` at each time; a chunk before that counts where none came since."""
    least = np.empty_like(values)
    window: list[int] = []
    head = 0
    for index, (now, value) in enumerate(zip(at_s.tolist(), values.tolist(), strict=True)):
        while len(window) > head and values[window[-1]] >= value:
            window.pop()
        window.append(index)
        while head < len(window) - 1 and at_s[window[head]] < now - BACK_S:
            head += 1
        least[index] = values[window[head]]
    return least


def _stalls(at_s: Seconds, late_s: Seconds, stall_s: float) -> list[tuple[int, float, bool]]:
    """Return the chunk after each stall of a run, how long it was, and whether it was made up."""
    excess = np.diff(late_s)
    places = np.flatnonzero(excess >= stall_s)
    return [(n + 1, float(excess[n]), _is_made_up(at_s, late_s, n + 1, float(excess[n]))) for n in places.tolist()]


def _is_made_up(at_s: Seconds, late_s: Seconds, index: int, excess: float) -> bool:
    """Whether the chunks after one that came late by an excess come so fast that half of it is gone soon."""
    until = int(np.searchsorted(at_s, at_s[index] + max(BACK_S, excess), side="right"))
    return bool(late_s[index:until].min() <= late_s[index] - excess / 2)


def _short_share(excess: Seconds, before: Seconds) -> float:
    """Return which part of the net excess follows short chunks."""
    total = float(excess.sum())
    short = before < SHORT * np.percentile(before, 95)
    return float(excess[short].sum()) / total if total > 0 else 0.0


def _skipped_share(excess: Seconds, before: Seconds) -> float:
    """Return which part of the net excess lies in intervals that skip chunks, where hardly one is too short."""
    total, chunks = float(excess.sum()), excess / np.maximum(before, LEAST_LENGTH_S)
    skips: NDArray[np.bool_] = (np.abs(chunks - np.round(chunks)) <= WHOLE) & (chunks >= 1 - WHOLE)
    if total <= 0 or np.count_nonzero(chunks <= EARLY) > np.count_nonzero(skips):
        return 0.0
    return min(1.0, float(excess[skips].sum()) / total)
