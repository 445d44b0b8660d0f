"""What is said: the words for writing a scene down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from recipe.messages import Message
from recipe.places import OFFICE, Place
from recipe.sound import Samples
from recipe.wire_damages import OnTheWire
from voicediag.signals import Injected

if TYPE_CHECKING:
    from voicediag.spans import Span


@dataclass(frozen=True, kw_only=True)
class User:
    """A person speaks: clips one after the other, `after_s` after the last sound, or `during_s` into the agent's turn.

    Who barges in stops the agent's turn; who only talks along does not. ``pause`` says before which clip, and for how
    many seconds, the person stops to think.
    """

    say: tuple[str, ...]
    heard: str
    after_s: float = 0.8
    during_s: float | None = None
    barges_in: bool = False
    pause: tuple[int, float] | None = None


@dataclass(frozen=True, kw_only=True)
class Agent:
    """The agent answers `wait_s` after what it heard; `stop_s` into its turn the provider calls it interrupted.

    Attributes
    ----------
    stalls : tuple of (int, float)
        From which chunk on, and for how many seconds, nothing comes down; what is late then comes in one burst.
    lost : tuple of int
        Chunks that never come.
    halt_s : (float, float), optional
        When in its turn, and for how long, the player plays nothing, though it has what to play.
    """

    text: str
    wait_s: float = 0.95
    stop_s: float | None = None
    prompted: bool = False
    stalls: tuple[tuple[int, float], ...] = ()
    lost: tuple[int, ...] = ()
    halt_s: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class Echo:
    """The provider takes what leaked of the agent's last turn for a user's turn and transcribes it so."""

    heard: str


@dataclass(frozen=True, kw_only=True)
class Ghost:
    """The provider hears the user start `during_s` into the agent's last turn, while nobody speaks."""

    during_s: float
    lasts_s: float = 0.4


Line = User | Agent | Echo | Ghost


@dataclass(frozen=True, kw_only=True)
class Path:
    """The way from the loudspeaker into the microphone, buffers included."""

    delay_ms: float
    erl_db: float


@dataclass(frozen=True, kw_only=True)
class Moments:
    """Where things lie in a scene, for whoever plants a fault; seconds on the session clock."""

    duration_s: float
    user: tuple[Span, ...]
    agent: tuple[Span, ...]
    pauses: tuple[Span, ...] = ()


Damage = Callable[[Samples, int, Moments], Injected]
WireDamage = Callable[[list[Message], Moments], OnTheWire]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A session to be made.

    Attributes
    ----------
    twin : str, optional
        The clean scene with the same dialogue.
    folder, name : str
        It becomes ``folder/name.vds``; a folder other than ``clean`` is the fault's id and the root cause.
    speech_db, floor_db : float
        The person's active level and the noise at the microphone, in dB re an RMS of 1.0.
    damage : callable, optional
        Does to the microphone's sound what the fault does, before it is sent.
    model_damage : callable, optional
        The same for the model's sound.
    wire_damage : callable, optional
        Changes the messages that pass.
    unflushed_s : float
        How long the player plays on after an interruption, as far as it has anything to play.
    deaf : bool
        The provider hears nothing: it transcribes nothing, and the app has to ask for each answer.
    sent_hz : int, optional
        At which rate the app really sends what it declares at the provider's.
    taps_microphone : bool
        Whether the sound before the damage is kept as ``user-captured``.
    killed_s : float, optional
        When the recorder is killed.
    cushion_s : float
        What the player keeps.
    in_real_time : bool
        Whether the model's sound comes as fast as it is heard, and no faster.
    only_received : bool
        Whether the recorder kept what came down alone, and that in a telephone's quality: it stays small so.
    player_ppm : float, optional
        By how much the player's clock is the faster one; with one, what was played is kept whatever else is not.
    granted : mapping of str to bool, optional
        What a browser put on though it was asked for nothing; its page then keeps the microphone alone.
    """

    folder: str
    name: str
    lines: tuple[Line, ...]
    notes: str
    twin: str | None = None
    provider: str = "gemini-live"
    instructions: str = "Be brief."
    place: Place = OFFICE
    voice: str = "hibari"
    speech_db: float = -24.0
    noise: str = "room"
    floor_db: float = -66.0
    path: Path | None = None
    damage: Damage | None = None
    model_damage: Damage | None = None
    wire_damage: WireDamage | None = None
    unflushed_s: float = 0.0
    deaf: bool = False
    sent_hz: int | None = None
    taps_microphone: bool = False
    killed_s: float | None = None
    cushion_s: float = 0.08
    in_real_time: bool = False
    only_received: bool = False
    player_ppm: float | None = None
    granted: Mapping[str, bool] | None = None
    seed: int = 1
    first_s: float = 0.9
    tail_s: float = 0.7
    options: dict[str, object] = field(default_factory=dict)

    @property
    def silence_s(self) -> float:
        """How much silence the provider's VAD waits for."""
        return float(str(self.options.get("silence_duration_ms", 500))) / 1_000

    @property
    def clips(self) -> tuple[str, ...]:
        """Every clip of a person."""
        return tuple(clip for line in self.lines if isinstance(line, User) for clip in line.say)
