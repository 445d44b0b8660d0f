"""The pace of a stream while it comes: gaps, stalls and falling behind, told as they happen, in constant memory.

What is measured
    What `arrival` and `pacing` read of a whole stream, of one that goes on: each chunk is taken when it comes, and
    nothing is kept but the lateness of the last windows.
Formula
    A gap: the player that waits `cushion_s` has nothing left when a chunk comes, told with that chunk. A stall: nothing
    for `stall_s` longer than the sound before it lasts, told by the first look after that, or with the next chunk.
    Falling behind: the slope (Theil-Sen) of the least lateness of the last `WINDOWS` windows, told when it exceeds
    `slope` and adds up to `gained_s` within them, and again when it no longer does.
Conventions
    Seconds, chunks in order of passing; `ended` says that what comes next is another utterance.
Differences
    Whether there was speech at a gap nobody knows here: a pause counts as a gap, as it does not for `starved-playback`.
Latency
    A gap is told with the chunk that ends it, since until then the answer may be over. A stall is told by the first
    look after `stall_s`; of a stream that may pause, with the next chunk. Falling behind is told within `WINDOW_S` of
    the moment at which it adds up to `gained_s`, where it is not the first `LEAST_WINDOWS` that are waited for.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

import numpy as np

Kind: TypeAlias = Literal["gap", "stall", "behind", "recovered"]
# What a window decides is told at its end: a fifth of a second after it happened at the latest.
WINDOW_S: Final = 0.2
WINDOWS: Final = 50
LEAST_WINDOWS: Final = 12
# Of the windows' spread about the slope: jitter of a tenth of a second makes slopes of short stretches too.
CLEAR_OF_JITTER: Final = 8.0
LEAST_GAP_S: Final = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceEvent:
    """What just happened.

    Attributes
    ----------
    kind : {"gap", "stall", "behind", "recovered"}
    at_s : float
        When it began.
    size : float
        Of a gap or a stall its seconds so far; of falling behind the seconds of lateness that each second adds.
    """

    kind: Kind
    at_s: float
    size: float


@dataclass(slots=True, kw_only=True)
class PaceWatch:
    """Follows one stream.

    Parameters
    ----------
    cushion_s : float
        Of the player whose gaps are told; 0 for a player's own log.
    stall_s : float
    slope, gained_s : float
        From which slope on, where it adds up to so much, a stream falls behind.
    """

    cushion_s: float = 0.1
    stall_s: float = 0.5
    slope: float = 0.005
    gained_s: float = 0.1
    _began_s: float | None = None
    _due_s: float = 0.0
    _behind_s: float = 0.0
    _stalled: bool = False
    _falls: bool = False
    _window: int = -1
    _lately: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=WINDOWS))

    def came(self, at_s: float, length_s: float) -> list[PaceEvent]:
        """Take a chunk of `length_s` that came at `at_s`; return what that tells."""
        if self._began_s is None:
            self._began_s = self._due_s = at_s
        late_s = at_s - self._due_s
        events = [*self._stall(at_s), *self._gap(at_s, late_s), *self._drift(at_s, late_s)]
        self._stalled = False
        self._due_s += length_s
        return events

    def looked(self, now_s: float) -> list[PaceEvent]:
        """Return what it tells that nothing has come until `now_s`; of use where sound never pauses."""
        return [] if self._began_s is None else self._stall(now_s)

    def ended(self) -> None:
        """Know that what comes next is another utterance."""
        self._began_s, self._behind_s, self._window, self._stalled = None, 0.0, -1, False
        self._lately.clear()

    def _stall(self, now_s: float) -> list[PaceEvent]:
        if self._stalled or now_s - self._due_s - self._late_before() < self.stall_s:
            return []
        self._stalled = True
        began_s = self._due_s + self._late_before()
        return [PaceEvent(kind="stall", at_s=began_s, size=now_s - began_s)]

    def _late_before(self) -> float:
        """Return how late the stream is: the least lateness of its last window."""
        return max(0.0, self._lately[-1][1]) if self._lately else 0.0

    def _gap(self, at_s: float, late_s: float) -> list[PaceEvent]:
        behind_s = max(self._behind_s, late_s - self.cushion_s)
        gap_s, self._behind_s = behind_s - self._behind_s, behind_s
        return [PaceEvent(kind="gap", at_s=at_s - gap_s, size=gap_s)] if gap_s >= LEAST_GAP_S - 1e-9 else []

    def _drift(self, at_s: float, late_s: float) -> list[PaceEvent]:
        window = int((self._due_s - (self._began_s or 0.0)) / WINDOW_S + 1e-9)
        if window == self._window and self._lately:
            if late_s < self._lately[-1][1]:
                self._lately[-1] = (at_s, late_s)
            return []
        events = self._told(at_s)
        self._window = window
        self._lately.append((at_s, late_s))
        return events

    def _told(self, at_s: float) -> list[PaceEvent]:
        """Return whether the stream began to fall behind, or no longer does, by the windows that are whole."""
        if len(self._lately) < LEAST_WINDOWS:
            return []
        times, least = np.array(self._lately).T
        first, second = np.triu_indices(times.size, 1)
        apart = np.maximum(times[second] - times[first], 1e-9)
        slope = float(np.median((least[second] - least[first]) / apart))
        rest = least - slope * times
        spread_s = float(np.median(np.abs(rest - np.median(rest))))
        gained_s = slope * float(times[-1] - times[0])
        falls = slope >= self.slope and gained_s >= max(self.gained_s, CLEAR_OF_JITTER * spread_s)
        if falls == self._falls:
            return []
        self._falls = falls
        return [PaceEvent(kind="behind" if falls else "recovered", at_s=at_s, size=slope)]
