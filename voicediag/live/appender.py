"""A file that only grows, on a disk that may be full.

Everything that was appended is either on its way to the file, in order and whole, or was refused when it was handed
over; nothing is half written for good and nothing is lost unsaid.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from voicediag.formats.held import hold

if TYPE_CHECKING:
    from pathlib import Path

# A minute of both directions at 24 kHz with its messages: what a disk that stalls may hold up before sound is lost.
MOST_WAITING = 8 * 1024 * 1024


class Appender:
    """Appends to a file without ever raising; `failure` says why what is waiting is not written.

    Parameters
    ----------
    path : Path
        Made where it is missing.
    most_waiting : int
        Bytes that may wait for the disk.
    """

    def __init__(self, path: Path, *, most_waiting: int = MOST_WAITING) -> None:
        self.failure: OSError | None = None
        self.name = path.name
        self._path = path
        self._most_waiting = most_waiting
        self._waiting = bytearray()
        self._file: int | None = None
        self.size = path.stat().st_size if path.exists() else 0

    def append(self, data: bytes) -> bool:
        """Take `data`, or refuse all of it where too much is waiting already."""
        if len(self._waiting) + len(data) > self._most_waiting and not self.flush():
            return False
        self._waiting += data
        self.size += len(data)
        return True

    def flush(self) -> bool:
        """Hand what is waiting to the operating system; return whether all of it went."""
        try:
            if self._file is None:
                self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
                hold(self._file)
            while self._waiting:
                del self._waiting[: os.write(self._file, self._waiting)]
        except OSError as error:
            self.failure = error
            return False
        self.failure = None
        return True

    def close(self) -> None:
        """Write what can be written and let go of the file."""
        self.flush()
        if self._file is not None:
            os.close(self._file)
            self._file = None
