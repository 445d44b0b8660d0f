"""Clipped samples: flat tops at full scale or below it, and wrap-around.

What
    A signal that asks for more than full scale is cut flat (saturation), or, where int16 overflows, jumps to the other
    rail (wrap-around). If the cut sound is turned down afterwards, the flat tops stay, below full scale.
Formula
    Flat top: at least `min_run` (3) samples of one sign in a row, either all at the rail (|x| >= 32767/32768) or all
    exactly equal to the extreme value of the block of about 4 s around them. A smooth crest, too, may stay within one
    quantisation step q for n >= 3 samples; but a parabola that does so falls by at most q (1 + 2 / (n - 1))² <= 4 q
    with the next sample. So a top counts only if its two neighbours lie more than 4 q below it on average. q is one
    step of int16 at the rail, elsewhere the gap to the next lower value in the block, at most 1/16 of the top (the
    widest step of G.711). Below full scale `min_tops` tops must share one value, and it must exceed `min_level`.
    Wrap: a pair of neighbouring changes of sign, out and back, each more than `wrap_jump` wide in one sample, where
    adding or taking 2 (one turn of int16) puts the samples within `wrap_bend` of a straight line; counted where at
    least `wrap_share` of such jumps in the block are so.
Reference
    The factor 4 is derived above, the widest step is that of ITU-T G.711. Three samples in a row is what the "over"
    lamps of digital recorders commonly wait for; no standard fixes the number.
Conventions
    Samples are float32, shape (frames,), in [-1, 1]; float tracks may exceed 1, which counts as at the rail, since the
    first int16 they meet clips them. Places are half-open frame ranges; tops less than 50 ms apart are one range.
Differences
    Counting samples at full scale (ffmpeg astats, sox stats "Pk count") blames a track that was normalised or limited
    to 0 dBFS: its peaks are single samples, or smooth. Not seen here: clipping that was resampled, dithered or coded
    with loss afterwards, since its tops are no longer flat.
    A synthetic square wave has flat tops; nothing in the samples tells it from a sine overdriven without limit, and it
    is reported. Sines, DTMF and chords at any level are not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from voicediag.measure._filters import BLOCK_FRAMES, Frames, Samples, WindowMeter, whole_frames

STEP = 1.0 / 32_768.0
"""One quantisation step of int16."""
RAIL = 1.0 - STEP
"""The largest value of int16; the smallest, -1, lies one step further out."""
MIN_RUN = 3
"""Samples in a row: see Reference."""
MIN_TOPS = 3
"""Flat tops below full scale that share one value: fewer may be chance."""
MIN_LEVEL = 0.01
"""-40 dBFS: below it, steps of int16 are no longer fine against the signal, and clipping is its least trouble."""
CREST_STEPS = 4.0
"""How far, in steps, a smooth crest may fall with the next sample: see Formula."""
WIDEST_STEP = 1.0 / 16.0
"""Of the value itself: the coarsest quantisation of ITU-T G.711."""
WRAP_JUMP = 1.5
"""Full scale is 2 from rail to rail; sound that moves by 1.5 in one sample is noise at full scale, or wrapped."""
WRAP_BEND = 0.4
"""How far from straight three samples may lie that wrapped. Speech that overflows by 10 % shows in 20 of 34 clips,
by 30 % in 27; 5,000 s of other speech, echo and noise show nothing."""
WRAP_SHARE = 0.2
"""Of the wide jumps in a block, how many must unwrap: of those of white noise at full scale 1 % do by chance, of
byte-swapped speech 5 %, of speech that overflowed 40 % and more."""
MERGE_S = 0.05
"""Flat tops of one loud syllable recur with the pitch: every 2 to 20 ms."""
MAX_RUN = 4_096
"""Longest flat top in frames; what stays longer is stuck, see `voicediag.measure.silence`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clipping:
    """Where a track is clipped or wrapped.

    Attributes
    ----------
    rate_hz : float
    frames : int
        Frames measured.
    clipped_samples, flat_tops : int
        Samples on flat tops, and how many tops they form.
    starts, ends : int64, shape (places,)
        Half-open frame ranges that hold the tops.
    rail : float or None
        The highest |x| at which tops are flat, linear; None where none is.
    wraps : int
        Jumps by wrap-around.
    wrap_starts, wrap_ends : int64, shape (places,)
        Half-open frame ranges that hold the jumps.
    """

    rate_hz: float
    frames: int
    clipped_samples: int
    flat_tops: int
    starts: Frames
    ends: Frames
    rail: float | None
    wraps: int
    wrap_starts: Frames
    wrap_ends: Frames


class ClippingMeter(WindowMeter[Clipping]):
    """Measures `Clipping` from samples in pieces.

    Parameters
    ----------
    rate_hz : float
    rail : float
        |x| from which on a sample counts as full scale.
    min_run, min_tops : int
        Samples of a flat top; tops at one value below the rail.
    min_level : float
        Linear level under which flat tops are not looked for.
    wrap_jump, wrap_bend : float
        Linear: the least jump of a wrap, and how well it must continue the line when unwrapped.
    wrap_share : float
        Share of the wide jumps in a block that must be wraps.
    """

    def __init__(
        self,
        rate_hz: float,
        *,
        rail: float = RAIL,
        min_run: int = MIN_RUN,
        min_tops: int = MIN_TOPS,
        min_level: float = MIN_LEVEL,
        wrap_jump: float = WRAP_JUMP,
        wrap_bend: float = WRAP_BEND,
        wrap_share: float = WRAP_SHARE,
    ) -> None:
        super().__init__(BLOCK_FRAMES, before=2, after=MAX_RUN)
        self._rate_hz = rate_hz
        self._merge = whole_frames(MERGE_S, rate_hz)
        self._rail = np.float32(rail)
        self._min_run = min_run
        self._min_tops = min_tops
        self._min_level = min_level
        self._wrap_jump = wrap_jump
        self._wrap_bend = wrap_bend
        self._wrap_share = wrap_share
        self._tops: dict[float, _Places] = {}
        self._wraps = _Places()

    def _look(self, window: Samples, origin: int, starts: slice) -> None:
        if not window.size:
            return
        top, bottom = window.max(), window.min()
        if top > self._min_level:
            self._find_tops(window, top, origin, starts)
        if -bottom > self._min_level:
            self._find_tops(-window, -bottom, origin, starts)
        if top - bottom > self._wrap_jump:
            self._find_wraps(window, origin, starts)

    def _find_tops(self, window: Samples, top: np.float32, origin: int, starts: slice) -> None:
        """Keep the flat tops on the upper side."""
        at_rail = bool(top >= self._rail)
        flat = np.flatnonzero(window >= (self._rail if at_rail else top))
        if flat.size < self._min_run:
            return
        first, end = _consecutive(flat, least=self._min_run)
        owned = (first >= starts.start) & (first < starts.stop)
        first, end = first[owned], end[owned]
        if not first.size:
            return
        step = STEP if at_rail else _step_below(window, top)
        sharp = _fall(window, first, end) > CREST_STEPS * step
        value = 1.0 if at_rail else float(top)
        self._tops.setdefault(value, _Places()).add(first[sharp] + origin, end[sharp] + origin, merge=self._merge)

    def _find_wraps(self, window: Samples, origin: int, starts: slice) -> None:
        """Keep the jumps that come in pairs, out and back, and turn into straight lines when unwrapped."""
        turns = np.flatnonzero(np.signbit(window[1:]) != np.signbit(window[:-1])) + 1
        turns = turns[(turns >= 2) & (turns < window.size - 1)]
        likely = self._unwraps(window, turns)
        out = np.flatnonzero(likely[:-1] & likely[1:] & (np.diff(turns) <= self._merge))
        wide = np.count_nonzero(np.abs(np.diff(window)) > self._wrap_jump)
        if 2 * out.size < self._wrap_share * wide:
            return
        out = out[(turns[out] >= starts.start) & (turns[out] < starts.stop)]
        self._wraps.add(turns[out] + origin, turns[out + 1] + origin, merge=self._merge)

    def _unwraps(self, window: Samples, turns: Frames) -> NDArray[np.bool_]:
        """Return for each change of sign whether it is a jump that one turn of int16 makes straight."""
        before, last, now, after = (window[turns + offset] for offset in (-2, -1, 0, 1))
        turn = np.float32(2) * np.sign(last)
        bend_in = np.abs(now + turn - 2 * last + before)
        bend_out = np.abs(after - 2 * now + last - turn)
        single = np.abs(after - now) > self._wrap_jump / 2  # One sample out there: the way back bends by itself.
        straight = (bend_in < self._wrap_bend) & (single | (bend_out < self._wrap_bend))
        # Saturated sound also goes from rail to rail, but stands still on one of them, or exactly on both.
        saturated = (before == last) | (now == after) | ((np.abs(last) >= self._rail) & (np.abs(now) >= self._rail))
        likely: NDArray[np.bool_] = (np.abs(now - last) > self._wrap_jump) & straight & ~saturated
        return likely

    def _summary(self) -> Clipping:
        kept = {
            value: places
            for value, places in self._tops.items()
            if places.count >= (1 if value == 1.0 else self._min_tops)
        }
        starts, ends = _merged([place for places in kept.values() for place in places.spans], merge=self._merge)
        wrap_starts, wrap_ends = _merged(self._wraps.spans, merge=self._merge)
        return Clipping(
            rate_hz=self._rate_hz,
            frames=self.frames,
            clipped_samples=sum(places.samples for places in kept.values()),
            flat_tops=sum(places.count for places in kept.values()),
            starts=starts,
            ends=ends,
            rail=max(kept, default=None),
            wraps=self._wraps.count,
            wrap_starts=wrap_starts,
            wrap_ends=wrap_ends,
        )


class _Places:
    """Ranges that came in order, merged as they came, with the counts of what was merged."""

    def __init__(self) -> None:
        self.count = 0
        self.samples = 0
        self.spans: list[tuple[int, int]] = []

    def add(self, starts: Frames, ends: Frames, *, merge: int) -> None:
        self.count += starts.size
        self.samples += int((ends - starts).sum())
        first, last = _merged(list(zip(starts.tolist(), ends.tolist(), strict=True)), merge=merge)
        self.spans += zip(first.tolist(), last.tolist(), strict=True)


def _merged(spans: list[tuple[int, int]], *, merge: int) -> tuple[Frames, Frames]:
    """Return the starts and ends of `spans`, sorted, those less than `merge` frames apart made one."""
    if not spans:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    starts, ends = np.array(sorted(spans), dtype=np.int64).T
    reach = np.maximum.accumulate(ends)
    apart = np.flatnonzero(starts[1:] - reach[:-1] >= merge)
    return starts[np.concatenate(([0], apart + 1))], reach[np.concatenate((apart, [ends.size - 1]))]


def _consecutive(indices: Frames, *, least: int) -> tuple[Frames, Frames]:
    """Return the half-open ranges of at least `least` consecutive numbers in sorted `indices`."""
    breaks = np.flatnonzero(np.diff(indices) > 1)
    first = indices[np.concatenate(([0], breaks + 1))]
    end = indices[np.concatenate((breaks, [indices.size - 1]))] + 1
    long = end - first >= least
    return first[long], end[long]


def _step_below(window: Samples, top: np.float32) -> float:
    """Return the quantisation step at the top of a block, judged by the next lower value."""
    lower = window[window < top]
    gap = float(top - lower.max()) if lower.size else float(top)
    return min(max(gap, STEP), WIDEST_STEP * float(top))


def _fall(window: Samples, first: Frames, end: Frames) -> NDArray[np.float32]:
    """Return how far the neighbours of each top lie below it, on average; nothing outside the track counts as level."""
    top = window[first]
    left = window[np.maximum(first - 1, 0)]
    right = window[np.minimum(end, window.size - 1)]
    fall: NDArray[np.float32] = top - np.float32(0.5) * (left + right)
    return fall


def find_clipping(
    samples: ArrayLike,
    *,
    rate_hz: float,
    rail: float = RAIL,
    min_run: int = MIN_RUN,
    min_tops: int = MIN_TOPS,
    min_level: float = MIN_LEVEL,
    wrap_jump: float = WRAP_JUMP,
    wrap_bend: float = WRAP_BEND,
    wrap_share: float = WRAP_SHARE,
) -> Clipping:
    """Return where a whole track is clipped or wrapped.

    Parameters
    ----------
    samples : float32, shape (frames,)
    rate_hz : float
    rail, min_run, min_tops, min_level, wrap_jump, wrap_bend, wrap_share
        As in `ClippingMeter`.

    Raises
    ------
    InputError
        Where the samples are not mono floats, or the rate is not positive.
    """
    meter = ClippingMeter(
        rate_hz,
        rail=rail,
        min_run=min_run,
        min_tops=min_tops,
        min_level=min_level,
        wrap_jump=wrap_jump,
        wrap_bend=wrap_bend,
        wrap_share=wrap_share,
    )
    return meter.push(samples).result()
