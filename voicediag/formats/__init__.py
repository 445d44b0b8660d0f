"""Files to sessions and back: one module a format, each with `read`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from voicediag.errors import FormatError
from voicediag.formats import audio_file, session_folder, wire_log

if TYPE_CHECKING:
    from os import PathLike

    from voicediag.session import Session

__all__ = ["audio_file", "load", "session_folder", "wire_log"]


def load(path: str | PathLike[str], *, user: str = "left", agent: str | PathLike[str] | None = None) -> Session:
    """Return the session that a path holds.

    Parameters
    ----------
    path : path
        A session folder, a sound file (stereo: left the user, right the agent) or a wire log as JSONL.
    user : {"left", "right"}
        The user's channel of a stereo file.
    agent : path, optional
        The agent's mono file; `path` is then the user's.

    Raises
    ------
    FormatError
        Where no session can be made of it: the message says what was expected, what was got and the likely slip.

    Examples
    --------
    >>> load("call.wav")  # doctest: +SKIP
    >>> load("mic.wav", agent="speaker.wav")  # doctest: +SKIP
    """
    place = Path(path)
    try:
        return _read(place, user=user, agent=None if agent is None else Path(agent))
    except OSError as error:
        # No right to read it, a name that is too long, a disk that fails.
        raise FormatError(place, expected="a path that can be read", got=error.strerror or str(error)) from error


def _read(place: Path, *, user: str, agent: Path | None) -> Session:
    if agent is not None:
        return audio_file.read_pair(place, agent)
    if session_folder.sniff(place):
        return session_folder.read(place)
    if wire_log.sniff(place):
        return wire_log.read(place)
    if place.is_dir():
        likely = "a folder of recordings: name one of them, or NAME.vds/"
        raise FormatError(place, expected="a session folder with session.json", got="another folder", likely=likely)
    return audio_file.read(place, user=audio_file.side_of(user))
