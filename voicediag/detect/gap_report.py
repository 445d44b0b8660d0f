"""What lies between two taps of one voice, in one answer: what ``voicediag gaps`` and ``vd.gaps`` give."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from voicediag.detect.examination import Examination, Progress
from voicediag.detect.playback import MOST_CUSHION
from voicediag.detect.two_taps import CUSHION_STEP_S, Taps, taps
from voicediag.measure.cushion import knee

if TYPE_CHECKING:
    from voicediag.measure.two_points import Change
    from voicediag.session import Session

Answer: TypeAlias = Literal["gaps", "clear", "unjudged"]
MOST_ROWS = 12


@dataclass(frozen=True, eq=False)
class GapReport:
    """What can be said about two taps of a session.

    Attributes
    ----------
    session : Session
    taps : Taps or None
        The first pair of taps that hold common sound, the agent's before the user's; None where there is no pair.
    reason : str
        Why nothing can be said.
    """

    session: Session
    taps: Taps | None
    reason: str = ""

    @classmethod
    def of(cls, exam: Examination) -> GapReport:
        """Return the report of a session under examination."""
        pairs = exam.once(taps)
        judged = [pair for pair in pairs if pair.is_judged]
        if judged:
            return cls(exam.session, judged[0])
        if pairs:
            names = f"{pairs[0].second.name} holds hardly any of the sound of {pairs[0].first.name}"
            return cls(exam.session, pairs[0], f"{names}: another recording, or one of them is silent")
        return cls(exam.session, None, "the session has no two taps of one voice")

    @property
    def answer(self) -> Answer:
        """The verdict in a word."""
        if self.reason:
            return "unjudged"
        return "gaps" if self.changes else "clear"

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """What is heard of the changes."""
        return self.taps.changes if self.taps and not self.reason else ()

    def of_kind(self, kind: str) -> list[Change]:
        """Return the changes of one kind."""
        return [change for change in self.changes if change.kind == kind]

    @cached_property
    def ladder(self) -> tuple[tuple[int, int], ...]:
        """How many of the late gaps a cushion of so many milliseconds covers, up to all of them."""
        sizes = np.array([round(change.inserted_s, 3) for change in self.of_kind("late")])
        if not sizes.size:
            return ()
        steps = np.ceil(sizes / CUSHION_STEP_S - 1e-6).astype(int)
        rows = np.unique(steps)
        chosen = rows if rows.size <= MOST_ROWS else rows[np.linspace(0, rows.size - 1, MOST_ROWS).round().astype(int)]
        return tuple((round(1_000 * CUSHION_STEP_S * step), int((steps <= step).sum())) for step in chosen.tolist())

    @cached_property
    def cushion(self) -> tuple[int, int] | None:
        """The cushion that is worth its wait, in ms, and how many late gaps it covers; None where none helps."""
        sizes = np.array([round(change.inserted_s, 3) for change in self.of_kind("late")])
        best = knee(sizes, most_s=MOST_CUSHION.value)
        return (round(1_000 * best.cushion_s), best.covered) if best and best.cushion_s is not None else None


def gaps(session: Session, *, progress: Progress | None = None) -> GapReport:
    """Return where the sound of one tap does not go on at the next one: late, never, repeated or swapped.

    Parameters
    ----------
    session : Session
        With two taps of one voice, such as ``agent-received`` and ``agent-played``.
    progress : callable, optional
        Called with (seconds read, seconds in all).
    """
    return GapReport.of(Examination(session, progress))
