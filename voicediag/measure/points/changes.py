"""What happened between two stretches of sound: it came late, is missing, comes again, or changed places."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias

import numpy as np

from voicediag.measure.points.edges import AT_ONCE, BLUR, Edge, edge
from voicediag.measure.points.exact import exact
from voicediag.measure.points.follow import Stretch
from voicediag.measure.points.grid import GRID_HZ, Grid
from voicediag.measure.points.match import FRAME, TINY, Line, Pair, Way, match

Kind: TypeAlias = Literal["late", "never", "repeated", "swapped"]
# Nats by which each side of a change must fit its own lag better than the other's.
LEAST_BACKING = 20.0
# Of a stretch that is missing no more than this share is heard, and it is this loud, in terms of live sound.
MOST_HEARD = 0.45
LEAST_LOUD = 0.002
MOST_LEFT, LEAST_CONCEALED = 0.25, 0.03
LEAST_BLANK = round(0.006 * GRID_HZ)
# The two chunks of a swap are each other's by at least so much.
LEAST_SWAP = 0.6
LEAST_SWAPPED = round(0.008 * GRID_HZ)
# A longer stretch is not there by chance.
DOUBTFUL = round(0.3 * GRID_HZ)
QUIET_SHARE, MOST_QUIET = 10**-3.5, 10**-2.8
# A pause is not much louder than the softest tenth around it.
FLOOR_FACTOR = 3.0
AROUND = 4 * GRID_HZ
LOUD_FRAMES = 4


@dataclass(frozen=True, slots=True)
class Place:
    """A change, in samples of the grid at both points.

    `inserted` samples lie between the sound before and the sound after; `missing` samples of the first point are passed
    over, or come again where it is negative.
    """

    kind: Kind
    received: tuple[float, float]
    played: tuple[float, float]
    inserted: float
    missing: float
    is_in_speech: bool


def changes(pair: Pair, stretches: list[Stretch], *, pause: int) -> tuple[list[Place], list[Stretch]]:
    """Return what happened between stretches in order, and the stretches that were borne out.

    Parameters
    ----------
    pause : int
        Samples of quiet in which a change is no gap in speech.
    """
    kept, edges = _borne_out(pair, stretches)
    places = []
    for before, after, found in zip(kept[:-1], kept[1:], edges, strict=True):
        places.append(_place(pair, before, after, found, pause=pause))
    joined = _swaps([place for place in places if place])
    return joined, kept


def _borne_out(pair: Pair, stretches: list[Stretch]) -> tuple[list[Stretch], list[Edge]]:
    """Return the stretches without those that only chance made, and what lies between them."""
    kept, edges = stretches[:1], list[Edge]()
    for after in stretches[1:]:
        while kept:
            before = kept[-1]
            found = edge(pair, before, after)
            shorter = min(after.end - after.begin, before.end - before.begin)
            if abs(found.step) < AT_ONCE or min(found.before, found.after) >= LEAST_BACKING or shorter > DOUBTFUL:
                kept.append(after)
                edges.append(found)
                break
            if after.end - after.begin <= before.end - before.begin or len(kept) == 1:
                break
            kept.pop()
            edges.pop()
    return kept, edges


def _place(pair: Pair, before: Stretch, after: Stretch, found: Edge, *, pause: int) -> Place | None:
    """Return what lies between two stretches; None where it is nothing."""
    found = exact(pair, found, before.line, after.opening)
    inserted, missing, source = found.inserted, found.missing, found.source
    if abs(found.step) < AT_ONCE:
        if inserted < LEAST_BLANK or not _is_blank(pair, found, before):
            return None
        played, received = (found.end, found.begin), (source, source + inserted)
        if _is_swap(pair, found, before):
            return Place("swapped", received, played, 0.0, 0.0, is_in_speech=True)
        return Place("never", received, played, inserted, missing, is_in_speech=True)
    live = _is_live(pair.first, before, source, max(0.0, missing), pause)
    if abs(missing) <= BLUR and inserted > 0:
        return Place("late", (source, source), (found.end, found.end + inserted), inserted, 0.0, is_in_speech=live)
    if missing > 0:
        received, played = (source, source + missing), (found.end, found.begin)
        return Place("never", received, played, inserted, missing, is_in_speech=live)
    again = (source + missing, source)
    is_live = live or _has_sound(
        pair.first, (round(again[0]), round(again[1])), _gate(pair.first, before.way, round(source))
    )
    return Place("repeated", again, (found.end, found.begin - missing), inserted, missing, is_in_speech=is_live)


def _is_blank(pair: Pair, found: Edge, before: Stretch) -> bool:
    """Tell whether sound is missing where the lag does not fit: it was loud, and little of it is heard."""
    mine, theirs = _beside(pair, found, before.line)
    power, gain = float(np.sum(mine * mine)), before.way.gain
    loud = power * gain**2 / (before.way.live * mine.size + TINY)
    # A codec puts other noise in the place of noise; nobody can tell that from a concealed loss, where it is soft.
    is_quiet = float(np.sum(theirs * theirs)) < MOST_LEFT * power * gain**2
    if loud < (LEAST_LOUD if is_quiet else LEAST_CONCEALED):
        return False
    return float(np.sum(mine * theirs)) / (power + TINY) < MOST_HEARD * gain


def _is_swap(pair: Pair, found: Edge, before: Stretch) -> bool:
    """Tell whether the two halves of what does not fit are each other's."""
    mine, theirs = _beside(pair, found, before.line)
    half, slack = mine.size // 2, BLUR // 2
    if half < LEAST_SWAPPED:
        return False
    sizes = range(max(LEAST_SWAPPED, half - slack), min(mine.size - LEAST_SWAPPED, half + slack) + 1)
    ahead = max((_alike(mine[size:], theirs[: mine.size - size]) for size in sizes), default=0.0)
    behind = max((_alike(mine[:size], theirs[-size:]) for size in sizes), default=0.0)
    return min(ahead, behind) >= LEAST_SWAP


def _alike(mine: np.ndarray, theirs: np.ndarray) -> float:
    return float(np.sum(mine * theirs) / np.sqrt(np.sum(mine**2) * np.sum(theirs**2) + TINY))


def _beside(pair: Pair, found: Edge, line: Line) -> tuple[np.ndarray, np.ndarray]:
    begin, count = round(found.end), round(found.inserted)
    seen = match(pair, begin, count, line)
    return seen.first[:count].astype(np.float64), seen.second[:count].astype(np.float64)


def _is_live(first: Grid, before: Stretch, source: float, missing: float, pause: int) -> bool:
    """Tell whether speech ends and begins so close to a place that the two belong together, or is missing there."""
    at, end = round(source), round(source + missing)
    gate = _gate(first, before.way, at)
    if missing > BLUR and _has_sound(first, (at, end), gate):
        return True
    reach = pause + BLUR
    beside = np.concatenate((first.cut(at - reach, reach), first.cut(end, reach)))
    return _quiet(_powers(beside) <= gate, reach // FRAME) * FRAME < pause


def _gate(first: Grid, way: Way, at: int) -> float:
    """Return the power from which on the first point's sound is no pause."""
    powers = _powers(first.cut(at - AROUND, 2 * AROUND))
    sounding = powers[powers > TINY]
    floor = float(np.percentile(sounding, 10)) if sounding.size else 0.0
    live = way.live / way.gain**2
    return max(QUIET_SHARE * live, min(FLOOR_FACTOR * floor, MOST_QUIET * live))


def _quiet(is_quiet: np.ndarray, place: int) -> int:
    """Return how many quiet frames in a row lie at a place, or as near to it as an edge is blurred."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], is_quiet.astype(int), [0]))))
    near = BLUR // FRAME
    runs = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    return max((end - begin for begin, end in runs if begin <= place + near and end >= place - near), default=0)


def _has_sound(first: Grid, span: tuple[int, int], gate: float) -> bool:
    power = _powers(first.cut(span[0], span[1] - span[0]))
    return int(np.count_nonzero(power > gate)) >= min(LOUD_FRAMES, power.size)


def _powers(sound: np.ndarray) -> np.ndarray:
    frames = sound[: sound.size // FRAME * FRAME].reshape(-1, FRAME)
    return np.asarray(np.mean(frames.astype(np.float64) ** 2, axis=1))


def _swaps(places: list[Place]) -> list[Place]:
    """Return places with those made one that are two chunks in the wrong order: away from the lag, and back to it."""
    out: list[Place] = []
    for place in places:
        out.append(place)
        for count in (3, 2):
            if len(out) >= count and _is_forth_and_back(out[-count:]):
                one = out[-count]
                begin, end = one.played[0], place.played[0] + place.inserted
                received = (
                    one.received[1] - max(0.0, one.missing),
                    one.received[1] - max(0.0, one.missing) + end - begin,
                )
                out[-count:] = [Place("swapped", received, (begin, end), 0.0, 0.0, is_in_speech=True)]
                break
    return out


def _is_forth_and_back(places: list[Place]) -> bool:
    steps = [each.inserted - each.missing for each in places]
    most = max(abs(step) for step in steps)
    length = places[-1].played[0] + places[-1].inserted - places[0].played[0]
    chunk = most / (len(places) - 1)
    back = abs(sum(steps)) <= BLUR and chunk >= LEAST_SWAPPED
    if len(places) == 3:
        return back and steps[0] < 0 < steps[1] and steps[2] < 0 and abs(length - most) <= 2 * BLUR
    return back and chunk <= length <= 2 * (chunk + BLUR)


def turns(stretches: list[Stretch]) -> list[float]:
    """Return where the lag may have changed, on the second point's samples."""
    return [(before.end + after.begin) / 2 for before, after in pairwise(stretches)]
