"""``capture.jsonl``: when each chunk of a device's sound was captured, sent and written, one JSON object a line.

``{"t_ns", "chunk": [sequence, frame, frames, wall_ms, sent_ms]}`` for each chunk, and a line each for what the capture
began with (``begin``), for its context's times once a second (``context``), for each moment that was marked (``mark``)
and for its end (``end``).
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from voicediag.errors import InputError
from voicediag.formats import wire_line
from voicediag.session.capture_log import CaptureLog
from voicediag.session.chunks import MOST_CHUNKS
from voicediag.session.clock import LONGEST_S, NANOSECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from voicediag.session import SessionBuilder

# A day of one line a second, and its beginning and end.
MOST_LINES: Final = 100_000
KINDS: Final = ("begin", "context", "mark", "end")
# What one of those lines holds at most: entries, and letters of each.
MOST_TOLD: Final = 40
LONGEST_TEXT: Final = 300
_WHOLE, _TIMES = 3, 2


@dataclass(slots=True)
class _Columns:
    """The chunks' numbers, collected."""

    whole: array[int] = field(default_factory=lambda: array("q"))
    times: array[float] = field(default_factory=lambda: array("d"))

    def add(self, t_ns: int, chunk: object) -> None:
        """Take a chunk.

        Raises
        ------
        InputError
            Where it is none.
        """
        listed = chunk if isinstance(chunk, list) else []
        counts = [wire_line.whole(value, below=wire_line.MOST_FRAMES) for value in listed[:_WHOLE]]
        times = [float(value) for value in listed[_WHOLE:] if _is_time(value)]
        if None in counts or len(counts) != _WHOLE or len(times) != _TIMES or len(listed) != _WHOLE + _TIMES:
            raise InputError(expected='"chunk" with three counts and two times', got=repr(chunk)[: wire_line.SHOWN])
        if len(self.whole) < MOST_CHUNKS * (_WHOLE + 1):
            self.whole.extend((t_ns, *(count for count in counts if count is not None)))
            self.times.extend(times)

    def log(self, told: tuple[Mapping[str, Any], ...]) -> CaptureLog:
        """Return all of it."""
        t_ns, sequence, frame, frames = np.array(self.whole, np.int64).reshape(-1, _WHOLE + 1).T
        wall_ms, sent_ms = np.array(self.times, np.float64).reshape(-1, _TIMES).T
        return CaptureLog(
            t_ns=t_ns, sequence=sequence, frame=frame, frames=frames, wall_ms=wall_ms, sent_ms=sent_ms, told=told
        )


def read(path: Path, builder: SessionBuilder) -> CaptureLog | None:
    """Return the log, or None where there is none; lines that cannot be read become problems."""
    if not path.is_file():
        return None
    columns = _Columns()
    told: list[Mapping[str, Any]] = []
    for number, text in wire_line.numbered(path):
        try:
            line = wire_line.json_object(text)
            t_ns = wire_line.whole(line.get("t_ns"), below=LONGEST_S * NANOSECONDS)
            kind = next((kind for kind in KINDS if isinstance(line.get(kind), dict)), None)
            if t_ns is None:
                raise InputError(expected='"t_ns" of the session', got=repr((text or "")[: wire_line.SHOWN]))  # noqa: TRY301 - one way out
            if kind is None:
                columns.add(t_ns, line.get("chunk"))
            elif len(told) < MOST_LINES:
                told.append({"t_ns": t_ns, kind: line[kind]})
        except InputError as error:
            builder.problem(f"{path.name}:{number}", str(error))
    return columns.log(tuple(told))


def _is_time(value: object) -> bool:
    """Whether JSON says a finite number; of a whole one, whether a float can hold it."""
    if isinstance(value, float):
        return isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < wire_line.LATEST_NS
