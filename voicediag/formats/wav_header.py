"""The lengths in a WAV header, where libsndfile must not trust them.

Python's `wave` module writes the length of the first chunk and corrects it on close; a recorder that is killed leaves
three hours of sound behind a header that promises 20 ms. libsndfile reads the 20 ms.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# More chunks in front of the sound than any editor writes.
MOST_CHUNKS = 200
_HEADER_BYTES = 8


@dataclass(frozen=True, slots=True)
class Grown:
    """A WAV file with more sound than it promises, from byte `begins` on."""

    path: Path
    begins: int

    def sound(self) -> io.RawIOBase:
        """Return the bytes of the sound as a file of its own."""
        return _Rest(self.path, self.begins)


def grown(path: Path) -> Grown | None:
    """Return where the sound begins if it goes on after the end that the header promises, or else None."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if (begins := _sound_begins(file)) is None:
            return None
        promised = _little(_at(file, begins - 4, 4))
        end = begins + promised + promised % 2
        if end + _HEADER_BYTES > size:
            return None
        after = _at(file, end, _HEADER_BYTES)
    # Another chunk may follow; its name is printable and it ends where the file does, or before.
    is_chunk = after[:4].isascii() and after[:4].decode("ascii").isprintable()
    return None if is_chunk and end + _HEADER_BYTES + _little(after[4:]) <= size + 1 else Grown(path, begins)


def _sound_begins(file: io.BufferedReader) -> int | None:
    """Return the offset of the first byte of sound."""
    head = file.read(12)
    if head[:4] != b"RIFF" or head[8:] != b"WAVE":
        return None
    for _ in range(MOST_CHUNKS):
        header = file.read(_HEADER_BYTES)
        if len(header) < _HEADER_BYTES:
            return None
        if header[:4] == b"data":
            return file.tell()
        length = _little(header[4:])
        file.seek(length + length % 2, io.SEEK_CUR)
    return None


def _at(file: io.BufferedReader, offset: int, count: int) -> bytes:
    file.seek(offset)
    return file.read(count)


def _little(data: bytes) -> int:
    return int.from_bytes(data, "little")


class _Rest(io.FileIO):
    """A file without its first bytes; it closes itself when nobody holds it."""

    def __init__(self, path: Path, skipped: int) -> None:
        super().__init__(path)
        self._skipped = skipped
        self.seek(0)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move to a byte after those that are skipped."""
        return super().seek(offset + (self._skipped if whence == io.SEEK_SET else 0), whence) - self._skipped

    def tell(self) -> int:
        """Return the byte after those that are skipped."""
        return super().tell() - self._skipped

    def __del__(self) -> None:
        """Close; libsndfile's handle holds the file for as long as it needs it."""
        self.close()
