"""What a message means, whichever provider it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

    from voicediag.session import Role, Rule, TrackName
    from voicediag.session.events import CueKind, MarkKind
    from voicediag.session.usage import Counted, Tally, UsageKind

Encoding: TypeAlias = Literal["pcm_16", "mulaw", "alaw"]
BYTES_A_FRAME: Final[dict[str, int]] = {"pcm_16": 2, "mulaw": 1, "alaw": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Audio:
    """Sound in a message; `payload` is empty where it was cut out of the message.

    Attributes
    ----------
    starts_ms : float, optional
        Where its sender says that it begins, by the clock of its stream.
    """

    track: TrackName
    payload: bytes
    rate_hz: int
    encoding: Encoding = "pcm_16"
    starts_ms: float | None = None

    @property
    def frames(self) -> int:
        """How many samples the payload holds."""
        return len(self.payload) // BYTES_A_FRAME[self.encoding]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Words of a transcript; `done` ends the turn that they belong to."""

    role: Role
    text: str
    done: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnTaking:
    """What the provider said about turn-taking, `audio_ms` into the sound that was sent."""

    kind: CueKind
    audio_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The session is set up for this model: asked for on the way up, agreed to on the way down.

    Attributes
    ----------
    model : str
        Empty where the message names none.
    resumes : bool
        Whether it takes up a session that was before.
    expires_at : float, optional
        When the session will end, in seconds since 1970, where the provider says so at its start.
    """

    model: str
    resumes: bool = False
    expires_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What a message says of the session itself: its tools, its end, its errors.

    Attributes
    ----------
    id : str
        The provider's name for what the message is about, such as a tool call's.
    name : str
        Of a tool, or an error's code.
    left_s : float, optional
        How long the connection still has.
    awaits_ask : bool
        Whether the model goes on only once the app asks it to.
    said : str
        The message's own words, where they matter: an error's text, a close's reason.
    """

    kind: MarkKind
    id: str = ""
    name: str = ""
    left_s: float | None = None
    awaits_ask: bool = False
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The provider's rules that its messages are held against from here on."""

    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """The message breaks a rule; `said` is the part of it that shows so."""

    rule: Rule
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What was used; `model` is empty where it is the session's own.

    Attributes
    ----------
    counted : str
        Whether it adds to what was said before (``"each"``), replaces what was said of the same turn (``"turn"``), or
        what was said of the same connection (``"running"``).
    """

    kind: UsageKind
    counted: Counted
    tally: Tally
    model: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Malformed:
    """A part of a message that breaks its own form, so that nothing can be read from it."""

    what: str


Event: TypeAlias = Audio | Words | TurnTaking | Opened | Fact | Held | Broken | Used | Malformed


def slips_in(meaning: Iterable[Event]) -> tuple[str, ...]:
    """Return the rules that a message breaks."""
    return tuple(event.name for event in meaning if isinstance(event, Fact) and event.kind == "slip")
