"""Where a voice becomes softer and stays so, whatever the room under it does.

What is measured
    The moment that best parts louder from softer speech, and by how much the two differ.
Method
    Levels of stretches of a third of a second, each what a quarter of its hops exceed: a syllable, and not the pause
    beside it. The moment is where the means of either side differ most for their number (a change point of Gaussian
    levels, Hawkins 1977). How clearly it parts them is what lies between the softer quarter before and the louder
    quarter after. The room of either side is what nine tenths of its hops exceed.
Conventions
    Levels are RMS of hops, linear, as in `measure.levels`; falls are positive dB. Digital silence is no room.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voicediag.measure.fall import ROOM_PERCENTILE, SILENT
from voicediag.spans import Span

STRETCH_S = 0.3
SYLLABLE_PERCENTILE = 75.0


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceFall:
    """A moment from which on a voice is softer.

    Attributes
    ----------
    at_s : float
        Where the first softer stretch begins, in seconds from the track's first hop.
    fall_db : float
        Between the medians of either side.
    apart_db : float
        Between the softer quarter before and the louder quarter after; negative where the two overlap.
    room_fall_db : float or None
        By how much the room is lower; None where one side has none.
    """

    at_s: float
    fall_db: float
    apart_db: float
    room_fall_db: float | None


def largest_voice_fall(
    rms: NDArray[np.float32], spans: Iterable[Span], *, hop_s: float, side_s: float
) -> VoiceFall | None:
    """Return where a voice falls most, or None where too little is said to have two sides.

    Parameters
    ----------
    rms : float32, shape (hops,), linear
    spans : iterable of Span
        Where the voice speaks, from the track's first hop.
    hop_s : float
    side_s : float
        Least time of speech on either side.
    """
    times, db = _stretches(rms, spans, hop_s)
    side = max(1, round(side_s / STRETCH_S))
    if db.size < 2 * side:
        return None
    cut = _change(db, side)
    before, after = db[:cut], db[cut:]
    at_s = float(times[cut])
    return VoiceFall(
        at_s=at_s,
        fall_db=float(np.median(before) - np.median(after)),
        apart_db=float(np.percentile(before, 25) - np.percentile(after, 75)),
        room_fall_db=_room_fall(rms, round(at_s / hop_s)),
    )


def _stretches(
    rms: NDArray[np.float32], spans: Iterable[Span], hop_s: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return when each stretch of speech begins, and its level in dB."""
    size = round(STRETCH_S / hop_s)
    hops = (range(round(span.start_s / hop_s), min(round(span.end_s / hop_s), rms.size)) for span in spans)
    starts = [start for span in hops for start in span[: len(span) // size * size : size]]
    if not starts:
        return np.zeros(0), np.zeros(0)
    levels = np.percentile(rms[np.add.outer(starts, np.arange(size))], SYLLABLE_PERCENTILE, axis=1)
    return np.array(starts) * hop_s, 20 * np.log10(np.maximum(levels, SILENT))


def _change(db: NDArray[np.float64], side: int) -> int:
    """Return the cut at which the mean falls most for the number of stretches on either side."""
    cuts = np.arange(side, db.size - side + 1)
    sums = np.cumsum(db)
    before, after = sums[cuts - 1] / cuts, (sums[-1] - sums[cuts - 1]) / (db.size - cuts)
    return int(cuts[np.argmax((before - after) * np.sqrt(cuts * (db.size - cuts)))])


def _room_fall(rms: NDArray[np.float32], hop: int) -> float | None:
    before, after = (side[side > SILENT] for side in (rms[:hop], rms[hop:]))
    if not before.size or not after.size:
        return None
    return float(20 * np.log10(np.percentile(before, ROOM_PERCENTILE) / np.percentile(after, ROOM_PERCENTILE)))
