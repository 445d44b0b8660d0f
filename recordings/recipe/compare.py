"""Whether a folder that was made anew is the one that is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

# A neural voice may come out one code apart on another processor, and a code apart stays one through a room.
CODES_APART = 2


def differences(made: Path, kept: Path) -> list[str]:
    """Return what differs, a line each: the texts to the letter, sound by more than `CODES_APART` codes of 16 bits."""
    names = sorted({file.name for folder in (made, kept) if folder.exists() for file in folder.iterdir()})
    return [f"{kept.name}/{name}: {what}" for name in names if (what := _difference(made / name, kept / name))]


def _difference(made: Path, kept: Path) -> str | None:
    if not kept.exists() or not made.exists():
        return "is new" if made.exists() else "is no longer made"
    if made.suffix != ".flac":
        return None if made.read_bytes() == kept.read_bytes() else "its text changed"
    import soundfile

    (new, new_hz), (old, old_hz) = (soundfile.read(path, dtype="int16") for path in (made, kept))
    if (new.shape, new_hz) != (old.shape, old_hz):
        return f"{old.shape[0]} frames at {old_hz} Hz became {new.shape[0]} at {new_hz}"
    apart = int(np.max(np.abs(new.astype(np.int32) - old.astype(np.int32)), initial=0))
    return f"samples differ by up to {apart} codes" if apart > CODES_APART else None
