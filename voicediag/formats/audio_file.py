"""Sound files: a stereo file is a session (left the user, right the agent), and so is a pair of mono files.

WAV, FLAC, OGG and whatever else libsndfile reads, at any rate and depth. Files are read as float and never as int16,
which would turn the samples of a float file into zeros.
"""

from __future__ import annotations

import contextlib
import re
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from voicediag.errors import FormatError, InputError
from voicediag.session import Clock, Samples, Session, SessionBuilder, Track, TrackName

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import soundfile

ENDINGS = frozenset({".wav", ".flac", ".ogg", ".opus", ".aiff", ".aif", ".au", ".caf", ".w64", ".rf64", ".mp3"})
STEREO = 2
# libsndfile answers 2**63 - 1 frames for a FLAC whose writer died; no recording is as long as this.
ENDLESS_FRAMES = 1 << 40
COUNT_FRAMES = 1 << 16
# What libsndfile notes of a WAV whose header promises more than the file holds.
_CUT_SHORT = re.compile(r"data\s*:\s*(\d+)\s*\(should be (\d+)\)")

Side = Literal["left", "right"]


@dataclass(slots=True, eq=False)
class SoundFile:
    """An open sound file that its channels share, so that it is read and decoded once."""

    path: Path
    rate_hz: int
    channels: int
    frames: int
    encoding: str
    problem: str | None
    _file: soundfile.SoundFile = field(repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _asked: tuple[int, int] = (0, 0)
    _block: Samples = field(default_factory=lambda: np.empty((0, 1), np.float32), repr=False)

    def read(self, start: int, frames: int) -> Samples:
        """Return float32 samples, shape (n, channels); fewer than asked for where the file breaks off."""
        start, frames = max(0, start), max(0, min(frames, self.frames - start))
        with self._lock:
            if self._asked != (start, frames):
                self._block = self._decode(start, frames)
                self._asked = (start, frames)
            return self._block

    def _decode(self, start: int, frames: int) -> Samples:
        import soundfile  # noqa: PLC0415 - 0.1 s that `import voicediag` need not pay

        with contextlib.suppress(soundfile.LibsndfileError):
            if self._file.tell() != start:
                self._file.seek(start)
            return self._file.read(frames, dtype="float32", always_2d=True)
        return np.empty((0, self.channels), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class ChannelSource:
    """One channel of a sound file."""

    file: SoundFile
    channel: int

    @property
    def rate_hz(self) -> int:
        """Frames a second."""
        return self.file.rate_hz

    @property
    def frames(self) -> int:
        """Length in frames."""
        return self.file.frames

    def read(self, start: int, frames: int) -> Samples:
        """Return float32 samples, shape (n,), from frame `start` on."""
        return np.ascontiguousarray(self.file.read(start, frames)[:, self.channel])


def sniff(path: Path) -> bool:
    """Whether a path looks like a sound file, by its ending."""
    return path.is_file() and path.suffix.lower() in ENDINGS


def open_sound(path: Path) -> SoundFile:
    """Open a sound file.

    Raises
    ------
    FormatError
        Where libsndfile cannot read it or it holds no frame.
    """
    import soundfile  # noqa: PLC0415

    try:
        file = soundfile.SoundFile(path)
    except (soundfile.LibsndfileError, OSError, ValueError) as error:
        got = _looks_like(path) or f"something that libsndfile refuses ({error})"
        raise FormatError(path, expected="a sound file", got=got, likely=_slip(path)) from error
    frames, problem = file.frames, _cut_short(file)
    if frames > ENDLESS_FRAMES:
        frames, problem = _counted(file), "the writer never closed the file; its length was counted"
    if frames == 0:
        raise FormatError(path, expected="sound", got="no frame at all", likely="the recorder was stopped at once")
    return SoundFile(path, file.samplerate, file.channels, frames, file.subtype.lower(), problem, file)


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
    for file in files.values():
        if file.channels != 1:
            raise FormatError(
                file.path, expected="a mono file", got=f"{file.channels} channels", likely="hand the stereo file alone"
            )
    return _session(f"{user.name} + {agent.name}", {name: (file, 0) for name, file in files.items()})


def _session(source: str, voices: Mapping[TrackName, tuple[SoundFile, int]]) -> Session:
    builder = SessionBuilder(source)
    for name, (file, channel) in voices.items():
        where = f"channel {channel + 1} of {file.path.name}"
        clock = Clock(learnt_from="file")
        source_of = ChannelSource(file, channel)
        builder.add_track(Track(name=name, source=source_of, clock=clock, encoding=file.encoding, provenance=where))
        if file.problem:
            builder.problem(file.path.name, file.problem)
    return builder.build()


def _cut_short(file: soundfile.SoundFile) -> str | None:
    """Return what is missing of a file whose header promises more than it holds."""
    found = _CUT_SHORT.search(file.extra_info)
    return f"its header promises {found[1]} bytes of sound and it holds {found[2]}" if found else None


def _counted(file: soundfile.SoundFile) -> int:
    """Return how many frames can really be read; the file is left at its start."""
    import soundfile  # noqa: PLC0415

    frames = 0
    with contextlib.suppress(soundfile.LibsndfileError):
        while got := len(file.read(COUNT_FRAMES, dtype="float32", always_2d=True)):
            frames += got
    with contextlib.suppress(soundfile.LibsndfileError):
        file.seek(0)
    return frames


def _looks_like(path: Path) -> str | None:
    """Return what a file is, where its first bytes say so."""
    if not path.exists():
        return "no such file"
    if not path.is_file():
        return "a folder"
    with path.open("rb") as file:
        head = file.read(16)
    names = {b"{": "JSON", b"PK": "a zip archive", b"\x1aE\xdf\xa3": "a WebM or Matroska file", b"<": "HTML or XML"}
    if not head:
        return "an empty file"
    if head[4:8] == b"ftyp":
        return "an MP4 or M4A file"
    return next((name for mark, name in names.items() if head.startswith(mark)), None)


def _slip(path: Path) -> str | None:
    if not path.exists():
        return "a typing slip in the path"
    if _looks_like(path) in {"an MP4 or M4A file", "a WebM or Matroska file"}:
        return f"convert it first: ffmpeg -i {path.name} {path.stem}.wav"
    return "raw PCM needs a header: sox -t raw -r 16000 -e signed -b 16 -c 1 IN OUT.wav"


def sides(text: str) -> Side:
    """Return `text` as a channel's side.

    Raises
    ------
    InputError
        Where it is neither left nor right.
    """
    if text not in ("left", "right"):
        raise InputError(expected="left, right or a file", got=repr(text))
    return "left" if text == "left" else "right"
