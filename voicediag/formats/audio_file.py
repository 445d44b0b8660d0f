"""Sound files as sessions: a stereo file holds one (left the user, right the agent), and so do two mono files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from voicediag.errors import FormatError, InputError
from voicediag.formats.sound_file import ChannelSource, SoundFile, open_sound
from voicediag.session import Clock, Session, SessionBuilder, Track, TrackName

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

STEREO = 2
MILLI = 3
Side: TypeAlias = Literal["left", "right"]


def read(path: Path, *, user: Side = "left") -> Session:
    """Return the session that a sound file holds.

    Parameters
    ----------
    path : Path
        Stereo: one channel each. Mono: the user's alone, and everything that needs the agent stays unjudged.
    user : {"left", "right"}
        The user's channel.

    Raises
    ------
    FormatError
        Where it cannot be read or has more than two channels.
    """
    file = open_sound(path)
    if file.channels > STEREO:
        raise FormatError(
            path,
            expected="one or two channels",
            got=f"{file.channels}",
            likely="a surround or multi-microphone file; cut out the two voices first",
        )
    mine = {"left": 0, "right": 1}[user]
    channels: dict[TrackName, int] = {"user-sent": mine, "agent-received": 1 - mine}
    if file.channels < STEREO:
        channels = {"user-sent": 0}
    return _session(path.name, {name: (file, channel) for name, channel in channels.items()})


def read_pair(user: Path, agent: Path) -> Session:
    """Return the session of two mono files that began at the same time.

    Raises
    ------
    FormatError
        Where one of them cannot be read or is not mono.
    """
    files: dict[TrackName, SoundFile] = {"user-sent": open_sound(user), "agent-received": open_sound(agent)}
    _refuse_stereo(files.values(), likely="hand the stereo file alone")
    return _session(f"{user.name} + {agent.name}", {name: (file, 0) for name, file in files.items()})


def read_points(received: Path, played: Path) -> Session:
    """Return the session of one voice at two points, each a mono file; they need not begin together.

    Raises
    ------
    FormatError
        Where one of them cannot be read or is not mono.
    """
    files: dict[TrackName, SoundFile] = {"agent-received": open_sound(received), "agent-played": open_sound(played)}
    _refuse_stereo(files.values(), likely="cut the one voice out first")
    return _session(f"{received.name} + {played.name}", {name: (file, 0) for name, file in files.items()})


def _refuse_stereo(files: Iterable[SoundFile], *, likely: str) -> None:
    for file in files:
        if file.channels != 1:
            raise FormatError(file.path, expected="a mono file", got=f"{file.channels} channels", likely=likely)


def side_of(text: str) -> Side:
    """Return `text` as a channel's side.

    Raises
    ------
    InputError
        Where it is neither left nor right.
    """
    if text not in ("left", "right"):
        raise InputError(
            expected="left or right", got=repr(text), likely="a user's file of its own needs the agent's beside it"
        )
    return "left" if text == "left" else "right"


def _session(source: str, voices: Mapping[TrackName, tuple[SoundFile, int]]) -> Session:
    builder = SessionBuilder(source)
    for name, (file, channel) in voices.items():
        where = f"channel {channel + 1} of {file.path.name}"
        clock = Clock(learnt_from="file")
        source_of = ChannelSource(file, channel)
        builder.add_track(Track(name=name, source=source_of, clock=clock, encoding=file.encoding, provenance=where))
    files = tuple({id(file): file for file, _ in voices.values()}.values())
    for file in files:
        if file.problem:
            builder.problem(file.path.name, file.problem)
    builder.describe({"files": [_told(file) for file in files]})
    return builder.build()


def _told(file: SoundFile) -> Mapping[str, object]:
    """Return what a file says of itself."""
    return {
        "file": file.path.name,
        "format": file.container,
        "encoding": file.encoding,
        "rate_hz": file.rate_hz,
        "channels": file.channels,
        "duration_s": round(file.frames / file.rate_hz, MILLI),
    }
