"""Puts a session together while its messages pass by.

The reader of a log tells the builder what each message meant (`audio_sent`, `audio_received`, `words`, `cue`, `mark`);
the builder keeps frame counts and texts, never sound. `build` then knows every layout and says where each turn lay.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from voicediag.errors import InputError
from voicediag.session.arrivals import arrivals
from voicediag.session.chunks import ChunkLog
from voicediag.session.clock import LONGEST_S
from voicediag.session.events import Cue, CueKind, Direction, MarkKind, PlaybackEvent, Problem, Turn, WireEvent
from voicediag.session.landmarks import Landmarks
from voicediag.session.layout import Capture, Layout, PlacedSource, Playout
from voicediag.session.pace import PaceMeter
from voicediag.session.session import Session
from voicediag.session.slips import Rule, Slip, SlipBook
from voicediag.session.track import TRACK_NAMES, Track, TrackName
from voicediag.session.turns import TurnTaker, Utterance
from voicediag.session.usage import Counted, Tally, Usage, UsageKind, UsageLog
from voicediag.spans import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from voicediag.session.capture_log import CaptureLog
    from voicediag.session.track import Role

MILLISECONDS = 1_000
# A log of garbage has as many problems as lines; nobody reads more than a page of them.
MOST_PROBLEMS = 50


@dataclass(slots=True)
class SessionBuilder:
    """Collects what happened and answers with a `Session`.

    Parameters
    ----------
    source : str
        What is being read.

    Attributes
    ----------
    uplink, downlink, playline : Layout, optional
        Where the sound that was sent, received and played lies; made when the first of it passes. A reader that knows
        better where received sound was heard sets `downlink` itself before.
    received : int
        How many frames of the agent's sound the messages so far name.
    """

    source: str
    tracks: dict[TrackName, Track] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    provenance: dict[str, Any] = field(default_factory=dict)
    uplink: Capture | None = None
    downlink: Layout | None = None
    playline: Capture | None = None
    received: int = 0
    _turns: TurnTaker = field(default_factory=TurnTaker)
    _landmarks: Landmarks = field(default_factory=Landmarks)
    _chunks: ChunkLog = field(default_factory=ChunkLog)
    _sent: ChunkLog = field(default_factory=ChunkLog)
    _up: int = 0
    _pace: PaceMeter = field(default_factory=PaceMeter)
    _slips: SlipBook = field(default_factory=SlipBook)
    _rules: dict[str, Rule] = field(default_factory=dict)
    _used: UsageLog = field(default_factory=UsageLog)
    _unlisted: int = 0

    def add_track(self, track: Track) -> None:
        """Add a finished track.

        Raises
        ------
        InputError
            Where the session has one of that name.
        """
        if track.name in self.tracks:
            raise InputError(expected="one track of a name", got=f"{track.name} twice")
        self.tracks[track.name] = track

    def problem(self, where: str, what: str) -> None:
        """Note something that could not be read; of more than `MOST_PROBLEMS` only the number is kept."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(where=where, what=what))
        else:
            self._unlisted += 1

    def describe(self, facts: Mapping[str, Any]) -> None:
        """Add what is known of the provider, the model and the recorder."""
        self.provenance.update({key: value for key, value in facts.items() if value is not None})

    def audio_sent(
        self, at_s: float, *, frames: int, rate_hz: int, first: int | None = None, starts_s: float | None = None
    ) -> None:
        """Note that `frames` of the user's sound went up at `at_s`, from frame `first` of the stream on.

        `starts_s` is where they begin by their sender's clock.
        """
        if self.uplink is None:
            self.uplink = Capture(rate_hz)
        self.uplink.send(at_s, frames, first=first, starts_s=starts_s)
        self._pace.sent(at_s, frames, rate_hz)
        first = self._up if first is None else first
        self._sent.came(at_s, first, first + frames, rate_hz=rate_hz)
        self._up = max(self._up, first + frames)

    def audio_played(
        self, at_s: float, *, frames: int, rate_hz: int, first: int | None = None, starts_s: float | None = None
    ) -> None:
        """Note that `frames` of the agent's sound, as they were played, passed at `at_s`; otherwise as `audio_sent`."""
        if self.playline is None:
            self.playline = Capture(rate_hz)
        self.playline.send(at_s, frames, first=first, starts_s=starts_s)
        self._landmarks.answered(at_s, self.received)

    def layout_of(self, name: TrackName) -> Layout | None:
        """Return where the wire says that the frames of a track lie, if it says so."""
        if name == "agent-played" and self.playline is not None:
            return self.playline
        return self.uplink if name.startswith("user") else self.downlink

    def audio_received(self, at_s: float, *, frames: int, rate_hz: int, first: int | None = None) -> None:
        """Note that `frames` of the agent's sound came down at `at_s`, from frame `first` of the stream on."""
        if self.downlink is None:
            self.downlink = Playout(rate_hz)
        if isinstance(self.downlink, Playout):
            self.downlink.arrive(at_s, frames, first=first)
        first = self.received if first is None else first
        self._chunks.came(at_s, first, first + frames, rate_hz=rate_hz)
        self.received = max(self.received, first + frames)
        self._turns.sound(self.received)
        self._landmarks.answered(at_s, self.received)

    def words(self, role: Role, text: str, at_s: float, *, done: bool = False) -> None:
        """Note words of a transcript that came at `at_s`; `done` ends the turn."""
        if role == "agent":
            self._landmarks.answered(at_s, self.received)
        self._turns.words(role, text, at_s, done=done)

    def passed(self, direction: Direction, at_s: float, message: str) -> None:
        """Note that a message passed, whatever it meant; call it before telling what that was."""
        self._landmarks.passed(direction, at_s, message)

    def mark(
        self,
        kind: MarkKind,
        at_s: float,
        *,
        id: str = "",  # noqa: A002 - the provider's word for it
        name: str = "",
        left_s: float | None = None,
        awaits_ask: bool = False,
        said: str = "",
        fault: str = "",
    ) -> None:
        """Note what the last message says of the session itself."""
        self._chunks.said(kind)
        self._used.event(kind)
        facts = {"id": id, "name": name, "left_s": left_s, "awaits_ask": awaits_ask, "said": said, "fault": fault}
        self._landmarks.put(kind, at_s, received=self.received, **facts)

    def hold(self, rules: Iterable[Rule]) -> None:
        """Note which rules the wire is held against from here on."""
        self._rules.update({rule.id: rule for rule in rules})

    def slip(self, rule: Rule, at_s: float, direction: Direction, *, message: str, said: str) -> None:
        """Note that a message breaks a rule."""
        if self._slips.note(Slip(rule=rule, at_s=at_s, direction=direction, message=message, said=said)):
            self.mark("slip", at_s, name=rule.id, fault=rule.fault)

    def cue(self, kind: CueKind, at_s: float, *, audio_ms: float | None = None) -> None:
        """Note what the provider said about turn-taking, `audio_ms` into the sound that was sent."""
        if audio_ms is not None and not 0 <= audio_ms <= LONGEST_S * MILLISECONDS:
            audio_ms = None
        if kind == "interrupted" and isinstance(self.downlink, Playout):
            self.downlink.flush(at_s)
        if kind == "interrupted":
            self.mark("interrupted", at_s)
        self._chunks.said(kind)
        self._used.event(kind)
        self._turns.cue(kind, at_s, audio_ms)

    def used(self, kind: UsageKind, at_s: float, *, counted: Counted, model: str, tally: Tally) -> None:
        """Note what a message says was used, by the session's own model where it names none."""
        model = model or str(self.provenance.get("model", ""))
        self._used.take(Usage(at_s=at_s, kind=kind, model=model, tally=tally), counted)

    def build(
        self,
        *,
        wire: Iterable[WireEvent] = (),
        playback: Iterable[PlaybackEvent] = (),
        capture: CaptureLog | None = None,
    ) -> Session:
        """Return the session so far; the builder may go on collecting."""
        problems = list(self.problems)
        if self._unlisted:
            problems.append(Problem(where=self.source, what=f"{self._unlisted} more problems are not listed"))
        chunks = self._chunks.all()
        return Session(
            source=self.source,
            tracks={name: self.tracks[name] for name in TRACK_NAMES if name in self.tracks},
            wire=wire,
            playback=tuple(playback),
            turns=tuple(sorted(map(self._turn, self._turns.utterances), key=lambda turn: turn.span)),
            marks=self._landmarks.all(),
            cues=tuple(Cue(kind=kind, at_s=at_s, audio_s=self._sent_s(ms)) for kind, at_s, ms in self._turns.cues),
            chunks=chunks,
            arrivals=arrivals(chunks, self._heard),
            sent=self._pace.result(),
            sent_chunks=self._sent.all(),
            capture=capture,
            rules=tuple(self._rules.values()),
            breaches=self._slips.all(),
            usage=tuple(self._used.usages),
            problems=tuple(problems),
            provenance=dict(self.provenance),
        )

    def _clocked(self, name: TrackName) -> Track | None:
        """Return a track whose frames lie end to end by its clock, as those that are laid out do not."""
        track = self.tracks.get(name)
        return None if track is None or isinstance(track.source, PlacedSource) else track

    def _sent_s(self, audio_ms: float | None) -> float | None:
        """Return where a place in the sound that was sent lies on the session clock."""
        if audio_ms is None:
            return None
        if track := self._clocked("user-sent"):
            return track.clock.time_of(audio_ms * track.rate_hz / MILLISECONDS, track.rate_hz)
        if self.uplink is None:
            return audio_ms / MILLISECONDS
        return self.uplink.place_of(round(audio_ms * self.uplink.rate_hz / MILLISECONDS)) / self.uplink.rate_hz

    def _turn(self, said: Utterance) -> Turn:
        """Return what was said at the place where it was said, as well as that is known."""
        span, learnt_from = Span(*sorted((said.first_s, said.last_s))), "arrival"
        if said.role == "agent" and (heard := self._heard(said.first_frame, said.end_frame)):
            span, learnt_from = heard, "audio"
        elif said.role == "user" and said.speech_ms:
            start_s, end_s = (self._sent_s(ms) or 0.0 for ms in said.speech_ms)
            span, learnt_from = Span(start_s, max(start_s, end_s)), "vad"
        return Turn(role=said.role, text=said.text.strip(), span=span, learnt_from=learnt_from)

    def _heard(self, first: int, end: int) -> Span | None:
        """Return where frames of the received stream were heard."""
        if (track := self._clocked("agent-received")) and end > first:
            return track.clock.span_of((first, end), track.rate_hz)
        if self.downlink is None or (frames := self.downlink.stretch_of(first, end)) is None:
            return None
        return Span(frames[0] / self.downlink.rate_hz, frames[1] / self.downlink.rate_hz)
