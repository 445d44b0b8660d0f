"""What both sides said, as the provider writes it down; the last lines of it."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from voicediag.protocols.events import Words

# A page keeps what it was told; what it missed is in the session.
MOST_LINES: Final = 12
LONGEST: Final = 600


@dataclass(slots=True)
class _Line:
    id: int
    role: Literal["user", "agent", "note"]
    text: str = ""
    cut: bool = False


class Captions:
    """Collects words into lines: one for each side's turn."""

    def __init__(self) -> None:
        self._lines: deque[_Line] = deque(maxlen=MOST_LINES)
        self._open: dict[str, _Line] = {}
        self._count = 0

    def words(self, words: Words) -> None:
        """Take words of a transcript."""
        line = self._open.get(words.role)
        if line is None and words.text.strip():
            line = self._open[words.role] = self._added(words.role)
        if line is not None:
            line.text = (line.text + words.text)[-LONGEST:]
        if words.done:
            self._open.pop(words.role, None)
        elif words.role == "agent":
            # Who answers has heard the other out.
            self._open.pop("user", None)

    def cue(self, kind: str) -> None:
        """Take what was said about turn-taking."""
        if kind in {"interrupted", "turn-complete"} and (line := self._open.pop("agent", None)):
            line.cut = kind == "interrupted"

    def note(self, kind: str, said: str) -> None:
        """Take something of the session itself."""
        self._added("note").text = f"{kind}: {said}"[:LONGEST]

    def read(self) -> list[dict[str, Any]]:
        """Return the last lines."""
        return [asdict(line) for line in self._lines]

    def _added(self, role: Literal["user", "agent", "note"]) -> _Line:
        self._count += 1
        line = _Line(self._count, role)
        self._lines.append(line)
        return line
