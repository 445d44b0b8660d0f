"""The machine behind every simulated VAD: two thresholds, a wait before a start, a wait before a stop.

It runs any number of settings over any number of tracks at once, since a sweep asks for thousands. Windows between the
two thresholds neither begin nor end anything; once silence has begun, only a window over the upper one takes it back,
as in Silero's VADIterator.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from voicediag.measure._filters import Samples

SLACK: Final = 1e-9
"""A wait of exactly n windows is no n + 1 because of its last bit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a VAD does, in windows, and how it words it, in seconds.

    Attributes
    ----------
    on, off : float
        A window of at least `on` is speech, one under `off` is silence.
    start_windows : int
        How many windows in a row must be speech before a start is committed, that one included.
    silent_windows : int
        How many windows after the first silent one it waits before a stop is committed.
    start_shift_s : float
        What is added to the first window's begin for the start that is reported; never before 0 s.
    stop_shift_s : float
        What is added to the first silent window's begin for the stop.
    """

    on: float
    off: float
    start_windows: int = 1
    silent_windows: int = 0
    start_shift_s: float = 0.0
    stop_shift_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A start or a stop of one phase under one of the rules, in windows.

    Attributes
    ----------
    phase, rule : int
    begins : bool
        Whether it is a start.
    since : int
        The window with which the speech or the silence began.
    known : int
        The window after which it is known.
    """

    phase: int
    rule: int
    begins: bool
    since: int
    known: int


def windows(wait_s: float, step_s: float) -> int:
    """Return how many windows it takes until a wait is over."""
    return math.ceil(wait_s / step_s - SLACK)


def changes(probability: Samples, rules: Sequence[Rules]) -> Iterator[Change]:
    """Yield every start and stop, in the order in which they are known.

    Parameters
    ----------
    probability : float32, shape (phases, windows)
    rules : sequence of Rules
    """
    on, off = (np.array([getattr(rule, name) for rule in rules], np.float64) for name in ("on", "off"))
    least = np.array([max(1, rule.start_windows) for rule in rules])
    waits = np.array([rule.silent_windows for rule in rules])
    cells = (len(probability), len(rules))
    talking, loud_for, silent_since = np.zeros(cells, bool), np.zeros(cells, int), np.full(cells, -1)
    for now, heard in enumerate(probability.astype(np.float64).T):
        loud, soft = heard[:, None] >= on, heard[:, None] < off
        loud_for = (loud_for + 1) * loud
        silent_since[loud] = -1
        silent_since[soft & talking & (silent_since < 0)] = now
        starts = ~talking & (loud_for >= least)
        stops = soft & talking & (now - silent_since >= waits)
        if starts.any():
            yield from _told(starts, now - loud_for + 1, now, begins=True)
        if stops.any():
            yield from _told(stops, silent_since, now, begins=False)
            silent_since[stops] = -1
        talking ^= starts | stops


def _told(which: NDArray[np.bool_], since: NDArray[np.int_], now: int, *, begins: bool) -> Iterator[Change]:
    for phase, rule in np.argwhere(which).tolist():
        yield Change(phase=phase, rule=rule, begins=begins, since=int(since[phase, rule]), known=now)
