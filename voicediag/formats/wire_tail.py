"""The messages of a wire log that is still being written, each once, as it comes."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from voicediag.errors import InputError
from voicediag.formats import wire_line
from voicediag.formats.wire_file import LineReader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from voicediag.formats.wire_file import Passed


@dataclass(slots=True)
class WireTail:
    """A folder's log as far as it has been read; a line that is not whole waits for its end.

    Parameters
    ----------
    path : Path
    """

    path: Path
    _offset: int = 0
    _number: int = 0
    _reader: LineReader = field(default_factory=lambda: LineReader(in_folder=True, origin_ns=0))

    def new(self) -> Iterator[Passed]:
        """Yield the messages that were written since the last look; lines that cannot be read are left out."""
        with suppress(OSError), self.path.open("rb") as file:
            file.seek(self._offset)
            while (data := file.readline(wire_line.LONGEST_LINE)).endswith(b"\n"):
                self._offset += len(data)
                self._number += 1
                with suppress(InputError):
                    yield self._reader.passed(self._number, wire_line.parse(data.decode(errors="replace").strip()))
