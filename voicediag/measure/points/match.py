"""How well the sound of one point is that of the other, at a lag that moves along a line.

Method
    Blocks of 60 ms of the first point are brought to the second one's clock by a phase that turns with the lag, and
    laid under it. Each 5 ms then says by how much likelier it is that it holds this sound than that it does not: the
    ratio of its power to what the gain leaves of it (both Gaussian, of a power that is not known before). Noise that
    bursts in therefore says nothing either way; a gap speaks against the lag, and so does another sound where this one
    should be.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from voicediag.measure._filters import Samples
from voicediag.measure.points.grid import Grid

Array = NDArray[np.float64]

BLOCK = 480
WINDOW = 640
MARGIN = (WINDOW - BLOCK) // 2
FRAME = 40
# 5 ms of speech in a telephone's band have about as many independent samples.
FREEDOM = 10.0
# No frame counts for or against by more: a codec has bad moments too.
MOST_FOR, MOST_AGAINST = 2.0, -5.0
# Of the power of live sound: what counts as loud, what as a pause, and the least noise that is reckoned with.
LOUD_SHARE, QUIET_SHARE, NOISE_SHARE = 0.02, 1e-3, 1e-4
LEAST_FRAMES = 6
TINY = 1e-14


@dataclass(frozen=True, slots=True)
class Pair:
    """The two points: the second one plays what the first one received."""

    first: Grid
    second: Grid


@dataclass(frozen=True, slots=True)
class Line:
    """A lag over time, all in samples of the grid: the second point's sample `n` is the first one's `n - at(n)`."""

    at: float
    lag: float
    slope: float = 0.0

    def lag_at(self, place: float) -> float:
        """Return the lag at a sample of the second point."""
        return self.lag + self.slope * (place - self.at)

    def lags_at(self, places: Array) -> Array:
        """Return the lag at each of some samples."""
        return np.asarray(self.lag + self.slope * (places - self.at))

    def source(self, place: float) -> float:
        """Return the first point's sample for one of the second."""
        return place - self.lag_at(place)

    def moved(self, by: float) -> Line:
        """Return the line beside this one."""
        return replace(self, lag=self.lag + by)


@dataclass(frozen=True, slots=True)
class Way:
    """What lies between the points besides the lag: gain, noise, and how loud live sound is at the second point."""

    gain: float
    noise: float
    live: float


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """Two points beside each other, from sample `begin` of the second on.

    Attributes
    ----------
    first, second : float32, shape (samples,)
        The first one on the second one's clock.
    power, heard, common : float64, shape (frames,)
        Of 5 ms each: power of the first and of the second point, and their product.
    """

    begin: int
    first: Samples
    second: Samples
    power: Array
    heard: Array
    common: Array

    def rest(self, gain: float) -> Array:
        """Return the power that is left of each frame."""
        return np.maximum(self.heard - 2 * gain * self.common + gain * gain * self.power, 0.0) + TINY

    def evidence(self, way: Way, *, most: float = MOST_FOR) -> Array:
        """Return by how many nats each frame speaks for the lag, and by no more than `most`."""
        floor = NOISE_SHARE * way.live + TINY
        nats = 0.5 * FREEDOM * np.log((self.heard + floor) / (self.rest(way.gain) + floor))
        return np.asarray(np.clip(nats, MOST_AGAINST, most))

    def lags(self) -> tuple[Array, Array]:
        """Return for each block how far its lag lies from the line, in samples, and how well it fits there, 0 to 1."""
        blocks = self.second.reshape(-1, BLOCK)
        wide = np.concatenate((np.zeros(3, np.float32), self.first, np.zeros(3, np.float32)))
        rows = np.arange(len(blocks))
        power = self._powers(wide, rows * BLOCK)
        alike, left = np.full((2, len(blocks), 7), -np.inf)
        alike[:, 3] = np.einsum("kj,kj->k", blocks, _shifted(wide, 3))
        # What is left at each shift, not the product alone: that grows towards where the sound grows.
        cost = power * (0.5 * np.maximum(alike[:, 3], 0) / (power[:, 3] + TINY))[:, None]
        left[:, 3] = alike[:, 3] - cost[:, 3]
        for column in (2, 4):
            alike[:, column] = np.einsum("kj,kj->k", blocks, _shifted(wide, column))
            left[:, column] = alike[:, column] - cost[:, column]
        # Few blocks lie farther off than by a sample.
        far = np.flatnonzero(left.argmax(axis=1) != 3)
        for column in (0, 1, 5, 6):
            alike[far, column] = np.einsum("kj,kj->k", blocks[far], _shifted(wide, column)[far])
            left[far, column] = alike[far, column] - cost[far, column]
        top = np.clip(left.argmax(axis=1), 1, 5)
        before, peak, after = (left[rows, top + by] for by in (-1, 0, 1))
        bend = before - 2 * peak + after
        by = np.where(bend < 0, 0.5 * (before - after) / np.where(bend < 0, bend, 1.0), 0.0)
        energy = np.sqrt(self.power.reshape(len(blocks), -1).sum(1) * self.heard.reshape(len(blocks), -1).sum(1))
        return top - 3 + np.clip(by, -1, 1), np.clip(alike[rows, top] / (energy * FRAME + TINY), 0, 1)

    def _powers(self, wide: Samples, starts: NDArray[np.intp]) -> Array:
        """Return the energy of each block of the first point at each shift of -3 to 3 samples."""
        powers = np.empty((starts.size, 7))
        powers[:, 3] = self.power.reshape(starts.size, -1).sum(1) * FRAME
        first = starts[:, None] + np.arange(6)
        # From the unshifted block outwards: a sample more on one side, and one less on the other.
        steps = wide[first].astype(np.float64) ** 2 - wide[first + BLOCK].astype(np.float64) ** 2
        for by in (1, 2, 3):
            powers[:, 3 + by] = powers[:, 2 + by] + steps[:, 3 - by]
            powers[:, 3 - by] = powers[:, 4 - by] - steps[:, 2 + by]
        return powers


def _shifted(wide: Samples, column: int) -> Samples:
    """Return the blocks of sound that three samples lie around on each side, moved by `column` less three samples."""
    return wide[6 - column : wide.size - column].reshape(-1, BLOCK)


def match(pair: Pair, begin: int, count: int, line: Line) -> Match:
    """Return both points from sample `begin` of the second one on, in whole blocks."""
    from scipy.fft import irfft, rfft

    blocks = max(1, -(-count // BLOCK))
    middles = np.asarray(begin + np.arange(blocks) * BLOCK + BLOCK / 2, np.float64)
    lags = line.lags_at(middles)
    base = int(np.floor(lags.mean()))
    wide = pair.first.cut(begin - base - MARGIN, blocks * BLOCK + 2 * MARGIN)
    windows = np.ndarray((blocks, WINDOW), np.float32, wide, strides=(BLOCK * wide.itemsize, wide.itemsize))
    spectra = rfft(windows)
    spectra *= _turns(float(lags[0]) - base, line.slope * BLOCK, blocks)
    moved = np.ascontiguousarray(irfft(spectra, WINDOW, overwrite_x=True)[:, MARGIN : MARGIN + BLOCK]).ravel()
    heard = pair.second.cut(begin, blocks * BLOCK)
    frames, others = moved.reshape(-1, FRAME), heard.reshape(-1, FRAME)
    return Match(
        begin,
        moved,
        heard,
        np.einsum("kj,kj->k", frames, frames).astype(np.float64) / FRAME,
        np.einsum("kj,kj->k", others, others).astype(np.float64) / FRAME,
        np.einsum("kj,kj->k", frames, others).astype(np.float64) / FRAME,
    )


def _turns(first: float, step: float, blocks: int) -> NDArray[np.complex64]:
    """Return the phases that move each block by so many samples: the first one, and each by a step more."""
    bins = -2j * np.pi * np.arange(WINDOW // 2 + 1) / WINDOW
    turns = np.empty((blocks, bins.size), np.complex64)
    turns[0], turns[1:] = np.exp(first * bins), np.exp(step * bins)
    return np.asarray(np.multiply.accumulate(turns, axis=0, out=turns))


def learnt(seen: Match, good: NDArray[np.bool_], before: Way | None, *, live: float) -> Way:
    """Return gain, noise and codec as the frames tell that hold the sound; as before where they say nothing.

    Parameters
    ----------
    good : bool, shape (frames,)
    live : float
        The power of live sound at the second point.
    """
    power, common = seen.power[good], seen.common[good]
    likely = (before.gain if before else 1.0) ** 2
    loud = (power > 0.1 * power.mean()) & (common > 0) if power.size else np.zeros(0, bool)
    if before:
        loud &= power * likely > LOUD_SHARE * live
    count = int(np.count_nonzero(loud))
    if count < LEAST_FRAMES:
        return replace(before, live=live) if before else Way(0.0, live, live)
    gain = _weighted_median(common[loud] / power[loud], power[loud])
    rest = seen.rest(gain)[good]
    quiet = gain * gain * power < QUIET_SHARE * live
    noise = float(np.median(rest[quiet])) if np.count_nonzero(quiet) >= LEAST_FRAMES else float(np.percentile(rest, 20))
    noise = max(noise, NOISE_SHARE * live)
    if before is None:
        return Way(gain, noise, live)
    kept = max(0.5, 1 - count / 400)
    return Way(kept * before.gain + (1 - kept) * gain, before.noise**kept * noise ** (1 - kept), live)


def _weighted_median(values: Array, weights: Array) -> float:
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    return float(values[order][int(np.searchsorted(reached, reached[-1] / 2))])
