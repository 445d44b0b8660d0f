"""What the wire says of the session itself, kept while the messages pass by.

Sound and words come by the thousand and are not kept here: of the model's answers only the first after each time that
somebody waits for one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from voicediag.session.events import Mark

if TYPE_CHECKING:
    from voicediag.session.events import Direction, MarkKind

# A session of three hours has some hundred; a log of garbage must not fill the memory.
MOST_MARKS = 10_000
# After these somebody waits for the model.
_AWAIT: Final = frozenset({"telephone", "setup", "ready", "asked", "tool-call", "tool-result", "interrupted"})


@dataclass(slots=True)
class Landmarks:
    """Collects marks; beyond `MOST_MARKS` they are dropped."""

    _marks: list[Mark] = field(default_factory=list)
    _last: dict[MarkKind, Mark] = field(default_factory=dict)
    _message: str = ""
    _awaited: bool = False

    def passed(self, direction: Direction, at_s: float, message: str) -> None:
        """Note that a message passed."""
        self._message = message
        kind: MarkKind = "last-up" if direction == "up" else "last-down"
        self._last[kind] = Mark(kind=kind, at_s=at_s, message=message)

    def answered(self, at_s: float, received: int) -> None:
        """Note that something came of the model."""
        if self._awaited:
            self._awaited = False
            self._add(Mark(kind="answered", at_s=at_s, message=self._message, received=received))

    def put(self, kind: MarkKind, at_s: float, *, received: int, **facts: Any) -> None:
        """Note what the last message says."""
        if kind in ("answered", "tool-call"):
            self.answered(at_s, received)
        if kind != "answered":
            self._add(Mark(kind=kind, at_s=at_s, message=self._message, received=received, **facts))
        self._awaited = self._awaited or kind in _AWAIT

    def all(self) -> tuple[Mark, ...]:
        """Return the marks so far, in order of passing, the last message of each direction at the end."""
        return (*self._marks, *self._last.values())

    def _add(self, mark: Mark) -> None:
        if mark.kind == "resumable" and self._marks and self._marks[-1].kind == "resumable":
            # A provider hands out a new handle every few seconds; the newest is the one that counts.
            self._marks[-1] = mark
        elif len(self._marks) < MOST_MARKS:
            self._marks.append(mark)
