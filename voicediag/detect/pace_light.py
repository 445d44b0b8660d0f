"""The pace of a call that is under way: what is told of it the moment it happens, in both directions.

It takes what passes the wire, one message after the other, and keeps nothing of it. `bad-pacing` and `starved-playback`
judge the whole of a session; this says when something begins, while it can still be heard.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from voicediag.detect.pacing_kinds import LEAST_GAINED, LEAST_SLOPE, LEAST_STALL
from voicediag.detect.playback import CUSHION
from voicediag.measure.pace_watch import PaceEvent, PaceWatch

if TYPE_CHECKING:
    from collections.abc import Iterable

    from voicediag.session.events import Direction

NOT_TOLD_UP = frozenset({"gap"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceNow:
    """What happened, and on which way."""

    direction: Direction
    event: PaceEvent


def _watch() -> PaceWatch:
    return PaceWatch(
        cushion_s=CUSHION.value,
        stall_s=LEAST_STALL.value,
        slope=LEAST_SLOPE.value,
        gained_s=LEAST_GAINED.value,
    )


@dataclass(slots=True)
class PaceLight:
    """Follows a session's wire as it grows."""

    _up: PaceWatch = field(default_factory=_watch)
    _down: PaceWatch = field(default_factory=_watch)

    def sounded(self, direction: Direction, at_s: float, length_s: float) -> list[PaceNow]:
        """Take sound that passed; return what it tells."""
        watch = self._up if direction == "up" else self._down
        return _now(direction, watch.came(at_s, length_s))

    def said(self) -> None:
        """Know that something was said of turns or tools: what comes of the agent next is another answer."""
        self._down.ended()

    def looked(self, now_s: float) -> list[PaceNow]:
        """Return what it tells that nothing has passed until `now_s`; the agent may well be silent."""
        return _now("up", self._up.looked(now_s))


def _now(direction: Direction, events: Iterable[PaceEvent]) -> list[PaceNow]:
    """Return events as those of a direction; the model is no player, and the microphone's sound has no gaps for it."""
    told = (event for event in events if direction == "down" or event.kind not in NOT_TOLD_UP)
    return [PaceNow(direction=direction, event=event) for event in told]
