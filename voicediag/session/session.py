"""One conversation on one clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from voicediag.session.capture_log import CaptureLog, Flag
    from voicediag.session.chunks import Chunks
    from voicediag.session.events import Arrival, Cue, Mark, PlaybackEvent, Problem, Turn, WireEvent
    from voicediag.session.pace import Pace
    from voicediag.session.slips import Breaches, Rule
    from voicediag.session.track import Track, TrackName
    from voicediag.session.usage import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What happened in one conversation; it judges nothing.

    Attributes
    ----------
    source : str
        What it was read from.
    tracks : mapping of track name to Track
        Those that exist, in the order in which sound passes the taps.
    wire : iterable of WireEvent
        Every message, read anew from disk each time it is iterated.
    playback : tuple of PlaybackEvent
        What the player did with the agent's sound; empty where it was not logged.
    turns : tuple of Turn
        Who said what, in order of time; empty where the recording has no transcripts.
    cues : tuple of Cue
        What the provider said about turn-taking.
    marks : tuple of Mark
        What the wire says of the session itself, in order of passing; empty where there is no wire log.
    chunks : Chunks or None
        When each chunk of the agent's sound came down the wire; None where no wire log says.
    arrivals : tuple of Arrival
        The same answer by answer, with where each was heard.
    sent : Pace or None
        How much of the user's sound went up in each second; None where no wire log says.
    sent_chunks : Chunks or None
        When each chunk of the user's sound went up; all of it counts as one answer.
    capture : CaptureLog or None
        When each chunk of the microphone was captured, sent and written; None where its recorder did not say.
    rules : tuple of Rule
        The rules of the provider that the wire was held against; empty where nobody knows any.
    breaches : tuple of Breaches
        Those of them that were broken.
    usage : tuple of Usage
        What the provider says was used, in order of passing.
    problems : tuple of Problem
        What of the recording could not be read.
    provenance : mapping
        Provider, model, recorder and notes, as far as the recording says; of sound files, what they say of themselves.
    """

    source: str
    tracks: Mapping[TrackName, Track]
    wire: Iterable[WireEvent] = field(default=(), repr=False)
    playback: tuple[PlaybackEvent, ...] = field(default=(), repr=False)
    turns: tuple[Turn, ...] = ()
    cues: tuple[Cue, ...] = ()
    marks: tuple[Mark, ...] = ()
    chunks: Chunks | None = None
    arrivals: tuple[Arrival, ...] = ()
    sent: Pace | None = None
    sent_chunks: Chunks | None = None
    capture: CaptureLog | None = None
    rules: tuple[Rule, ...] = ()
    breaches: tuple[Breaches, ...] = ()
    usage: tuple[Usage, ...] = ()
    problems: tuple[Problem, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def duration_s(self) -> float:
        """Session time of the last frame of the longest track."""
        return max((track.span.end_s for track in self.tracks.values()), default=0.0)

    @property
    def flags(self) -> tuple[Flag, ...]:
        """The moments that the user marked."""
        return self.capture.flags if self.capture else ()

    def first(self, *names: TrackName) -> Track | None:
        """Return the first of the named tracks that exists."""
        return next((self.tracks[name] for name in names if name in self.tracks), None)

    @property
    def heard(self) -> Track | None:
        """What the model heard: what was sent, or else what the microphone captured."""
        return self.first("user-sent", "user-captured")

    @property
    def spoken(self) -> Track | None:
        """What the loudspeaker said: what was played, or else what came down the wire."""
        return self.first("agent-played", "agent-received")
