"""How much of the user's sound went up in each second of the session."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import floor
from typing import TYPE_CHECKING

from voicediag.session.clock import LONGEST_S

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Frames that were sent, by the whole second in which they passed.

    Attributes
    ----------
    rate_hz : int
        At which they were declared.
    frames : mapping of second to frames
    """

    rate_hz: int
    frames: Mapping[int, int]


@dataclass(slots=True)
class PaceMeter:
    """Counts the frames of each second; of another rate than the first they are left out."""

    rate_hz: int | None = None
    _frames: dict[int, int] = field(default_factory=dict)

    def sent(self, at_s: float, frames: int, rate_hz: int) -> None:
        """Note that `frames` passed at `at_s`."""
        self.rate_hz = self.rate_hz or rate_hz
        if rate_hz == self.rate_hz and 0 <= at_s <= LONGEST_S:
            second = floor(at_s)
            self._frames[second] = self._frames.get(second, 0) + frames

    def result(self) -> Pace | None:
        """Return what was counted so far; None where nothing was."""
        return Pace(rate_hz=self.rate_hz, frames=dict(self._frames)) if self.rate_hz and self._frames else None
