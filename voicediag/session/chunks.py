"""When each chunk of sound passed, and which of the agent's belong to one answer.

Between two chunks of an answer nobody says anything about turns or tools: whoever plays them must not fall silent
there.
"""

from __future__ import annotations

import itertools
from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from voicediag.session.events import CueKind, MarkKind

# A day of 20 chunks a second; a log of garbage must not fill the memory.
MOST_CHUNKS: Final = 2_000_000
# What comes in the middle of an answer and says nothing of it.
_PASSING: Final = frozenset({"resumable", "slip", "going-away"})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chunks:
    """Sound of one voice as it passed the wire, in order of passing.

    Attributes
    ----------
    rate_hz : int
    at_s : float64, shape (chunks,)
        When each one passed, on the session clock.
    firsts, ends : int64, shape (chunks,)
        Its frames in the stream, half-open.
    answers : int64, shape (chunks,)
        The number of the answer that it belongs to.
    ended : bool
        Whether the wire says where an answer ends, which a telephone's does not; otherwise `answers` may hold several
        in one.
    """

    rate_hz: int
    at_s: NDArray[np.float64]
    firsts: NDArray[np.int64]
    ends: NDArray[np.int64]
    answers: NDArray[np.int64]
    ended: bool

    def each_answer(self) -> list[slice]:
        """Return which chunks belong to each answer."""
        edges = [0, *(np.flatnonzero(np.diff(self.answers)) + 1).tolist(), self.at_s.size]
        return [slice(low, high) for low, high in itertools.pairwise(edges) if high > low]


@dataclass(slots=True)
class ChunkLog:
    """Collects chunks while the messages pass by; beyond `MOST_CHUNKS` they are dropped."""

    _rate_hz: int = 0
    _at_s: array[float] = field(default_factory=lambda: array("d"))
    _frames: array[int] = field(default_factory=lambda: array("q"))
    _answers: array[int] = field(default_factory=lambda: array("q"))
    _answer: int = 0
    _ended: bool = False
    _untold: bool = False

    def came(self, at_s: float, first: int, end: int, *, rate_hz: int) -> None:
        """Take frames `first` to `end` of the stream that came at `at_s`."""
        if len(self._at_s) < MOST_CHUNKS:
            self._rate_hz = self._rate_hz or rate_hz
            self._at_s.append(at_s)
            self._frames.extend((first, end))
            self._answers.append(self._answer)

    def said(self, kind: CueKind | MarkKind) -> None:
        """Take that something else was said, after which sound belongs to another answer."""
        # A telephone's wire tells of clears only, and those lie amid answers.
        self._untold = self._untold or kind == "telephone"
        if kind not in _PASSING:
            self._answer += 1
            # An interruption alone is told over a telephone too, where nobody says when an answer is whole.
            self._ended = self._ended or kind == "turn-complete"

    def all(self) -> Chunks | None:
        """Return the chunks so far; None where there are none."""
        if not self._at_s:
            return None
        frames = np.array(self._frames, np.int64).reshape(-1, 2)
        return Chunks(
            rate_hz=self._rate_hz,
            at_s=np.array(self._at_s, np.float64),
            firsts=frames[:, 0],
            ends=frames[:, 1],
            answers=np.array(self._answers, np.int64),
            ended=self._ended and not self._untold,
        )
