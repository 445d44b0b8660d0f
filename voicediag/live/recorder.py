"""Writes a session folder while the session lasts.

Every message is one line of ``wire.jsonl`` and its sound the end of a raw track, both appended, so that a recorder that
is killed leaves what it had written, whole. It never raises: a message that is no JSON, a track that changes its
format, a disk that is full are said in the session, and what comes after them is recorded all the same.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from voicediag.errors import InputError
from voicediag.formats import wire_line
from voicediag.formats.folder_writer import CAPTURE, MANIFEST, PLAYBACK, SCHEMA, WIRE, line_text
from voicediag.live.appender import Appender
from voicediag.protocols import Conversation, kind_of, recognise
from voicediag.protocols.events import BYTES_A_FRAME, Audio, Malformed, Opened, slips_in
from voicediag.session import AudioRef, WireEvent, seconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from voicediag.live.redaction import Redaction
    from voicediag.protocols.events import Event
    from voicediag.session import PlaybackEvent, TrackName
    from voicediag.session.events import Direction

MOST_PROBLEMS: Final = 50
# Where the frames of a track that comes in messages lie, only their times of passing say.
_BY_WIRE: Final = {"offset_s": 0.0, "drift_ppm": 0.0, "learnt_from": "wire"}
SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class Moment:
    """When a message passed: nanoseconds since the session began, and since 1970."""

    t_ns: int
    wall_ns: int


@dataclass(slots=True)
class _Stream:
    """One track as it is written."""

    rate_hz: int
    encoding: str
    file: Appender
    clock: Mapping[str, Any]

    @property
    def frames(self) -> int:
        return self.file.size // BYTES_A_FRAME[self.encoding]


@dataclass(slots=True)
class Recorder:
    """Records one session into a folder of its own.

    Parameters
    ----------
    folder : Path
    redact : Redaction
        Takes the secrets out of every line before it is written.
    created : str
        ISO 8601, UTC.
    """

    folder: Path
    redact: Redaction
    created: str
    notes: str = ""
    _conversation: Conversation | None = None
    _streams: dict[TrackName, _Stream] = field(default_factory=dict)
    _wire: Appender = field(init=False)
    _playback: Appender = field(init=False)
    _capture: Appender = field(init=False)
    _model: str | None = None
    _problems: dict[tuple[str, str], int] = field(default_factory=dict)
    _sequence: int = 0
    _unsaid: bool = True

    def __post_init__(self) -> None:
        """Open the folder."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            self.problem(MANIFEST, f"the folder could not be made: {error.strerror}")
        self._wire = Appender(self.folder / WIRE)
        self._playback = Appender(self.folder / PLAYBACK)
        self._capture = Appender(self.folder / CAPTURE)

    def message(self, direction: Direction, data: str | bytes, at: Moment) -> None:
        """Record one message as it passed, text or binary."""
        try:
            message: Mapping[str, Any] = wire_line.json_object(_text(data))
        except InputError as error:
            self.problem(WIRE, f"a message of {len(data)} bytes that is no JSON: {error.got[:SHOWN]}")
            self._write(at, direction, "unreadable", {"bytes": len(data)})
            return
        self._conversation = self._conversation or recognise(message)
        meaning = self._conversation.receive(direction, message) if self._conversation else []
        reference = self._heard(meaning)
        if reference and self._conversation:
            message = self._conversation.without_audio(message)
        message = self.redact.without_parameters(message)
        self._write(at, direction, kind_of(message), message, reference, slips=slips_in(meaning) if reference else ())

    def opened(self, opening: Mapping[str, Any], at: Moment) -> None:
        """Record how the connection was opened, without its secrets."""
        self._write(at, "up", wire_line.OPEN, opening)

    def closed_by(self, direction: Direction, code: int, reason: str, at: Moment) -> None:
        """Record who closed the connection, and why."""
        self._write(at, direction, wire_line.CLOSE, {"code": code, "reason": reason})

    def tapped(self, sound: Audio, at: Moment) -> None:
        """Record sound of a device, which passes end to end; `at` is when the first frame of this piece sounded."""
        clock = {"offset_s": seconds(at.t_ns), "drift_ppm": 0.0, "learnt_from": "device"}
        self._append(sound, clock)

    def played(self, event: PlaybackEvent) -> None:
        """Record what the player did."""
        if not self._playback.append(line_text(asdict(event)).encode()):
            self.problem(PLAYBACK, "the disk did not keep up; what the player did was lost")

    def logged(self, line: str) -> None:
        """Record one line, JSON already, about how the sound of a device was captured."""
        if not self._capture.append(f"{self.redact(line)}\n".encode()):
            self.problem(CAPTURE, "the disk did not keep up; the times of chunks were lost")

    def problem(self, where: str, what: str) -> None:
        """Say what could not be recorded; the same again is only counted."""
        self._problems[where, what] = self._problems.get((where, what), 0) + 1
        self._unsaid = self._unsaid or self._problems[where, what] == 1

    def flush(self) -> bool:
        """Hand everything to the operating system; return whether the disk took it."""
        files = [stream.file for stream in self._streams.values()]
        # Sound first: a line must not promise frames that are not there.
        files += [log for log in self._logs() if log.size or log is self._wire]
        failures = [file.failure for file in files if not file.flush() and file.failure]
        took = not failures
        for failure in failures[:1]:
            self.problem(MANIFEST, f"the disk refused to be written to: {failure.strerror}")
        if self._unsaid and took:
            self._unsaid = not self._write_manifest(closed=False)
        return took

    def close(self) -> bool:
        """Finish the folder; return whether everything that was recorded is in it."""
        took = self.flush()
        for stream in self._streams.values():
            stream.file.close()
        for log in self._logs():
            if log.size or log is self._wire:
                log.close()
        return self._write_manifest(closed=True) and took

    def _logs(self) -> tuple[Appender, ...]:
        """Return the files beside the sound; the wire's is there from the start, and held while the session lasts."""
        return self._playback, self._capture, self._wire

    def _heard(self, meaning: Iterable[Event]) -> AudioRef | None:
        """Append the sound of a message and return where it went."""
        reference: AudioRef | None = None
        for event in meaning:
            if isinstance(event, Opened) and event.model != self._model:
                self._model, self._unsaid = event.model, True
            elif isinstance(event, Malformed):
                self.problem(WIRE, event.what)
            elif isinstance(event, Audio) and event.payload and (written := self._append(event)):
                frame = reference.frame if reference else written.frame
                frames = written.frames + (reference.frames if reference else 0)
                reference = AudioRef(track=written.track, frame=frame, frames=frames)
        return reference

    def _append(self, sound: Audio, clock: Mapping[str, Any] = _BY_WIRE) -> AudioRef | None:
        stream = self._streams.get(sound.track) or self._open(sound, clock)
        if (stream.rate_hz, stream.encoding) != (sound.rate_hz, sound.encoding):
            change = f"{stream.rate_hz} Hz {stream.encoding} to {sound.rate_hz} Hz {sound.encoding}"
            self.problem(sound.track, f"changed from {change}; its sound is left out from there on")
            return None
        first = stream.frames
        if not stream.file.append(sound.payload):
            self.problem(sound.track, "the disk did not keep up; sound was lost, its messages are in the log")
            return None
        return AudioRef(track=sound.track, frame=first, frames=sound.frames)

    def _open(self, sound: Audio, clock: Mapping[str, Any]) -> _Stream:
        self._unsaid = True
        file = Appender(self.folder / f"{sound.track}.pcm")
        stream = self._streams[sound.track] = _Stream(sound.rate_hz, sound.encoding, file, clock)
        return stream

    def _write(
        self,
        at: Moment,
        direction: Direction,
        kind: str,
        message: Mapping[str, Any],
        audio: AudioRef | None = None,
        *,
        slips: tuple[str, ...] = (),
    ) -> None:
        self._sequence += 1
        event = WireEvent(
            t_ns=at.t_ns,
            wall_ns=at.wall_ns,
            direction=direction,
            sequence=self._sequence,
            kind=kind,
            message=message,
            audio=audio,
            slips=slips,
        )
        line = self.redact(line_text(wire_line.line_of(event)))
        if not self._wire.append(line.encode("utf-8", errors="backslashreplace")):
            self.problem(WIRE, "the disk did not keep up; messages were lost")

    def _write_manifest(self, *, closed: bool) -> bool:
        """Put the manifest in place whole; return whether the disk took it."""
        draft = self.folder / f".{MANIFEST}.draft"
        try:
            draft.write_text(self.redact(json.dumps(self._manifest(closed=closed), indent=1)) + "\n", encoding="utf-8")
            draft.replace(self.folder / MANIFEST)
        except OSError:
            return False
        return True

    def _manifest(self, *, closed: bool) -> dict[str, Any]:
        tracks = [
            {"name": name, "rate_hz": s.rate_hz, "channels": 1, "encoding": s.encoding, "file": s.file.name}
            for name, s in self._streams.items()
        ]
        problems = [
            {"where": where, "what": what if times == 1 else f"{what} ({times} times)"}
            for (where, what), times in list(self._problems.items())[:MOST_PROBLEMS]
        ]
        return {
            "schema": SCHEMA,
            "created": self.created,
            "provider": self._conversation.provider if self._conversation else None,
            "model": self._model,
            "closed": closed,
            "tracks": tracks,
            "clocks": {name: stream.clock for name, stream in self._streams.items()},
            "problems": problems,
            "redactions": [f"{what}: {times} times" for what, times in self.redact.counts.items()],
            "notes": self.notes,
        }


def _text(data: str | bytes) -> str | None:
    """Return a message as text; None for one that is too long to be looked into."""
    if len(data) > wire_line.LONGEST_LINE:
        return None
    return data if isinstance(data, str) else data.decode("utf-8", errors="replace")
