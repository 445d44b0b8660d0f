"""Closes a session folder that was written live: raw tracks become FLAC, and the manifest says that it is whole."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

from voicediag.errors import FormatError
from voicediag.formats.folder_writer import TRUTH, WIRE, write
from voicediag.formats.held import is_held
from voicediag.formats.session_folder import NEVER_CLOSED, read

if TYPE_CHECKING:
    from pathlib import Path

    from voicediag.session import Session

REPAIRED = "Its recorder was killed; what had been written was kept and closed later."


def close(path: Path) -> Session:
    """Close a folder in its place and return its session.

    What its recorder could not write stays a problem of the session; that it was never closed becomes a note. The
    folder that was there is removed only once the new one stands whole beside it.

    Raises
    ------
    FormatError
        Where there is no session in it that could be read, or one that is still being recorded.
    """
    if is_held(path / WIRE):
        raise FormatError(path, expected="a session that has ended", got="one that is being recorded")
    session = read(path)
    if not any(path.glob("*.pcm")) and not _was_killed(session):
        return session
    problems = tuple(problem for problem in session.problems if problem.what != NEVER_CLOSED)
    told = dict(session.provenance)
    if _was_killed(session):
        told["notes"] = " ".join(filter(None, (told.get("notes"), REPAIRED)))
    closed = replace(session, problems=problems, provenance=told)
    whole, live = path.with_name(f".{path.name}.closed"), path.with_name(f".{path.name}.live")
    shutil.rmtree(whole, ignore_errors=True)
    write(closed, whole)
    if (path / TRUTH).is_file():
        shutil.copy(path / TRUTH, whole)
    path.rename(live)
    whole.rename(path)
    shutil.rmtree(live)
    return read(path)


def _was_killed(session: Session) -> bool:
    """Whether nobody closed a folder before."""
    return any(problem.what == NEVER_CLOSED for problem in session.problems)
