"""Who calls, and what they say: a `Caller`, from Python or from a JSON file, and when they say it.

Twilio dials the app, so that the emulator plays the caller and not the agent: it waits for its turn, or talks over the
agent where it is told to.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from voicediag.errors import InputError
from voicediag.live.emulator.clips import at_rate, clip_of, from_float
from voicediag.live.emulator.scenario import list_of, made, read_as
from voicediag.protocols.conversation import number_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicediag.live.emulator.clips import Pcm

SCHEMA: Final = "voicediag.caller/1"
LINE_HZ: Final = 8_000
# The demo's user says hello here, in a quiet room; so loud that no echo is taken for it.
HELLO_S: Final = (0.85, 1.75)
LOUDEST: Final = 0.5
# A pause between two sentences is shorter, one between two turns longer.
PAUSE_S = 0.7
# Who gets no answer asks again.
PATIENCE_S = 5.0
GOODBYE_S = 1.5
LONGEST_WAIT_S = 60
KEYS: Final = frozenset("0123456789*#ABCD")


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """One turn of the caller.

    Parameters
    ----------
    text : str
        What they say; for people, nothing reads it.
    clip : Path, optional
        Its sound, any file that can be read; without one it is the demo user's hello.
    wait_s : float
        How long the agent has been silent before.
    over_s : float, optional
        How long the agent has been talking before, where the caller does not wait for its end.
    keys : str
        Keys that are pressed in place of speech.
    """

    text: str = ""
    clip: Path | None = None
    wait_s: float = 0.8
    over_s: float | None = None
    keys: str = ""

    def __post_init__(self) -> None:
        """Refuse times and keys that no telephone has."""
        told: dict[str, object] = {"wait_s": self.wait_s, "over_s": 0.0 if self.over_s is None else self.over_s}
        for name, value in told.items():
            seconds = number_of(value)
            if seconds is None or not 0 <= seconds <= LONGEST_WAIT_S:
                raise InputError(expected=f"{name} of 0 to {LONGEST_WAIT_S} s", got=repr(value))
        if unknown := sorted(set(self.keys) - KEYS):
            raise InputError(expected="keys of 0-9, *, #, A-D", got="".join(unknown))


# It is greeted, answered, and breaks in once.
DEMO: Final = (Say(text="Hello."), Say(text="Hello."), Say(text="Hello.", over_s=1.2), Say(text="Hello."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A call as the caller holds it.

    Parameters
    ----------
    says : tuple of Say
        One after the other; then the caller hangs up.
    parameters : dict
        The custom parameters that TwiML gives the stream.
    room_dbfs : float
        Level of the noise on the line.
    seed : int
        What the noise and faults that are drawn by lot are drawn with.
    faults : tuple of str
        Names of faults, as ``--fault`` takes them.
    """

    says: tuple[Say, ...] = DEMO
    parameters: dict[str, Any] = field(default_factory=dict)
    room_dbfs: float = -62.0
    seed: int = 0
    faults: tuple[str, ...] = ()


def read(path: Path) -> Caller:
    """Return the caller of a JSON file; clips are looked for beside it.

    Raises
    ------
    FormatError
        Where it is none, or names a key that there is not.

    Examples
    --------
    A file can be as short as this::

        {"schema": "voicediag.caller/1", "says": [{"clip": "hello.wav"}, {"clip": "stop.wav", "over_s": 1.5}]}
    """
    return read_as(path, _caller)


def clips_of(caller: Caller) -> tuple[Pcm, ...]:
    """Return the sound of each turn, int16, shape (frames,), at 8 kHz; of keys there is none.

    Raises
    ------
    InputError
        Where a clip cannot be read.
    """
    return tuple(_clip(say) for say in caller.says)


@dataclass(slots=True)
class Talker:
    """Says when the caller speaks, from what is heard of the agent.

    Parameters
    ----------
    says : sequence of Say
    lengths_s : sequence of float
        How long each takes.
    """

    says: Sequence[Say]
    lengths_s: Sequence[float]
    said: int = 0
    _busy_to_s: float = 0.0
    _loud_from_s: float | None = None
    _loud_to_s: float = 0.0
    _answered: bool = False

    def step(self, now_s: float, *, loud: bool) -> int | None:
        """Return the turn that begins now, if one does; `loud` is whether the agent is heard."""
        self._listen(now_s, loud=loud)
        if now_s < self._busy_to_s or self.said >= len(self.says) or not self._is_due(self.says[self.said], now_s):
            return None
        number, self.said = self.said, self.said + 1
        self._busy_to_s, self._answered = now_s + self.lengths_s[number], False
        return number

    def is_done(self, now_s: float) -> bool:
        """Whether everything was said, and the answer heard or waited for."""
        if self.said < len(self.says) or now_s < self._busy_to_s:
            return False
        return self._has_waited(now_s) and self._quiet_s(now_s) >= GOODBYE_S

    def _listen(self, now_s: float, *, loud: bool) -> None:
        if loud:
            self._loud_to_s = now_s
            self._loud_from_s = now_s if self._loud_from_s is None else self._loud_from_s
            self._answered = self._answered or now_s >= self._busy_to_s
        elif now_s - self._loud_to_s > PAUSE_S:
            self._loud_from_s = None

    def _is_due(self, say: Say, now_s: float) -> bool:
        if say.over_s is not None and self._answered and self._loud_from_s is not None:
            return now_s - max(self._loud_from_s, self._busy_to_s) >= say.over_s
        return self._has_waited(now_s) and self._quiet_s(now_s) >= max(say.wait_s, PAUSE_S)

    def _has_waited(self, now_s: float) -> bool:
        return self._answered or now_s - self._busy_to_s >= PATIENCE_S

    def _quiet_s(self, now_s: float) -> float:
        return now_s - max(self._loud_to_s, self._busy_to_s)


def _clip(say: Say) -> Pcm:
    if say.keys:
        return np.zeros(0, np.int16)
    return _hello() if say.clip is None else at_rate(clip_of(say.clip), LINE_HZ)


@cache
def _hello() -> Pcm:
    """Return what the demo's user says before its agent answers."""
    import soxr

    from voicediag.formats.demo import load_demo
    from voicediag.spans import Span

    track = load_demo().tracks["user-sent"]
    said = np.asarray(soxr.resample(track.read(Span(*HELLO_S)), track.rate_hz, LINE_HZ), np.float32)
    return from_float(said / np.float32(np.abs(said).max() / LOUDEST))


def _caller(told: Any, folder: Path) -> Caller:
    if not isinstance(told, dict) or told.pop("schema", None) != SCHEMA:
        raise InputError(expected=f'an object with "schema": "{SCHEMA}"', got="something else")
    if "says" in told:
        told["says"] = tuple(_say(one, folder) for one in list_of(told["says"], "says"))
    if "faults" in told:
        told["faults"] = tuple(str(name) for name in list_of(told["faults"], "faults"))
    return made(Caller, told)


def _say(told: Any, folder: Path) -> Say:
    if isinstance(told, dict) and told.get("clip") is not None:
        told["clip"] = folder / str(told["clip"])
    return made(Say, told)
