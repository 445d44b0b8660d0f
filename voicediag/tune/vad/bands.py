"""One answer out of several phases: where they agree, and how far apart they are where they do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from voicediag.tune.vad.events import Event, Events

Range: TypeAlias = tuple[float, float]
Turn: TypeAlias = "tuple[Event, Event | None]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A turn as the phases report it, or turns that some of them take for one. Ranges are least and most.

    Attributes
    ----------
    turns : tuple of int
        How many of them a phase reports.
    phases : int
        How many phases report any.
    start_s, start_known_s : tuple of float
        Of the first start of each phase.
    stop_s, stop_known_s : tuple of float or None
        Of the last stop of each phase; None where one of them has not stopped by the end.
    """

    turns: tuple[int, int]
    phases: int
    start_s: Range
    start_known_s: Range
    stop_s: Range | None
    stop_known_s: Range | None


def bands(runs: Sequence[Events]) -> tuple[Band, ...]:
    """Return the turns of all phases, those together that overlap."""
    turns = sorted(
        ((turn, phase) for phase, events in enumerate(runs) for turn in _turns(events)),
        key=lambda one: one[0][0].known_s,
    )
    groups: list[list[tuple[Turn, int]]] = []
    open_until_s = float("-inf")
    for turn, phase in turns:
        # Known times, as those that are reported overlap within one phase.
        if not groups or turn[0].known_s > open_until_s:
            groups.append([])
        groups[-1].append((turn, phase))
        open_until_s = max(open_until_s, turn[1].known_s if turn[1] else float("inf"))
    return tuple(_band(group, len(runs)) for group in groups)


def starts(runs: Sequence[Events]) -> tuple[int, int]:
    """Return how many starts a phase reports, least and most."""
    counts = [sum(event.kind == "start" for event in events) for events in runs]
    return min(counts, default=0), max(counts, default=0)


def _turns(events: Events) -> list[Turn]:
    stops = [*events[1::2], None]
    return list(zip(events[::2], stops, strict=False))


def _band(group: list[tuple[Turn, int]], phases: int) -> Band:
    of_phase: dict[int, list[Turn]] = {}
    for turn, phase in group:
        of_phase.setdefault(phase, []).append(turn)
    counts = [len(of_phase.get(phase, ())) for phase in range(phases)]
    first = [turns[0][0] for turns in of_phase.values()]
    last = [turns[-1][1] for turns in of_phase.values()]
    stops = [stop for stop in last if stop is not None]
    ended = len(stops) == len(last)
    return Band(
        turns=(min(counts), max(counts)),
        phases=len(of_phase),
        start_s=_range([event.time_s for event in first]),
        start_known_s=_range([event.known_s for event in first]),
        stop_s=_range([event.time_s for event in stops]) if ended else None,
        stop_known_s=_range([event.known_s for event in stops]) if ended else None,
    )


def _range(values: Sequence[float]) -> Range:
    return min(values), max(values)
