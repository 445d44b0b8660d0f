"""Where a track becomes lower and stays so: voice and room at one moment.

What is measured
    The cut of a track after which both its loud and its quiet hops are lower by the most, and by how much each.
Method
    The voice is the level that a tenth of the hops exceed, the room the one that nine tenths do. The cut is searched
    coarsely and then between its neighbours by the lesser of the two falls, which is flat up to the moment itself; the
    moment is then the most likely change in how often a hop lies below the middle of the room's fall (a Bernoulli
    change point, Hinkley and Hinkley 1970).
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Fall:
    """A moment after which everything is lower.

    Attributes
    ----------
    at_s : float
        Seconds from the track's first hop: the first pause after the fall, where the room is heard again.
    voice_before_dbfs, voice_after_dbfs : float
    room_fall_db : float
    low_before : float
        Share of the hops before the moment that were as low as those after it.
    """

    at_s: float
    voice_before_dbfs: float
    voice_after_dbfs: float
    room_fall_db: float
    low_before: float

    @property
    def voice_fall_db(self) -> float:
        """By how much the voice fell."""
        return self.voice_before_dbfs - self.voice_after_dbfs


def largest_fall(rms: NDArray[np.float32], *, hop_s: float, side_s: float) -> Fall | None:
    """Return where voice and room fall most, or None for a track too short to have two sides.

    Parameters
    ----------
    rms : float32, shape (hops,), linear
    hop_s : float
    side_s : float
        Least time on either side of the fall.
    """
    live = np.flatnonzero(rms > SILENT)
    db = 20 * np.log10(rms[live])
    side = round(side_s / hop_s)
    if db.size <= 2 * side:
        return None
    (room, voice), (room_after, voice_after) = _sides(db, _best_cut(db, side))
    low = db < (room + room_after) / 2
    moment = _change(low, side)
    return Fall(
        at_s=float(live[moment]) * hop_s,
        voice_before_dbfs=float(voice),
        voice_after_dbfs=float(voice_after),
        room_fall_db=float(room - room_after),
        low_before=float(low[:moment].mean()),
    )


def _best_cut(db: NDArray[np.float32], side: int) -> int:
    """Return the cut at which the lesser of the two falls is largest."""
    low, high = side, db.size - side
    while True:
        step = max(1, (high - low) // CUTS)
        best = max(range(low, high, step), key=lambda cut: float(np.subtract(*_sides(db, cut)).min()))
        if step == 1:
            return best
        low, high = max(low, best - step), min(high, best + step)


def _sides(db: NDArray[np.float32], cut: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return room and voice before and after a cut, from at most some thousand hops on either side."""
    before, after = db[: cut : 1 + cut // HOPS], db[cut :: 1 + (db.size - cut) // HOPS]
    return np.percentile(before, (10, 90)), np.percentile(after, (10, 90))


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
