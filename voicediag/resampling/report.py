"""What the bench hands back: all that it measured, with the verdict in words."""

from __future__ import annotations

from dataclasses import dataclass

from voicediag.resampling import verdict
from voicediag.resampling.measured import Measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Report(Measured):
    """What became of the test signals, and what that means for voice; see `Measured` for its numbers."""

    @property
    def sentence(self) -> str:
        """The verdict in a line or two."""
        return verdict.sentence(self)

    @property
    def remedy(self) -> str:
        """What to change first."""
        return verdict.remedy(self)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is worth knowing and is not graded."""
        return tuple(verdict.notes(self))
