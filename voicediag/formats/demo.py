"""The session that `voicediag demo` checks: inside the wheel, or else in the repository's recordings."""

from __future__ import annotations

from pathlib import Path

from voicediag.errors import InputError
from voicediag.formats import session_folder
from voicediag.session import Session

PACKAGED = Path(__file__).parents[1] / "demo.vds"
RECORDED = Path(__file__).parents[2] / "recordings" / "self-hearing-loop" / "kitchen.vds"


def demo_folder() -> Path:
    """Return where the demo session lies.

    Raises
    ------
    InputError
        Where neither the wheel nor a repository holds it.
    """
    for place in (PACKAGED, RECORDED):
        if place.is_dir():
            return place
    raise InputError(expected=f"the demo session at {PACKAGED}", got="nothing", likely="an incomplete installation")


def load_demo() -> Session:
    """Return a kitchen assistant that hears itself: three turns of a self-hearing loop."""
    return session_folder.read(demo_folder())
