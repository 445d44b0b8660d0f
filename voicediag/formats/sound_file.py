"""One sound file, however damaged: opened, measured and read in blocks.

WAV, FLAC, OGG and whatever else libsndfile reads, at any rate and depth. Files are read as float and never as int16,
which would turn the samples of a float file into zeros. Where a file is corrupt it is read as silence, so that what
follows stays at its time, and the loss is counted.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from voicediag.errors import FormatError
from voicediag.formats.looks import looks_like, slip_of
from voicediag.formats.sound_length import PIECE_FRAMES, length, opened
from voicediag.session.source import FASTEST_HZ, SLOWEST_HZ

if TYPE_CHECKING:
    from pathlib import Path

    import soundfile

    from voicediag.session import Samples

# Longer reads are not kept for the other channel: they are a whole track of somebody who has the memory.
LONGEST_KEPT = 1 << 20
# A float file in the scale of 16-bit integers keeps its shape; what goes beyond is no sound.
LOUDEST = 32_768.0


@dataclass(slots=True, eq=False)
class SoundFile:
    """An open sound file that its channels share, so that it is read and decoded once.

    Attributes
    ----------
    problem : str or None
        What is wrong with it as a whole.
    lost : set of int
        The pieces, counted in `PIECE_FRAMES`, that could not be decoded and were read as silence.
    """

    path: Path
    rate_hz: int
    channels: int
    frames: int
    container: str
    encoding: str
    problem: str | None
    _file: soundfile.SoundFile = field(repr=False)
    lost: set[int] = field(default_factory=set, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _asked: tuple[int, int] | None = None
    _block: Samples = field(default_factory=lambda: np.empty((0, 1), np.float32), repr=False)

    def read(self, start: int, frames: int) -> Samples:
        """Return float32 samples, shape (n, channels), from frame `start` on; silence where the file is corrupt."""
        frames = max(0, min(frames, self.frames - start))
        with self._lock:
            if self._asked == (start, frames):
                return self._block
            block = self._decoded(start, frames)
            if self.channels > 1 and frames <= LONGEST_KEPT:
                self._asked, self._block = (start, frames), block
            return block

    def _decoded(self, start: int, frames: int) -> Samples:
        import soundfile

        try:
            return _cleaned(self._read(start, frames), self.encoding)
        except soundfile.LibsndfileError:
            return self._piece_by_piece(start, frames)

    def _piece_by_piece(self, start: int, frames: int) -> Samples:
        """Return what can be decoded around the damage."""
        import soundfile

        out = np.zeros((frames, self.channels), np.float32)
        self._file = opened(self.path)
        for at in range(start, start + frames, PIECE_FRAMES):
            size = min(PIECE_FRAMES, start + frames - at)
            try:
                piece = _cleaned(self._read(at, size), self.encoding)
                out[at - start : at - start + len(piece)] = piece
            except soundfile.LibsndfileError:
                self.lost.add(at // PIECE_FRAMES)
                self._file = opened(self.path)
        return out

    def _read(self, start: int, frames: int) -> Samples:
        if self._file.tell() != start:
            self._file.seek(start)
        block: Samples = self._file.read(frames, dtype="float32", always_2d=True)
        return block


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

    @property
    def lost_frames(self) -> int:
        """About how many frames were asked for and could not be decoded; they were read as silence."""
        return len(self.file.lost) * PIECE_FRAMES

    def read(self, start: int, frames: int) -> Samples:
        """Return float32 samples, shape (n,), from frame `start` on."""
        return np.ascontiguousarray(self.file.read(start, frames)[:, self.channel])


def open_sound(path: Path) -> SoundFile:
    """Open a sound file.

    Raises
    ------
    FormatError
        Where libsndfile cannot read it or it holds no frame.
    """
    import soundfile

    if not path.is_file():
        # Before libsndfile, which waits for ever at a named pipe.
        raise FormatError(path, expected="a sound file", got=looks_like(path) or "no file", likely=slip_of(path))
    try:
        file = opened(path)
    except (soundfile.LibsndfileError, OSError, ValueError) as error:
        reason = getattr(error, "error_string", error)
        got = looks_like(path) or f"something that libsndfile refuses ({reason})"
        raise FormatError(path, expected="a sound file", got=got, likely=slip_of(path)) from error
    if not SLOWEST_HZ <= file.samplerate <= FASTEST_HZ:
        expected = f"a rate between {SLOWEST_HZ} and {FASTEST_HZ} Hz"
        raise FormatError(path, expected=expected, got=f"{file.samplerate} Hz", likely="a damaged header")
    frames, problem = length(file, path)
    if frames == 0:
        raise FormatError(path, expected="sound", got="no frame at all", likely="the recorder was stopped at once")
    return SoundFile(
        path=path,
        rate_hz=file.samplerate,
        channels=file.channels,
        frames=frames,
        container="WAV" if file.format == "RAW" else file.format,
        encoding=file.subtype.lower(),
        problem=problem,
        _file=opened(path),
    )


def _cleaned(samples: Samples, encoding: str) -> Samples:
    """Return samples that arithmetic can bear: only float files can hold NaN, infinities and 1e38."""
    if encoding in ("float", "double"):
        np.nan_to_num(samples, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
        np.clip(samples, -LOUDEST, LOUDEST, out=samples)
    return samples
