"""How the sound of a device was captured, as its recorder noted it for each chunk.

That no chunk is missing does not say that no sound is: where an audio thread stands still, its clock does too, and the
frames after it follow without a seam. Only a second clock shows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from voicediag.session.clock import seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """A moment that the user marked while the session went on, and what was written beside it."""

    at_s: float
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CaptureLog:
    """Chunks in the order in which they came; each array has the shape (chunks,).

    Attributes
    ----------
    t_ns : int64
        When each one came to the recorder, on its monotonic clock from the session's start.
    sequence : int64
        Its number by the sender.
    frame, frames : int64
        Its first frame in the tracks, and how many it has.
    wall_ms, sent_ms : float64
        Milliseconds since 1970 by the capturing machine: when it was full, and when it was sent.
    told : tuple of mapping
        The other lines: how the capture began (``begin``), its context's own times (``context``), the moments that the
        user marked (``mark``), its ``end``.
    """

    t_ns: NDArray[np.int64]
    sequence: NDArray[np.int64]
    frame: NDArray[np.int64]
    frames: NDArray[np.int64]
    wall_ms: NDArray[np.float64]
    sent_ms: NDArray[np.float64]
    told: tuple[Mapping[str, Any], ...] = ()

    def first(self, kind: str) -> Mapping[str, Any]:
        """Return what the first line of a kind says; nothing where there is none."""
        return next((line[kind] for line in self.told if kind in line), {})

    @property
    def flags(self) -> tuple[Flag, ...]:
        """The moments that the user marked, in order."""
        told = ((line["t_ns"], line["mark"].get("text", "")) for line in self.told if "mark" in line)
        flags = (Flag(at_s=seconds(t_ns), text=text if isinstance(text, str) else "") for t_ns, text in told)
        return tuple(sorted(flags, key=lambda flag: flag.at_s))

    def lines(self) -> Iterator[Mapping[str, Any]]:
        """Yield the log's lines in order of time."""
        told = list(self.told)
        columns = (self.t_ns, self.sequence, self.frame, self.frames, self.wall_ms, self.sent_ms)
        for t_ns, *chunk in zip(*(column.tolist() for column in columns), strict=True):
            while told and told[0]["t_ns"] < t_ns:
                yield told.pop(0)
            yield {"t_ns": t_ns, "chunk": chunk}
        yield from told
