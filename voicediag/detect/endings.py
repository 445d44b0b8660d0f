"""How each connection of a wire log began and ended, and whether the app came back."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from voicediag.detect import wire

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicediag.session import Mark, Session, Track

# A normal end, and no code at all (RFC 6455, 7.4.1).
# What is still under way when a connection closes is here by then.
LATER_S: Final = 1.0
ASKED_FOR: Final = frozenset({"", "0", "1000", "1005"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """One connection.

    Attributes
    ----------
    marks : tuple of Mark
        What passed on it.
    closed : Mark or None
        Its close, where the log has one.
    back : Mark or None
        The next setup, where there is one.
    survived : bool
        Whether more came down afterwards without a setup: another connection stood by then.
    """

    marks: tuple[Mark, ...]
    closed: Mark | None
    back: Mark | None = None
    survived: bool = False

    @property
    def began(self) -> Mark:
        """Where it began, as far as the log goes."""
        return wire.first(self.marks, "setup", "ready") or self.marks[0]

    @property
    def end_s(self) -> float:
        """When it ended, or its last mark passed."""
        return self.closed.at_s if self.closed else max(mark.at_s for mark in self.marks)

    @property
    def age_s(self) -> float:
        """How long it lasted."""
        return max(0.0, self.end_s - self.began.at_s)

    @property
    def expired(self) -> Mark | None:
        """What the provider said of the session's time when it was over; a notice before it bears no name."""
        return next((mark for mark in self.marks if mark.kind == "going-away" and mark.name), None)

    @property
    def due_s(self) -> float | None:
        """When the session would end, as the provider said at its start."""
        said = [mark for mark in self.marks if mark.kind == "ready" and mark.left_s is not None]
        return said[-1].at_s + (said[-1].left_s or 0.0) if said else None

    @property
    def refused(self) -> bool:
        """Whether a setup was asked for and never agreed to."""
        return wire.first(self.marks, "setup") is not None and wire.first(self.marks, "ready", "answered") is None

    @property
    def handle(self) -> Mark | None:
        """The last handle to take the session up with."""
        return wire.first(reversed(self.marks), "resumable")

    def gap_s(self, session: Session) -> float:
        """How long nobody was connected, as far as the recording goes."""
        last_s = max(session.duration_s, wire.end_s(session.marks))
        return max(0.0, (self.back.at_s if self.back else last_s) - self.end_s)

    def then(self, session: Session) -> str:
        """Return what the app did next, in words."""
        if self.back is None:
            return "the app did not connect again"
        return f"the app was connected again after {self.gap_s(session):.1f} s"


def all_of(marks: tuple[Mark, ...]) -> Iterator[Ending]:
    """Yield the connections of a log, one after the other; those that overlap count as one."""
    begin, backs = 0, [index for index, mark in enumerate(marks) if mark.kind in ("setup", "ready")]
    last_s = max((mark.at_s for mark in marks if mark.kind == "last-down"), default=0.0)
    for index, mark in enumerate(marks):
        if mark.kind != "closed":
            continue
        # Both ends may note one and the same close.
        if begin == 0 or _told(marks[begin:index]):
            next_one = bisect_right(backs, index)
            back = marks[backs[next_one]] if next_one < len(backs) else None
            survived = back is None and last_s > mark.at_s + LATER_S
            yield Ending(marks=marks[begin : index + 1], closed=mark, back=back, survived=survived)
        begin = index + 1
    if rest := _told(marks[begin:]):
        yield Ending(marks=rest, closed=None)


def _told(marks: tuple[Mark, ...]) -> tuple[Mark, ...]:
    """Return the marks that say more than that something passed."""
    return tuple(mark for mark in marks if mark.kind not in wire.PASSED)


def heard_on(session: Session) -> Track | None:
    """Return the track on which somebody is heard talking into a connection that is gone."""
    return session.first("user-captured", "agent-played")
