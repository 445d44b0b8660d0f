"""What happened on the wire, at the player and in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from voicediag.session.track import Role, TrackName
    from voicediag.spans import Span

Direction: TypeAlias = Literal["up", "down"]
PlayerEvent: TypeAlias = Literal["played", "underrun", "flushed", "queued"]
CueKind: TypeAlias = Literal["speech-started", "speech-stopped", "interrupted", "turn-complete"]
MarkKind: TypeAlias = Literal[
    "telephone",  # the wire is a call's: sound only, no model speaks on it
    "opened",  # the app connects
    "hung-up",  # the call is over
    "setup",  # the app asks for a session
    "ready",  # the provider agrees
    "asked",  # the app asks the model to speak
    "broke-in",  # the app itself says that the user speaks
    "answered",  # the first that comes of the model after any of the above or below
    "interrupted",
    "tool-call",
    "tool-result",
    "tool-cancelled",
    "going-away",  # the provider is about to end the connection
    "resumable",  # the session can be taken up again from here
    "error",
    "slip",  # a message breaks its provider's rules
    "closed",
    "last-up",
    "last-down",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioRef:
    """Where the sound that was cut out of a message now is: frames of a track."""

    track: TrackName
    frame: int
    frames: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WireEvent:
    """One message as it passed.

    Attributes
    ----------
    t_ns : int
        Monotonic nanoseconds since the session began.
    wall_ns : int or None
        Nanoseconds since 1970, where the recorder noted them.
    sequence : int
        Order of passing; two messages may share a time.
    message : mapping
        The provider's own JSON, its audio cut out where `audio` says where it went.
    slips : tuple of str
        Rules that it breaks, as far as that could be told before its audio was cut out.
    """

    t_ns: int
    wall_ns: int | None = None
    direction: Direction
    sequence: int
    kind: str
    message: Mapping[str, Any]
    audio: AudioRef | None = None
    slips: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackEvent:
    """What the player did with frames of the agent's sound."""

    t_ns: int
    event: PlayerEvent
    frame: int
    frames: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """What the provider said about turn-taking.

    Attributes
    ----------
    at_s : float
        When the message passed.
    audio_s : float or None
        The place in the user's sound that it speaks of, on the session clock.
    """

    kind: CueKind
    at_s: float
    audio_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A message of the wire that is about the session itself, not about sound or words.

    Attributes
    ----------
    at_s : float
        When it passed.
    message : str
        What the provider calls it.
    id, name : str
        What it is about: a tool's call and name, an error's code, the rule that a slip breaks.
    left_s : float or None
        How long the connection still has.
    awaits_ask : bool
        Whether the model goes on only once the app asks it to.
    received : int
        How many frames of the agent's sound had come by then, its own included.
    said : str
        The provider's own words, or the app's: an error's text, a close's reason.
    fault : str
        Of a slip, the fault that tells of it.
    """

    kind: MarkKind
    at_s: float
    message: str
    id: str = ""
    name: str = ""
    left_s: float | None = None
    awaits_ask: bool = False
    received: int = 0
    said: str = ""
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What one side said before the other had its say.

    Attributes
    ----------
    text : str
        The provider's transcript of it.
    span : Span
        Where it was said, as well as is known; see `learnt_from`.
    learnt_from : str
        ``"audio"`` (the sound that carried it), ``"vad"`` (the provider's start and stop) or ``"arrival"`` (only when
        its words came, which is after they were said).
    """

    role: Role
    text: str
    span: Span
    learnt_from: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """Sound of the agent that came down between two events after which somebody waits for it.

    Attributes
    ----------
    first_s, last_s : float
        When the first and the last message of it passed.
    span : Span
        Where it was heard, by the player's log, or else laid out as a player would.
    """

    first_s: float
    last_s: float
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something of the recording that could not be read, with what was expected and got."""

    where: str
    what: str
