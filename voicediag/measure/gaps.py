"""Gaps inside speech, told from pauses by how the sound breaks off and sets in again.

What
    Places of 8 ms to 2.2 s at which a player or a device had nothing to deliver: zeros, the last sample held, a short
    fade, comfort noise; also where noise was added, or a codec came, after it. What was cut breaks off within a
    millisecond in all bands at once, in the middle of a sound, and sets in again in the middle of one. A stop
    consonant ends in a burst, a word dies away, a phrase of a synthesiser begins softly.
Formula
    Each candidate of `voicediag.measure.gap_edges` is described by `gap_features` and judged by a network of rectified
    units; what it does not call a plain pause is judged by decision trees, which see its join (`gap_joins`) and what
    fills it (`gap_fill`) too. Both are in ``gaps.npz``; `benchmarks.starvation_fit` fits them. They answer in nats: the
    logarithm of how much likelier a gap is than a pause, in a track in which the share of gaps among the candidates is
    `RARE`. Where a track has many sure ones the doubtful become likelier: the share is estimated from the track by
    expectation and maximisation.
Reference
    A. Dempster, N. Laird and D. Rubin, "Maximum likelihood from incomplete data via the EM algorithm", J. R. Stat.
    Soc. B 39 (1), 1977.
Conventions
    float32 samples, shape (frames,), in [-1, 1]; places are half-open frame ranges, to about a millisecond: where the
    power of the samples changes most. No gap lies within another.
Differences
    Concealment that goes on with the voice (NetEq, Opus) leaves no gap. A gap that begins or ends in a soft sound
    cannot be told from a pause, nor one that noise fills to the level of the speech beside it.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from voicediag.measure._filters import Frames, Samples, WindowMeter
from voicediag.measure.band_cells import BANDS, LINE_BANDS, SILENT_DB, band_levels, hop_frames, loudest_band
from voicediag.measure.gap_edges import LONGEST, candidates
from voicediag.measure.gap_features import SCALE_DB, SIDES, courses, features
from voicediag.measure.gap_fill import fill_features
from voicediag.measure.gap_joins import join_features
from voicediag.measure.gap_places import Place, placed
from voicediag.measure.gap_trees import Trees

_Found = tuple[int, int, float, float, float]
WEIGHTS: Final = Path(__file__).with_name("gaps.npz")
RARE: Final = 1e-3
"""Of the candidates of a track of which nothing is known: a gap each two minutes."""
SURE_OF = 20.0
"""So many candidates of experience stand behind `RARE`: a track with one sure gap in a hundred believes in more."""
QUIET, LOUD = 10.0, 90.0
"""Percentiles of the cells that are no digital silence."""
SOFT_DB = 40.0
"""Below the loud parts of the track: 1 in 500 gaps in speech begins or ends in sound as soft, and 1 candidate in 28."""
_BLOCK_CELLS = 16_384
_AROUND = 160
PLAIN_NATS = -10.0
"""What the network finds less likely than this is a pause, and nobody looks at its join."""
TREE: Final = "tree_"
"""Begins the names of the arrays of the trees in `WEIGHTS`."""
_DOUBTFUL_NATS = -9.0
_MOST = 20_000
_LIVE_DB = 4
_STEPS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaps:
    """Where a track may have gaps.

    Attributes
    ----------
    rate_hz : float
    frames : int
        Frames measured.
    starts, ends : int64, shape (places,)
        Half-open frame ranges, in order; none touches another.
    probability : float32, shape (places,)
        That it is a gap, from 0 to 1.
    values : float32, shape (places,)
        The sample that is held all through; NaN where the place is not constant.
    sides_db : float32, shape (places,)
        Level of the softer side over the loud parts of the track.
    """

    rate_hz: float
    frames: int
    starts: Frames
    ends: Frames
    probability: Samples
    values: Samples
    sides_db: Samples

    def likely(self, least: float) -> Gaps:
        """Return the places that are gaps with a probability of at least `least`."""
        kept = self.probability >= least
        return Gaps(
            rate_hz=self.rate_hz,
            frames=self.frames,
            starts=self.starts[kept],
            ends=self.ends[kept],
            probability=self.probability[kept],
            values=self.values[kept],
            sides_db=self.sides_db[kept],
        )


class GapMeter(WindowMeter[Gaps]):
    """Measures `Gaps` from samples in pieces.

    Parameters
    ----------
    rate_hz : float
    """

    def __init__(self, rate_hz: float) -> None:
        self._hop = hop_frames(rate_hz)
        super().__init__(_BLOCK_CELLS * self._hop, before=_AROUND * self._hop, after=(LONGEST + _AROUND) * self._hop)
        self._rate_hz = rate_hz
        self._counts = np.zeros((BANDS, -round(SILENT_DB) + 1), np.int64)
        self._found: list[_Found] = []
        self._judged = 0

    def _look(self, window: Samples, origin: int, starts: slice) -> None:
        first, last, seen = self._seen(window, starts)
        self._judged += first.size
        first_nats = judged(seen)
        kept = (seen[:, SIDES].min(axis=1) * SCALE_DB > -SOFT_DB) & (first_nats > PLAIN_NATS)
        places = [
            placed(window, *cells, self._hop) for cells in zip(first[kept].tolist(), last[kept].tolist(), strict=True)
        ]
        joined = joins_of(window, places, rate_hz=self._rate_hz)
        nats = weighed(first_nats[kept], seen[kept], joined)
        sides_db = SCALE_DB * seen[kept][:, SIDES].min(axis=1)
        for place in np.flatnonzero(nats > _DOUBTFUL_NATS)[: _MOST - len(self._found)].tolist():
            start, end, value, _ = places[place]
            self._found.append((start + origin, end + origin, float(nats[place]), value, float(sides_db[place])))

    def _seen(self, window: Samples, starts: slice) -> tuple[Frames, Frames, Samples]:
        """Return the first and last cell of the candidates that start within `starts`, and their features."""
        levels = band_levels(window, rate_hz=self._rate_hz)
        owned = slice(starts.start // self._hop, -(-starts.stop // self._hop))
        self._count(levels[owned])
        first, last = candidates(levels)
        mine = (first >= owned.start) & (first < owned.stop)
        first, last = first[mine], last[mine]
        speech_db = float(self._level(LOUD)[:LINE_BANDS].mean())
        return first, last, features(levels, first, last, floor_db=self._level(QUIET), speech_db=speech_db)

    def _count(self, levels: Samples) -> None:
        """Remember how often each band was at each level, digital silence left out."""
        live = levels[loudest_band(levels) > SILENT_DB + _LIVE_DB]
        steps = np.clip(np.round(live - SILENT_DB).astype(np.int64), 0, self._counts.shape[1] - 1)
        steps += np.arange(BANDS) * self._counts.shape[1]
        self._counts += np.bincount(steps.ravel(), minlength=self._counts.size).reshape(BANDS, -1)

    def _level(self, percentile: float) -> Samples:
        """Return a percentile of each band's level so far, in dB."""
        below = np.cumsum(self._counts, axis=1)
        wanted = np.maximum(1, below[:, -1:] * (percentile / 100))
        return np.asarray((below >= wanted).argmax(axis=1) + SILENT_DB, np.float32)

    def _summary(self) -> Gaps:
        chances = dict(zip(self._found, _chances([found[2] for found in self._found], self._judged), strict=True))
        kept = _apart(chances)
        starts, ends, _, values, sides_db = np.array(kept, np.float64).reshape(-1, 5).T
        return Gaps(
            rate_hz=self._rate_hz,
            frames=self.frames,
            starts=starts.astype(np.int64),
            ends=ends.astype(np.int64),
            probability=np.array([chances[each] for each in kept], np.float32),
            values=values.astype(np.float32),
            sides_db=sides_db.astype(np.float32),
        )


def judged(seen: Samples, net: Mapping[str, NDArray[Any]] | None = None) -> NDArray[np.float64]:
    """Return the nats by which each row of features is likelier to be a gap, in an ordinary track."""
    net = net or first_net()
    layer = np.maximum(((seen - net["m"]) / net["s"]) @ net["w1"] + net["b1"], 0)
    layer = np.maximum(layer @ net["w2"] + net["b2"], 0)
    told = (layer @ net["w3"])[:, 0] + net["b3"][0]
    return np.asarray(told + np.log(RARE / (1 - RARE)), np.float64)


def weighed(nats: NDArray[np.float64], seen: Samples, joined: Samples) -> NDArray[np.float64]:
    """Return the nats of places that are not plain pauses, once their joins have been looked at."""
    told = trees().total(columns(nats, seen, joined))
    return np.asarray(told + np.log(RARE / (1 - RARE)), np.float64)


def columns(nats: NDArray[np.float64], seen: Samples, joined: Samples) -> Samples:
    """Return what the trees look at."""
    return np.concatenate((nats[:, None].astype(np.float32), joined, courses(seen), seen), axis=1)


def joins_of(window: Samples, places: list[Place], *, rate_hz: float) -> Samples:
    """Return what is seen across places, and of what fills them."""
    stops, ends = np.array([(place.stops, place.end) for place in places], np.int64).reshape(-1, 2).T
    parts = (seen_by(window, stops, ends, rate_hz=rate_hz) for seen_by in (join_features, fill_features))
    return np.concatenate(tuple(parts), axis=1)


def _chances(nats: list[float], of: int) -> list[float]:
    """Return the probability of each of some candidates, with the share of gaps among `of` of them."""
    odds = np.array(nats) - np.log(RARE / (1 - RARE))
    share, chance = RARE, np.zeros(odds.size)
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(odds + np.log(share / (1 - share)), -50, 50)))
        share = min(0.5, float((chance.sum() + SURE_OF * RARE) / (of + SURE_OF)))
    return [float(each) for each in chance]


def _apart(chances: Mapping[_Found, float]) -> list[_Found]:
    """Return the likeliest of any places that overlap, in order."""
    kept: list[_Found] = []
    for place in sorted(chances, key=lambda each: (-chances[each], each[:2])):
        at = bisect(kept, place)
        if (at == 0 or kept[at - 1][1] <= place[0]) and (at == len(kept) or place[1] <= kept[at][0]):
            kept.insert(at, place)
    return kept


@cache
def first_net() -> Mapping[str, Samples]:
    """Return the network's arrays."""
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        return {name: stored[name].astype(np.float32) for name in stored.files if not name.startswith(TREE)}


def trees() -> Trees:
    """Return the trees."""
    return read_trees(WEIGHTS)


@cache
def read_trees(path: Path) -> Trees:
    """Return the trees of a file of weights."""
    with np.load(path, allow_pickle=False) as stored:
        parts = {name.removeprefix(TREE): stored[name] for name in stored.files if name.startswith(TREE)}
    return Trees(
        feature=parts["feature"],
        left=parts["left"],
        right=parts["right"],
        threshold=parts["threshold"],
        value=parts["value"].astype(np.float32),
        begin=float(parts["begin"]),
        depth=int(parts["depth"]),
    )


def find_gaps(samples: ArrayLike, *, rate_hz: float) -> Gaps:
    """Return where a whole track may have gaps.

    Parameters
    ----------
    samples : float32, shape (frames,), in [-1, 1]
    rate_hz : float

    Raises
    ------
    InputError
        Where the samples are not mono floats, or the rate is not positive.
    """
    return GapMeter(rate_hz).push(samples).result()
