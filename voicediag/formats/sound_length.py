"""How long a sound file is, whatever its header says.

What a killed writer leaves behind is read as far as it goes:

* a WAV whose header promises more than the file holds (libsndfile sees to it), or less, as Python's `wave` module
  writes it until it is closed;
* a FLAC whose header does not say how long it is, or that ends before it should. libsndfile answers 2**63 - 1 frames
  or an error there, and after one error a handle answers nothing but errors, so that the file is opened anew.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from voicediag.formats import wav_header

if TYPE_CHECKING:
    from pathlib import Path

    import soundfile

# No recording is as long as this: libsndfile's way to say that the header does not say.
ENDLESS_FRAMES = 1 << 40
# The piece in which damaged files are tried: about what a FLAC encoder puts into one of its frames.
PIECE_FRAMES = 4_096
# What libsndfile notes of a WAV whose header promises more than the file holds.
_CUT_SHORT = re.compile(r"data\s*:\s*(\d+)\s*\(should be (\d+)\)")
# Lengths from here on stand in the header of a WAV that was written into a pipe: nobody promised so much.
_PLACEHOLDER_BYTES = 0x7F00_0000
# RFC 3533: at most 255 segments of 255 bytes behind a header of 27 bytes and their table.
_LONGEST_PAGE = 27 + 255 + 255 * 255


def opened(path: Path) -> soundfile.SoundFile:
    """Return an open file, whatever its header says of its length."""
    import soundfile

    file = soundfile.SoundFile(path)
    if file.format in ("WAV", "WAVEX") and (grown := wav_header.grown(path)):
        return soundfile.SoundFile(
            grown.sound(), samplerate=file.samplerate, channels=file.channels, format="RAW", subtype=file.subtype
        )
    return file


def length(file: soundfile.SoundFile, path: Path) -> tuple[int, str | None]:
    """Return how many frames can be read, and what is wrong with that."""
    if file.format == "RAW":
        return file.frames, "its header promises less sound than follows: its writer was killed before it closed it"
    if file.frames > ENDLESS_FRAMES:
        frames = _counted(path)
        return frames, f"its header does not say how long it is, as killed writers leave it; {frames} frames follow"
    if file.frames and not _ends(file):
        frames = _counted(path)
        return frames, f"breaks off after {frames} of the {file.frames} frames that its header promises"
    found = _CUT_SHORT.search(file.extra_info)
    if found and int(found[1]) < _PLACEHOLDER_BYTES:
        return file.frames, f"its header promises {found[1]} bytes of sound and it holds {found[2]}"
    if file.format == "OGG" and not _is_last_page(path):
        return file.frames, "its last page is missing: it was cut short, or its writer was killed"
    return file.frames, None


def _is_last_page(path: Path) -> bool:
    """Whether the last page of an Ogg file says that it is: bit 2 of its header's type, RFC 3533, section 6."""
    with path.open("rb") as file:
        file.seek(-min(_LONGEST_PAGE, path.stat().st_size), 2)
        tail = file.read()
    page = tail.rfind(b"OggS")
    return page >= 0 and page + 5 < len(tail) and bool(tail[page + 5] & 4)


def _ends(file: soundfile.SoundFile) -> bool:
    """Whether the last frame is where the header says."""
    import soundfile

    try:
        file.seek(file.frames - 1)
        return len(file.read(1)) == 1
    except soundfile.LibsndfileError:
        return False


def _counted(path: Path) -> int:
    """Return how many frames can be read, to the last piece of the last block."""
    import soundfile

    frames, size = 0, 16 * PIECE_FRAMES
    file = opened(path)
    while size:
        try:
            if not (got := len(file.read(size, dtype="float32", always_2d=True))):
                return frames
            frames += got
        except soundfile.LibsndfileError:
            size //= 4
            file = opened(path)
            try:
                file.seek(frames)
            except soundfile.LibsndfileError:
                return frames
    return frames
