"""Puts a session together while its messages pass by.

The reader of a log tells the builder what each message meant (`audio_sent`, `audio_received`, `words`, `cue`); the
builder keeps frame counts and texts, never sound. `build` then knows every layout and says where each turn lay.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from voicediag.errors import InputError
from voicediag.session.events import Cue, CueKind, PlaybackEvent, Problem, Turn, WireEvent
from voicediag.session.layout import Capture, Layout, Playout
from voicediag.session.session import Session
from voicediag.session.track import TRACK_NAMES, Track, TrackName
from voicediag.spans import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from voicediag.session.track import Role

MILLISECONDS = 1_000


@dataclass(slots=True)
class _OpenTurn:
    """A turn that is still being said."""

    role: Role
    text: str
    first_s: float
    last_s: float
    first_frame: int
    end_frame: int
    span: Span | None = None


@dataclass(slots=True)
class SessionBuilder:
    """Collects what happened and answers with a `Session`.

    Parameters
    ----------
    source : str
        What is being read.
    """

    source: str
    tracks: dict[TrackName, Track] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    provenance: dict[str, Any] = field(default_factory=dict)
    uplink: Capture | None = None
    downlink: Layout | None = None
    _open: dict[Role, _OpenTurn] = field(default_factory=dict)
    _closed: list[_OpenTurn] = field(default_factory=list)
    _cues: list[tuple[CueKind, float, float | None]] = field(default_factory=list)
    _agent_turn_from: int = 0

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
        """Note something that could not be read."""
        self.problems.append(Problem(where=where, what=what))

    def audio_sent(self, at_s: float, *, frames: int, rate_hz: int) -> None:
        """Note that `frames` of the user's sound went up at `at_s`."""
        if self.uplink is None:
            self.uplink = Capture(rate_hz)
        self.uplink.send(at_s, frames)

    def audio_received(self, at_s: float, *, frames: int, rate_hz: int) -> None:
        """Note that `frames` of the agent's sound came down at `at_s`."""
        self._close("user")
        if self.downlink is None:
            self.downlink = Playout(rate_hz)
        if isinstance(self.downlink, Playout):
            self.downlink.arrive(at_s, frames)
        else:
            self.downlink.taken += frames
        if turn := self._open.get("agent"):
            turn.end_frame = self.downlink.taken

    def words(self, role: Role, text: str, at_s: float, *, done: bool = False) -> None:
        """Note words of a transcript that came at `at_s`; `done` ends the turn."""
        if text:
            if role == "agent":
                self._close("user")
            turn = self._open.get(role) or self._begin(role, at_s)
            turn.text += text
            turn.last_s = at_s
        if done:
            self._close(role)

    def cue(self, kind: CueKind, at_s: float, *, audio_ms: float | None = None) -> None:
        """Note what the provider said about turn-taking, `audio_ms` into the sound that was sent."""
        self._cues.append((kind, at_s, audio_ms))
        if kind == "interrupted" and isinstance(self.downlink, Playout):
            self.downlink.flush(at_s)
        if kind in ("interrupted", "turn-complete"):
            self._close("agent")
            self._agent_turn_from = self.downlink.taken if self.downlink else 0

    def build(self, *, wire: Iterable[WireEvent] = (), playback: Iterable[PlaybackEvent] = ()) -> Session:
        """Return the session; the builder may go on collecting."""
        for role in tuple(self._open):
            self._close(role)
        cues = tuple(Cue(kind=kind, at_s=at_s, audio_s=self._audio_s(ms)) for kind, at_s, ms in self._cues)
        turns = sorted((self._placed(turn, cues) for turn in self._closed), key=lambda turn: turn.span)
        return Session(
            source=self.source,
            tracks={name: self.tracks[name] for name in TRACK_NAMES if name in self.tracks},
            wire=wire,
            playback=tuple(playback),
            turns=tuple(turns),
            cues=cues,
            problems=tuple(self.problems),
            provenance=dict(self.provenance),
        )

    def describe(self, facts: Mapping[str, Any]) -> None:
        """Add what is known of the provider, the model and the recorder."""
        self.provenance.update({key: value for key, value in facts.items() if value is not None})

    def _begin(self, role: Role, at_s: float) -> _OpenTurn:
        taken = self.downlink.taken if self.downlink else 0
        turn = _OpenTurn(role, "", at_s, at_s, self._agent_turn_from, taken)
        self._open[role] = turn
        return turn

    def _close(self, role: Role) -> None:
        turn = self._open.pop(role, None)
        if turn and turn.text.strip():
            self._closed.append(turn)

    def _audio_s(self, audio_ms: float | None) -> float | None:
        """Return where a place in the sent sound lies on the session clock."""
        if audio_ms is None:
            return None
        if self.uplink is None:
            return audio_ms / MILLISECONDS
        frame = round(audio_ms * self.uplink.rate_hz / MILLISECONDS)
        return self.uplink.session_frame(frame) / self.uplink.rate_hz

    def _placed(self, turn: _OpenTurn, cues: tuple[Cue, ...]) -> Turn:
        """Return the turn at the place where it was said, as well as that is known."""
        span, learnt_from = Span(turn.first_s, turn.last_s), "arrival"
        if turn.role == "agent" and self.downlink and turn.end_frame > turn.first_frame:
            frames = (self.downlink.session_frame(f) for f in (turn.first_frame, turn.end_frame))
            begin, end = (frame / self.downlink.rate_hz for frame in frames)
            span, learnt_from = Span(begin, max(begin, end)), "audio"
        elif turn.role == "user" and (said := _spoken_between(turn, cues)):
            span, learnt_from = said, "vad"
        return Turn(role=turn.role, text=turn.text.strip(), span=span, learnt_from=learnt_from)


def _spoken_between(turn: _OpenTurn, cues: tuple[Cue, ...]) -> Span | None:
    """Return the provider's last start and stop of speech before the turn's words came."""
    before = [cue for cue in cues if cue.at_s <= turn.last_s and cue.audio_s is not None]
    started = next((cue.audio_s for cue in reversed(before) if cue.kind == "speech-started"), None)
    stopped = next((cue.audio_s for cue in reversed(before) if cue.kind == "speech-stopped"), None)
    if started is None or stopped is None or stopped < started:
        return None
    return Span(started, stopped)
