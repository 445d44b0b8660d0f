"""What a file is that cannot be read, and the slip that most likely led to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

HEAD_BYTES = 64
_MARKS: Final = {
    b"{": "JSON",
    b"[": "JSON",
    b"PK": "a zip archive",
    b"\x1f\x8b": "a gzip archive",
    b"\x1aE\xdf\xa3": "a WebM or Matroska file",
    b"<": "HTML or XML",
}
_CONVERTED = ("an MP4 or M4A file", "a WebM or Matroska file")


def looks_like(path: Path) -> str | None:
    """Return what a path leads to, where its first bytes say so."""
    if path.is_dir():
        return "a folder"
    if not path.exists():
        return "no such file"
    if not path.is_file():
        return "a pipe or a device"
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head:
        return "an empty file"
    if head[4:8] == b"ftyp":
        return "an MP4 or M4A file"
    known = next((name for mark, name in _MARKS.items() if head.lstrip().startswith(mark)), None)
    text = head.isascii() and all(byte >= ord(" ") or chr(byte).isspace() for byte in head)
    return known or ("text" if text else None)


def slip_of(path: Path) -> str:
    """Return the slip that most likely led to a file that is no sound."""
    looks = looks_like(path)
    if looks == "no such file":
        return "a typing slip in the path"
    if looks == "a folder":
        return "a folder of recordings: name one of them"
    if looks in _CONVERTED:
        return f"convert it first: ffmpeg -i {path.name} {path.stem}.wav"
    if looks == "JSON":
        return "a wire log has one JSON object a line and a name that ends in .jsonl"
    if looks in ("text", "HTML or XML", "an empty file"):
        return "a download or an export that failed; open it in an editor"
    return "raw PCM needs a header: sox -t raw -r 16000 -e signed -b 16 -c 1 IN OUT.wav"
