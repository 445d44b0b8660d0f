"""What a message means, whichever provider it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from voicediag.session import Role, TrackName
    from voicediag.session.events import CueKind

Encoding: TypeAlias = Literal["pcm_16", "mulaw", "alaw"]
BYTES_A_FRAME: Final[dict[str, int]] = {"pcm_16": 2, "mulaw": 1, "alaw": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Audio:
    """Sound in a message; `payload` is empty where it was cut out of the message."""

    track: TrackName
    payload: bytes
    rate_hz: int
    encoding: Encoding = "pcm_16"

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
    """The session was set up for this model."""

    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Malformed:
    """A part of a message that breaks its own form, so that nothing can be read from it."""

    what: str


Event: TypeAlias = Audio | Words | TurnTaking | Opened | Malformed
