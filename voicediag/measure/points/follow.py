"""The second point followed along the first: as long as the sound goes on, and from where it goes on again.

Method
    Stretches of up to some seconds are compared at the lag foretold (`measure.points.match`). The evidence is summed;
    where the sum falls from its top by `BREAK_NATS` the sound has left the lag (Page, Biometrika 41, 1954). From there
    on it is looked for again (`measure.points.search`), later in the second point, and anywhere near in the first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from voicediag.measure._filters import Samples
from voicediag.measure.points.grid import GRID_HZ
from voicediag.measure.points.match import BLOCK, FRAME, TINY, Line, Match, Pair, Way, learnt, match
from voicediag.measure.points.search import ANYWHERE_NATS, AS_GOOD_NATS, Found, find, fits

Array = NDArray[np.float64]
Progress: TypeAlias = Callable[[float, float], None]

BREAK_NATS = 9.0
STRETCHES = (8, 16, 32, 64, 128)
# Live sound that is looked for at once: long enough to be one place only, short enough to lie between two gaps.
WINDOWS_S = (0.3, 0.8)
SHORT_NATS = 15.0
FIRST_S = (0.8, 2.0)
SHORT_S = (0.06, 0.12)
NEAR_S = 3.0
FAR_S = 60.0
# The slope is not known at first, and hardly moves later: its spread in samples a sample.
SLOPE_FIRST, SLOPE_LATER = 3e-4, 2e-5
MOST_SLOPE = 1.2e-3
LIVE_SHARE = 10**-3.7
NOISY = 6.0
MOST_MISSES = 40
# Nats a frame from which on the lag foretold needs no rival.
SURE_FIT = 5.0
# Samples by which a lag may be off before the comparison is made again.
MOST_OFF = 0.06
LEARNT = 4 * GRID_HZ
FIRST_SAMPLES = 30 * GRID_HZ


@dataclass(slots=True)
class Stretch:
    """Sound that goes on without a break, on the second point's samples; its lag at first, and at last."""

    begin: int
    end: int
    opening: Line
    line: Line
    way: Way
    places: list[Array] = field(default_factory=list)
    lags: list[Array] = field(default_factory=list)


@dataclass(slots=True)
class Follower:
    """Follows the second point from its beginning to its end."""

    pair: Pair
    progress: Progress | None = None
    stretches: list[Stretch] = field(default_factory=list)
    _way: Way | None = None
    _first_line: Line = field(default_factory=lambda: Line(0.0, 0.0))
    _live: float = 0.0
    _slope: float = 0.0
    _spread: float = SLOPE_FIRST

    def run(self) -> None:
        """Follow all of it."""
        at = 0
        power = _powers(self.pair.second.cut(0, min(self.pair.second.size, FIRST_SAMPLES)))
        self._live = float(np.percentile(power[power > TINY], 95)) if (power > TINY).any() else 0.0
        self._learn()
        while at < self.pair.second.size:
            last = self.stretches[-1] if self.stretches else None
            found = self._again(at, last)
            if found is None:
                break
            if last:
                self._between(last, found, depth=3)
            stretch = Stretch(found.begin, found.end, found.line, found.line, found.way)
            self.stretches.append(stretch)
            self._follow(stretch)
            at = max(stretch.end, found.begin + FRAME)

    def _learn(self) -> None:
        """Follow some seconds, only to learn what lies on the way; what is found first would be judged without."""
        found = self._again(0, None)
        if found is None:
            return
        stretch = Stretch(found.begin, found.end, found.line, found.line, found.way)
        self._follow(stretch, until=found.begin + LEARNT)
        self._way, self._first_line = stretch.way, stretch.line

    def _follow(self, stretch: Stretch, *, until: int | None = None) -> None:
        """Follow a stretch to its end."""
        at, size = stretch.begin, 0
        until = self.pair.second.size if until is None else min(until, self.pair.second.size)
        while at < until:
            count = min(STRETCHES[size] * BLOCK, -(-(self.pair.second.size - at) // BLOCK) * BLOCK)
            end = self._step(stretch, at, count)
            stretch.end = max(stretch.end, end)
            if end < at + count:
                stretch.end = end
                return
            at, size = end, min(size + 1, len(STRETCHES) - 1)
            if self.progress:
                self.progress(at / GRID_HZ, self.pair.second.size / GRID_HZ)
        stretch.end = min(stretch.end, self.pair.second.size)

    def _step(self, stretch: Stretch, at: int, count: int) -> int:
        """Compare once at the lag foretold and, where that was not it, once at the lag found; return until when."""
        seen = match(self.pair, at, count, stretch.line)
        until = _until(seen.evidence(stretch.way))
        line, places, lags = self._fitted(stretch, seen, until)
        moved = max(abs(line.lag_at(place) - stretch.line.lag_at(place)) for place in (at, at + count))
        stretch.line = line
        if at == stretch.begin:
            stretch.opening = line
        if moved > MOST_OFF:
            seen = match(self.pair, at, count, line)
            until = _until(seen.evidence(stretch.way))
        whole = until == seen.power.size
        kept = places < at + until * FRAME
        stretch.places.append(places[kept])
        stretch.lags.append(lags[kept])
        stretch.way = learnt(seen, np.arange(seen.power.size) < until, stretch.way, live=self._live)
        return at + (count if whole else until * FRAME)

    def _fitted(self, stretch: Stretch, seen: Match, until: int) -> tuple[Line, Array, Array]:
        """Return the line through the blocks before a break, near the line so far, and what it was fitted to."""
        blocks = until * FRAME // BLOCK
        offsets, alike = (each[:blocks] for each in seen.lags())
        places = np.asarray(seen.begin + np.arange(blocks) * BLOCK + BLOCK / 2, np.float64)
        energy = seen.heard[: blocks * BLOCK // FRAME].reshape(blocks, -1).mean(1) if blocks else np.zeros(0)
        live = energy > LIVE_SHARE * max(self._live, TINY)
        weight = np.where(live, np.maximum(alike - 0.5, 0) * 2, 0.0)
        self._live = max(0.98 * self._live, float(np.mean(energy[live]))) if live.any() else self._live
        line, keep = stretch.line, weight > 0
        level = line.lags_at(places)
        if not keep.any():
            return line, places[keep], level[keep]
        middle = float(np.average(places[keep], weights=weight[keep]))
        along, off = places[keep] - middle, offsets[keep].copy()
        robust = np.ones(off.size)
        shift = tilt = 0.0
        for _ in range(4):
            counts = weight[keep] * robust / 0.15**2
            tilt = float((counts * along * off).sum() / ((counts * along**2).sum() + self._spread**-2))
            shift = float((counts * (off - tilt * along)).sum() / (counts.sum() + 1.0))
            rest = off - shift - tilt * along
            robust = np.maximum(0.0, 1 - (rest / 1.0) ** 2) ** 2
        slope = float(np.clip(line.slope + tilt, -MOST_SLOPE, MOST_SLOPE))
        known = float((weight[keep] * robust * along**2).sum())
        self._spread = max(SLOPE_LATER, (self._spread**-2 + known / 0.15**2) ** -0.5)
        self._slope = slope
        return Line(middle, float(line.lag_at(middle)) + shift, slope), places[keep], level[keep] + off

    def _again(self, at: int, last: Stretch | None) -> Found | None:
        """Return where the sound goes on from a sample of the second point on."""
        misses, begun = 0, at
        line = last.line if last else self._first_line
        way = last.way if last else self._way
        while at < self.pair.second.size:
            window = self._window(at, WINDOWS_S if way else FIRST_S) or self._window(at, SHORT_S)
            if window is None:
                return None
            found = fits(self.pair, window, line, way) if way else None
            if found is None or found.fit < SURE_FIT * (window[1] - window[0]) / FRAME:
                other = self._anywhere(window, line, way, wide=last is None or misses % 8 == 7)
                if other and (found is None or other.fit > found.fit + AS_GOOD_NATS):
                    found = other
            if found:
                return self._from_its_beginning(found, begun)
            misses += 1
            # Long stretches of other sound are passed over faster and faster.
            at = window[0] + max((window[1] - window[0]) // 2, (misses - MOST_MISSES) * GRID_HZ)
        return None

    def _anywhere(self, window: tuple[int, int], line: Line, way: Way | None, *, wide: bool) -> Found | None:
        """Return where a window lies near what was last heard, or anywhere."""
        near = round(NEAR_S * GRID_HZ)
        goes_on = round(line.source(self.stretches[-1].end)) if self.stretches else 0
        here = round(line.source(window[0]))
        length = window[1] - window[0]
        within = (min(goes_on, here) - near, max(goes_on, here) + length + near)
        if wide or within[1] - within[0] > 2 * FAR_S * GRID_HZ:
            far = round(FAR_S * GRID_HZ)
            within = (here - far, here + length + far)
        within = (max(-length, within[0]), min(self.pair.first.size + length, within[1]))
        if within[1] - within[0] < length:
            return None
        least = ANYWHERE_NATS if length > 2 * SHORT_S[1] * GRID_HZ else SHORT_NATS
        foretold = Line(line.at, line.lag, self._slope)
        return find(self.pair, window, within, line=foretold, way=way, least=least)

    def _window(self, at: int, lengths_s: tuple[float, float], end: int | None = None) -> tuple[int, int] | None:
        """Return the next window of the second point that holds enough live sound."""
        end = self.pair.second.size if end is None else end
        least, most = (round(each * GRID_HZ) // FRAME for each in lengths_s)
        step = GRID_HZ * 2
        while at < end:
            sound = self.pair.second.cut(at, min(step, end - at) // FRAME * FRAME)
            power = _powers(sound)
            if not power.size:
                return None
            self._live = max(self._live, 0.5 * float(np.percentile(power, 95)))
            gate = max(LIVE_SHARE * self._live, NOISY * (self._noise()))
            live = np.flatnonzero(power > gate)
            if live.size:
                begin = at + int(live[0]) * FRAME
                sound = self.pair.second.cut(begin, min(most * FRAME, end - begin) // FRAME * FRAME)
                power = _powers(sound)
                many = np.cumsum(power > gate)
                if many.size and many[-1] >= least // 2:
                    length = int(np.searchsorted(many, min(least, many[-1]))) + 1
                    return begin, begin + length * FRAME
                at = begin + max(FRAME, sound.size)
            else:
                at += step
        return None

    def _noise(self) -> float:
        """Return the power of the noise that came in on the way, as far as it is known."""
        way = self.stretches[-1].way if self.stretches else self._way
        return min(way.noise, 0.03 * self._live) if way else 0.0

    def _from_its_beginning(self, found: Found, earliest: int) -> Found:
        """Return a stretch drawn back to where its lag begins to fit."""
        back = min(found.begin - earliest, 4 * GRID_HZ) // FRAME * FRAME
        if back <= 0:
            return found
        begin = found.begin - back
        nats = match(self.pair, begin, back, found.line).evidence(found.way)[: back // FRAME]
        total = np.concatenate((np.cumsum(nats[::-1])[::-1], [0.0]))
        # Not over a break: what fits by chance before it does not belong here.
        drop = np.maximum.accumulate(total[::-1])[::-1] - total
        broken = np.flatnonzero(drop > BREAK_NATS)
        low = int(broken[-1]) + 1 if broken.size else 0
        first = low + int(total[low:].argmax())
        return Found(begin + first * FRAME, found.end, found.line, found.way, found.nats)

    def _between(self, last: Stretch, found: Found, *, depth: int) -> None:
        """Look for sound between two stretches that is at another lag than both."""
        begin, end = last.end, found.begin
        if depth == 0 or end - begin < SHORT_S[0] * GRID_HZ:
            return
        window = self._window(begin, SHORT_S if end - begin < 0.5 * GRID_HZ else WINDOWS_S, end)
        if window is None:
            return
        near = round(NEAR_S * GRID_HZ)
        place = round(last.line.source(begin))
        between = find(
            self.pair, window, (max(-near, place - near), place + end - begin + near),
            line=last.line, way=last.way, least=SHORT_NATS,
        )  # fmt: skip
        if between is None:
            return
        between = self._from_its_beginning(between, begin)
        stretch = Stretch(between.begin, between.end, between.line, between.line, between.way)
        seen = match(self.pair, between.begin, end - between.begin, between.line)
        stretch.end = between.begin + _until(seen.evidence(between.way)[: (end - between.begin) // FRAME]) * FRAME
        self.stretches.append(stretch)
        self._between(stretch, found, depth=depth - 1)


def _powers(sound: Samples) -> Array:
    """Return the power of each 5 ms."""
    frames = sound[: sound.size // FRAME * FRAME].reshape(-1, FRAME)
    return np.asarray(np.einsum("kj,kj->k", frames, frames) / FRAME, np.float64)


def _until(nats: Array) -> int:
    """Return after how many frames the sound has left its lag; all of them where it has not."""
    total = np.concatenate(([0.0], np.cumsum(nats)))
    top = np.maximum.accumulate(total)
    broken = np.flatnonzero(top - total > BREAK_NATS)
    if not broken.size:
        return nats.size
    return int(total[: broken[0] + 1].argmax())
