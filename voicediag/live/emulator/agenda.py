"""What a service will do, and when: its actions in order of time, on a clock that somebody else holds.

A service is asked `advance(now_s)` and answers what is due. So a conversation of minutes takes no time in a test, and
its own time with a client.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Send this message."""

    message: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """Close the connection with this code and reason."""

    code: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Abort:
    """Break the connection without a word."""


Action: TypeAlias = Send | Close | Abort
Step: TypeAlias = Callable[[float], Iterable[Action]]


@dataclass(order=True, slots=True)
class _Entry:
    at_s: float
    number: int
    step: Step = field(compare=False)
    spoken: bool = field(compare=False)


@dataclass(slots=True)
class Agenda:
    """Steps that are due at a moment; those of equal moments run in the order in which they were added."""

    _entries: list[_Entry] = field(default_factory=list)
    _count: int = 0

    @property
    def next_s(self) -> float | None:
        """When the next step is due."""
        return self._entries[0].at_s if self._entries else None

    def add(self, at_s: float, step: Step, *, spoken: bool = False) -> None:
        """Run `step` at `at_s`; `spoken` steps are those of a reply, which `hush` forgets."""
        heapq.heappush(self._entries, _Entry(at_s, self._count, step, spoken))
        self._count += 1

    def hush(self) -> bool:
        """Forget what is left of a reply; return whether anything was."""
        kept = [entry for entry in self._entries if not entry.spoken]
        forgot = len(kept) < len(self._entries)
        self._entries = kept
        heapq.heapify(self._entries)
        return forgot

    def due(self, now_s: float) -> list[Action]:
        """Run what is due by `now_s`, each step at its own moment, and return what came of it."""
        actions: list[Action] = []
        while self._entries and self._entries[0].at_s <= now_s:
            entry = heapq.heappop(self._entries)
            actions += entry.step(entry.at_s)
        return actions
