"""Whether somebody is writing a file: who does holds a lock on it, which ends with the process however that ends."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def hold(file: int) -> bool:
    """Hold an open file for as long as it is open; return False where somebody else does."""
    if sys.platform == "win32":
        # No such locks there: nothing is known to be held.
        return True
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def is_held(path: Path) -> bool:
    """Whether another process, or another part of this one, is writing a file."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return not hold(file.fileno())
