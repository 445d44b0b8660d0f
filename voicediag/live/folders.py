"""Names and makes the folders of live sessions, and knows when they are finished."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING

from voicediag.formats.folder_writer import MANIFEST, WIRE
from voicediag.formats.held import is_held

if TYPE_CHECKING:
    from pathlib import Path


def new_folder(out: Path, name: str) -> Path:
    """Return a folder in `out` that is this session's alone; where it cannot be made, its recorder says so."""
    stem = time.strftime("%Y-%m-%dT%H-%M-%SZ", time.gmtime()) + f"-{name}"
    names = itertools.chain([f"{stem}.vds"], (f"{stem}_{number}.vds" for number in itertools.count(2)))
    folder = out / next(names)
    while not _made(folder):
        folder = out / next(names)
    return folder


def is_closed(folder: Path) -> bool:
    """Whether a session folder is whole: written, let go of, and its sound FLAC."""
    return (folder / MANIFEST).is_file() and not any(folder.glob("*.pcm")) and not is_held(folder / WIRE)


def _made(folder: Path) -> bool:
    """Make a folder; return False where there is one of that name already."""
    try:
        folder.mkdir(parents=True, mode=0o700)
    except FileExistsError:
        return False
    except OSError:
        # A disk that takes no folder is the recorder's to speak of.
        return True
    return True
