"""A wire log: one JSON object a line, as a relay or an app wrote them.

Each line has a time (``t`` in seconds or ``t_ns``), ``dir`` (``up`` from the app, ``down`` from the provider) and
``msg``, the provider's own JSON. Its sound is either still in ``msg`` as base64, or cut out and named by ``audio``:
``{"track", "frame", "frames"}``, as in a session folder.

A log is read once to build the session, its sound going to a temporary file, and again whenever somebody iterates
`Session.wire`; no more than one line is in memory at a time. A line that cannot be read is a problem of the recording
and does not end the reading.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from voicediag.errors import FormatError, InputError
from voicediag.formats.pcm import RawSource, spool
from voicediag.protocols import Conversation, kind_of, recognise
from voicediag.protocols.events import Audio, Event, Malformed, Opened, TurnTaking, Words
from voicediag.session import AudioRef, Clock, Session, SessionBuilder, Track, TrackName, WireEvent, seconds, track_name
from voicediag.session.clock import NANOSECONDS
from voicediag.session.layout import PlacedSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

ENDINGS = frozenset({".jsonl", ".ndjson"})
# A minute of 24 kHz PCM in one message is 4 MB of base64; nothing a provider sends comes near this.
LONGEST_LINE = 64 * 1024 * 1024
# A log whose first time is later than this counts from another origin than the session's start.
LATE_START_S = 60.0
PROBLEMS_LISTED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """One message, what it meant, and the line that it stood on."""

    line: int
    event: WireEvent
    meaning: list[Event]
    provider: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A line that could not be read, and why."""

    line: int
    why: str


@dataclass(frozen=True, slots=True)
class WireFile:
    """The messages of a log, read anew each time."""

    path: Path

    def __iter__(self) -> Iterator[WireEvent]:
        """Yield every readable message in order, its sound cut out."""
        return (passed.event for passed in messages(self.path) if isinstance(passed, Passed))


def sniff(path: Path) -> bool:
    """Whether a path looks like a wire log, by its ending."""
    return path.is_file() and path.suffix.lower() in ENDINGS


def read(path: Path) -> Session:
    """Return the session that a wire log holds.

    Raises
    ------
    FormatError
        Where no line holds a message of a provider that is known.
    """
    loader = WireLoader(SessionBuilder(path.name))
    loader.load(path)
    if loader.understood == 0:
        raise FormatError(
            path,
            expected='lines like {"t": 0.02, "dir": "up", "msg": {...}} of Gemini Live or OpenAI Realtime',
            got=loader.first_problem or "no message of either",
            likely="the log holds another provider's messages, or wraps them in a field other than msg",
        )
    for name, stream in loader.streams.items():
        layout = loader.builder.uplink if name == "user-sent" else loader.builder.downlink
        if layout is not None:
            source = PlacedSource(stream, layout)
            clock = Clock(learnt_from="wire")
            where = f"{stream.frames} frames of {path.name}, laid out by their times of passing"
            track = Track(name=name, source=source, clock=clock, encoding=stream.encoding, provenance=where)
            loader.builder.add_track(track)
    return loader.builder.build(wire=WireFile(path))


@dataclass(slots=True)
class WireLoader:
    """Tells a session builder what each line of a log meant, and keeps the sound that it carried."""

    builder: SessionBuilder
    streams: dict[TrackName, RawSource] = field(default_factory=dict)
    understood: int = 0
    unread: int = 0
    first_problem: str | None = None

    def load(self, path: Path) -> None:
        """Read the log to its end."""
        for passed in messages(path):
            if isinstance(passed, Unread):
                self._note(f"{path.name}:{passed.line}", passed.why)
                continue
            self.builder.describe({"provider": passed.provider})
            for event in passed.meaning:
                self.understood += 1
                self._tell(event, passed, path)
        if self.unread > PROBLEMS_LISTED:
            self.builder.problem(path.name, f"{self.unread - PROBLEMS_LISTED} more lines could not be read")

    def _tell(self, event: Event, passed: Passed, path: Path) -> None:
        at_s = seconds(passed.event.t_ns)
        match event:
            case Audio():
                self._hear(event, passed.event.audio, at_s)
            case Words():
                self.builder.words(event.role, event.text, at_s, done=event.done)
            case TurnTaking():
                self.builder.cue(event.kind, at_s, audio_ms=event.audio_ms)
            case Opened():
                self.builder.describe({"model": event.model})
            case Malformed():
                self._note(f"{path.name}:{passed.line}", event.what)

    def _hear(self, audio: Audio, ref: AudioRef | None, at_s: float) -> None:
        """Keep the sound of a message, or count the frames of it that were cut out."""
        if audio.payload:
            stream = self.streams.setdefault(audio.track, spool(audio.rate_hz, audio.encoding))
            frames, rate_hz = stream.append(audio.payload), stream.rate_hz
        else:
            frames = ref.frames if ref and ref.track == audio.track else 0
            rate_hz = audio.rate_hz
        sent = audio.track == "user-sent"
        (self.builder.audio_sent if sent else self.builder.audio_received)(at_s, frames=frames, rate_hz=rate_hz)

    def _note(self, where: str, why: str) -> None:
        self.unread += 1
        self.first_problem = self.first_problem or f"{why} ({where})"
        if self.unread <= PROBLEMS_LISTED:
            self.builder.problem(where, why)


def messages(path: Path) -> Iterator[Passed | Unread]:
    """Yield what stands on each line of a log."""
    conversation: Conversation | None = None
    origin_ns: int | None = None
    taken: dict[TrackName, int] = {}
    for number, text in _lines(path):
        try:
            line = _line(text)
        except InputError as error:
            yield Unread(line=number, why=str(error))
            continue
        origin_ns = _origin(line["t_ns"]) if origin_ns is None else origin_ns
        message: Mapping[str, Any] = line["msg"]
        conversation = conversation or recognise(message)
        meaning = conversation.receive(line["dir"], message) if conversation else []
        sound = next((event for event in meaning if isinstance(event, Audio)), None)
        if sound and sound.payload and conversation:
            message = conversation.without_audio(message)
        event = WireEvent(
            t_ns=line["t_ns"] - origin_ns,
            wall_ns=line["wall_ns"],
            direction=line["dir"],
            sequence=number,
            kind=line["kind"] or kind_of(message),
            message=message,
            audio=line["audio"] or _cut(meaning, taken),
        )
        provider = conversation.provider if conversation else None
        yield Passed(line=number, event=event, meaning=meaning, provider=provider)


def _cut(meaning: list[Event], taken: dict[TrackName, int]) -> AudioRef | None:
    """Return where the sound of a message goes, counting on from what went before."""
    sounds = [event for event in meaning if isinstance(event, Audio)]
    if not sounds:
        return None
    track, width = sounds[0].track, 2 if sounds[0].encoding == "pcm_16" else 1
    first = taken.get(track, 0)
    frames = sum(len(sound.payload) // width for sound in sounds)
    taken[track] = first + frames
    return AudioRef(track=track, frame=first, frames=frames)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (number, text) of each line that is not blank; one that is too long comes in pieces that will not parse."""
    with path.open(encoding="utf-8", errors="replace") as file:
        number = 0
        while text := file.readline(LONGEST_LINE):
            number += 1
            if text.strip():
                yield number, text


def _line(text: str) -> dict[str, Any]:
    """Return the fields of a line.

    Raises
    ------
    InputError
        Where it is no JSON object with a time, a direction and a message.
    """
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        raise InputError(expected="a JSON object", got=repr(text[:40]), likely="the line was cut short") from None
    if not isinstance(line, dict) or not isinstance(line.get("msg"), dict):
        raise InputError(expected='an object with a "msg" object', got=repr(text[:40]))
    if line.get("dir") not in ("up", "down"):
        raise InputError(expected='"dir" up or down', got=repr(line.get("dir")))
    return {
        "t_ns": _time(line),
        "wall_ns": line["wall_ns"] if isinstance(line.get("wall_ns"), int) else None,
        "dir": line["dir"],
        "kind": line["kind"] if isinstance(line.get("kind"), str) else "",
        "msg": line["msg"],
        "audio": _reference(line.get("audio")),
    }


def _time(line: Mapping[str, Any]) -> int:
    t_ns, t_s = line.get("t_ns"), line.get("t")
    if isinstance(t_ns, int) and not isinstance(t_ns, bool):
        return t_ns
    if isinstance(t_s, int | float) and not isinstance(t_s, bool) and abs(t_s) < NANOSECONDS * 10:
        return round(t_s * NANOSECONDS)
    raise InputError(expected='a time: "t" in seconds or "t_ns"', got=f"t={t_s!r}, t_ns={t_ns!r}")


def _origin(first_ns: int) -> int:
    """Return what to take off every time so that the session begins at 0."""
    return first_ns if first_ns > LATE_START_S * NANOSECONDS or first_ns < 0 else 0


def _reference(value: object) -> AudioRef | None:
    """Return where a message's sound was put; None where the line does not say so, or not soundly."""
    if not isinstance(value, dict):
        return None
    frame, frames = value.get("frame"), value.get("frames")
    if not (isinstance(frame, int) and isinstance(frames, int) and frame >= 0 and frames >= 0):
        return None
    try:
        return AudioRef(track=track_name(str(value.get("track"))), frame=frame, frames=frames)
    except InputError:
        return None
