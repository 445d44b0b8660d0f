"""Files to sessions and back: one module a format, each with `sniff` and `read`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from voicediag.errors import FormatError
from voicediag.formats import audio_file, session_folder, wire_log

if TYPE_CHECKING:
    from os import PathLike

    from voicediag.session import Session

__all__ = ["audio_file", "load", "session_folder", "wire_log"]


def load(
    path: str | PathLike[str], *, user: str | PathLike[str] = "left", agent: str | PathLike[str] | None = None
) -> Session:
    """Return the session that a path holds.

    Parameters
    ----------
    path : path
        A session folder, a sound file (stereo: left the user, right the agent) or a wire log as JSONL.
    user : {"left", "right"} or path
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
    if agent is not None:
        return audio_file.read_pair(place, Path(agent))
    if session_folder.sniff(place):
        return session_folder.read(place)
    if wire_log.sniff(place):
        return wire_log.read(place)
    if place.is_dir():
        likely = "a folder of recordings: name one of them, or NAME.vds/"
        raise FormatError(place, expected="a session folder with session.json", got="another folder", likely=likely)
    return audio_file.read(place, user=audio_file.sides(str(user)))
