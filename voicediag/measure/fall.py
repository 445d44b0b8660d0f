"""Where the room under a track becomes lower and stays so, and whether the voice does with it.

What is measured
    The cut of a track after which its quiet hops are lower by the most, and how much lower the voice is from there on.
Method
    The room is the level that nine tenths of the hops exceed. The cut is where room and median fall most, and by
    the same: the room of a stretch that is all speech is no room. It is searched coarsely and then between its
    neighbours; the moment is then the most likely change in how often a hop lies below the middle of the fall (a
    Bernoulli change point, Hinkley and Hinkley 1970). The voice of either side is the mean power of its hops that stand
    clear of that side's own room: a level over all hops would fall where somebody only speaks less.
Conventions
    Levels are RMS of hops, linear, as in `measure.levels`; falls are positive dB. Digital silence says nothing of a
    room, a gate or a gap made it, and is passed over.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SILENT = 1e-6
CUTS = 40
HOPS = 4_000
ROOM_PERCENTILE = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A track before or after a moment.

    Attributes
    ----------
    room_dbfs : float
    voice_dbfs : float or None
        Mean level of what stands clear of the room; None where nothing does.
    voice_s : float
        For how long something does.
    """

    room_dbfs: float
    voice_dbfs: float | None
    voice_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fall:
    """A moment after which the room is lower.

    Attributes
    ----------
    at_s : float
        Seconds from the track's first hop: the first pause after the fall, where the room is heard again.
    before, after : Side
    low_before : float
        Share of the hops before the moment that were as low as those after it.
    """

    at_s: float
    before: Side
    after: Side
    low_before: float

    @property
    def room_fall_db(self) -> float:
        """By how much the room fell."""
        return self.before.room_dbfs - self.after.room_dbfs

    @property
    def voice_fall_db(self) -> float | None:
        """By how much the voice fell; None where a side has none."""
        if self.before.voice_dbfs is None or self.after.voice_dbfs is None:
            return None
        return self.before.voice_dbfs - self.after.voice_dbfs


def largest_fall(rms: NDArray[np.float32], *, hop_s: float, side_s: float, margin_db: float) -> Fall | None:
    """Return where the room falls most, or None for a track too short to have two sides.

    Parameters
    ----------
    rms : float32, shape (hops,), linear
    hop_s : float
    side_s : float
        Least time on either side of the fall.
    margin_db : float
        How far above the room of its side a hop is voice.
    """
    live = np.flatnonzero(rms > SILENT)
    db = 20 * np.log10(rms[live])
    side = round(side_s / hop_s)
    if db.size <= 2 * side:
        return None
    moment = _best_cut(db, side)
    # Once for the moment, and once more for what lies low beside it: the cut may be some seconds off.
    for _ in range(2):
        moment = _change(_low(db, moment), side)
    return Fall(
        at_s=float(live[moment]) * hop_s,
        before=_side(db[:moment], hop_s, margin_db),
        after=_side(db[moment:], hop_s, margin_db),
        low_before=float(_low(db, moment)[:moment].mean()),
    )


def _low(db: NDArray[np.float32], cut: int) -> NDArray[np.bool_]:
    """Return which hops lie below the middle between the rooms before and after a cut."""
    return db < (_room(db[:cut]) + _room(db[cut:])) / 2


def _side(db: NDArray[np.float32], hop_s: float, margin_db: float) -> Side:
    room_dbfs = _room(db)
    voice = db[db >= room_dbfs + margin_db]
    level_dbfs = 10 * float(np.log10(np.mean(10 ** (voice.astype(np.float64) / 10)))) if voice.size else None
    return Side(room_dbfs=room_dbfs, voice_dbfs=level_dbfs, voice_s=voice.size * hop_s)


def _best_cut(db: NDArray[np.float32], side: int) -> int:
    """Return the cut at which room and median fall most."""
    low, high = side, db.size - side
    while True:
        step = max(1, (high - low) // CUTS)
        best = max(range(low, high, step), key=lambda cut: _fallen(db, cut))
        if step == 1:
            return best
        low, high = max(low, best - step), min(high, best + step)


def _fallen(db: NDArray[np.float32], cut: int) -> float:
    """Return how far room and median fall together at a cut: less by half of what they differ by."""
    room_db, middle_db = _levels(db[:cut]) - _levels(db[cut:])
    return float(min(room_db, middle_db) - abs(room_db - middle_db) / 2)


def _levels(db: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the levels of room and median, from at most some thousand hops."""
    return np.percentile(db[:: 1 + db.size // HOPS], (ROOM_PERCENTILE, 50.0))


def _room(db: NDArray[np.float32]) -> float:
    return float(_levels(db)[0])


def _change(low: NDArray[np.bool_], side: int) -> int:
    """Return the cut that best parts the hops that are seldom low from those that are so more often."""
    cuts = np.arange(side, low.size - side)
    counts = np.cumsum(low, dtype=np.int64)
    before, after = counts[cuts - 1], counts[-1] - counts[cuts - 1]
    likelihood = _log_likelihood(before, cuts) + _log_likelihood(after, low.size - cuts)
    rises = before * (low.size - cuts) <= after * cuts
    return int(cuts[np.argmax(np.where(rises, likelihood, -np.inf))])


def _log_likelihood(hits: NDArray[np.int64], of: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the log-likelihood of Bernoulli trials at their own rate."""
    rate = np.clip(hits / of, 1e-9, 1 - 1e-9)
    return hits * np.log(rate) + (of - hits) * np.log1p(-rate)
