"""A wire log: one JSON object a line, as a relay or an app wrote them; `wire_line` says what stands on each.

The sound is either still in the messages as base64, or cut out and in the tracks of a session folder. A log is read
once to build the session, its sound going to a temporary file, and again whenever somebody iterates `Session.wire`. A
line that cannot be read is a problem of the recording and does not end the reading.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from voicediag.errors import FormatError
from voicediag.formats import wire_line
from voicediag.formats.pcm import Spool
from voicediag.formats.wire_file import Unread, WireFile
from voicediag.protocols.events import Audio, Broken, Event, Fact, Held, Malformed, Opened, TurnTaking, Used, Words
from voicediag.protocols.secrets import quoted
from voicediag.session import AudioRef, Clock, Session, SessionBuilder, Track, TrackName, WireEvent, seconds
from voicediag.session.clock import NANOSECONDS
from voicediag.session.layout import PlacedSource

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from voicediag.session import AudioSource
    from voicediag.session.events import MarkKind

ENDINGS = frozenset({".jsonl", ".ndjson"})
MILLISECONDS = 1_000


def sniff(path: Path) -> bool:
    """Whether a path looks like a wire log, by its ending."""
    return path.is_file() and path.suffix.lower() in ENDINGS


def read(path: Path) -> Session:
    """Return the session that a wire log holds.

    Raises
    ------
    FormatError
        Where no line holds a message of a provider that is known, or the sound was cut out of all of them.
    """
    loader = WireLoader(SessionBuilder(path.name))
    wire = WireFile(path)
    loader.load(wire)
    if loader.understood == 0:
        raise FormatError(
            path,
            expected='lines like {"t": 0.02, "dir": "up", "msg": {...}} of Gemini Live, OpenAI Realtime or Twilio',
            got=loader.first_problem or "no message of theirs",
            likely="the log holds another provider's messages, or wraps them in a field other than msg",
        )
    if loader.cut_out and not loader.streams:
        likely = f"the log of a session folder: name the folder, {path.absolute().parent.name}"
        raise FormatError(path, expected="sound in its messages", got="messages without theirs", likely=likely)
    for name, stream in loader.streams.items():
        layout = loader.builder.layout_of(name)
        if layout is not None:
            source = PlacedSource(stream, layout)
            clock = Clock(learnt_from="wire")
            where = f"{stream.frames} frames of {path.name}, laid out by their times of passing"
            encoding = loader.encodings[name]
            loader.builder.add_track(Track(name=name, source=source, clock=clock, encoding=encoding, provenance=where))
    return loader.builder.build(wire=wire)


@dataclass(slots=True)
class WireLoader:
    """Tells a session builder what each line of a log meant, and keeps the sound that it carried.

    Parameters
    ----------
    builder : SessionBuilder
    tracks : mapping of track name to AudioSource, optional
        Where the sound is that was cut out of the messages; None where it is still in them.

    Attributes
    ----------
    understood : int
        How many messages meant something.
    cut_out : bool
        Whether a message had its sound cut out.
    """

    builder: SessionBuilder
    tracks: Mapping[TrackName, AudioSource] | None = None
    streams: dict[TrackName, Spool] = field(default_factory=dict)
    encodings: dict[TrackName, str] = field(default_factory=dict)
    understood: int = 0
    cut_out: bool = False
    first_problem: str | None = None
    _complained: set[tuple[TrackName, str]] = field(default_factory=set)

    def load(self, wire: WireFile) -> None:
        """Read the log to its end."""
        for passed in wire.lines():
            where = f"{wire.path.name}:{passed.line}"
            if isinstance(passed, Unread):
                self._note(where, passed.why)
                continue
            self.builder.describe({"provider": passed.provider})
            if passed.event.kind not in (wire_line.OPEN, wire_line.CLOSE):
                self.builder.passed(passed.event.direction, seconds(passed.event.t_ns), passed.event.kind)
            for event in passed.meaning:
                self._tell(event, passed.event, where)
            if passed.event.kind == wire_line.CLOSE:
                self._close(passed.event)

    def _close(self, passed: WireEvent) -> None:
        """Tell who closed the connection, and how."""
        code, reason = (passed.message.get(key, "") for key in ("code", "reason"))
        name, said = str(code)[: wire_line.SHOWN], quoted(str(reason))
        self.builder.mark("closed", seconds(passed.t_ns), id=passed.direction, name=name, said=said)

    def _tell(self, event: Event, passed: WireEvent, where: str) -> None:
        at_s = seconds(passed.t_ns)
        self.understood += not isinstance(event, Malformed | Held | Used)
        match event:
            case Audio() if self.tracks is None:
                self._keep(event, at_s, where)
            case Audio():
                self._find(event, passed.audio, at_s, where)
            case Words():
                self.builder.words(event.role, event.text, at_s, done=event.done)
            case TurnTaking():
                self.builder.cue(event.kind, at_s, audio_ms=event.audio_ms)
            case Opened():
                self.builder.describe({"model": event.model or None})
                self._open(event, passed)
            case Fact():
                self.builder.mark(
                    event.kind,
                    at_s,
                    id=event.id,
                    name=event.name,
                    left_s=event.left_s,
                    awaits_ask=event.awaits_ask,
                    said=event.said,
                )
            case Held():
                self.builder.hold(event.rules)
            case Broken():
                self.builder.slip(event.rule, at_s, passed.direction, message=passed.kind, said=event.said)
            case Used():
                self.builder.used(event.kind, at_s, counted=event.counted, model=event.model, tally=event.tally)
            case Malformed():
                self._note(where, event.what)

    def _open(self, opened: Opened, passed: WireEvent) -> None:
        """Tell that a session was asked for or agreed to, and when it will end."""
        left_s = None
        if opened.expires_at is not None and passed.wall_ns is not None:
            left_s = max(0.0, opened.expires_at - passed.wall_ns / NANOSECONDS)
        kind: MarkKind = "setup" if passed.direction == "up" else "ready"
        self.builder.mark(kind, seconds(passed.t_ns), name="resumed" if opened.resumes else "", left_s=left_s)

    def _keep(self, audio: Audio, at_s: float, where: str) -> None:
        """Keep the sound of a message."""
        if not audio.payload:
            self.cut_out = True
            return
        if audio.track not in self.streams:
            self.streams[audio.track] = Spool(audio.rate_hz)
            self.encodings[audio.track] = audio.encoding
        stream = self.streams[audio.track]
        if audio.rate_hz != stream.rate_hz:
            rates = f"declared as {audio.rate_hz} Hz after {stream.rate_hz} Hz, and read as the latter"
            self._note_once(audio.track, "rate", f"{audio.track}: {rates}", where)
        self._pass(audio, at_s, stream.append(audio.payload, audio.encoding), stream.rate_hz)

    def _find(self, audio: Audio, ref: AudioRef | None, at_s: float, where: str) -> None:
        """Count the frames of a track that a message names."""
        track = audio.track
        source = self.tracks.get(track) if self.tracks else None
        if source is None or ref is None or ref.track != track:
            return
        frames = min(ref.frames, source.frames - ref.frame)
        if frames < ref.frames:
            self._note_once(track, "frames", f"names frames that {track} does not have: the file was cut short", where)
        if frames > 0:
            self._pass(audio, at_s, frames, source.rate_hz, first=ref.frame)

    def _pass(self, audio: Audio, at_s: float, frames: int, rate_hz: int, *, first: int | None = None) -> None:
        if audio.track == "agent-received":
            self.builder.audio_received(at_s, frames=frames, rate_hz=rate_hz, first=first)
            return
        starts_s = None if audio.starts_ms is None else audio.starts_ms / MILLISECONDS
        tell = self.builder.audio_played if audio.track == "agent-played" else self.builder.audio_sent
        tell(at_s, frames=frames, rate_hz=rate_hz, first=first, starts_s=starts_s)

    def _note(self, where: str, why: str) -> None:
        self.first_problem = self.first_problem or f"{why} ({where})"
        self.builder.problem(where, why)

    def _note_once(self, track: TrackName, topic: str, why: str, where: str) -> None:
        if (track, topic) not in self._complained:
            self._complained.add((track, topic))
            self._note(where, why)
