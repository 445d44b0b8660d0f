"""What an emulated service says and how it listens: a `Scenario`, from Python or from a JSON file."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from voicediag.errors import FormatError, InputError

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMA: Final = "voicediag.scenario/1"
_T = TypeVar("_T")
# What JSON must hold for a field of this type; the others are made from it by hand.
_PLAIN: Final[dict[str, tuple[type, ...]]] = {
    "int": (int,),
    "float": (int, float),
    "str": (str,),
    "dict[str, Any]": (dict,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Vad:
    """When the service thinks that the user speaks.

    Parameters
    ----------
    threshold_dbfs : float
        Level of 20 ms of sound from which on it is speech; speech lies at -26 to -10 dBFS.
    onset_ms, silence_ms : int
        How long it must be loud before speech has started, and quiet before it has stopped. What the client asks for
        in its setup goes before `silence_ms`.
    prefix_ms : int
        How far before the first loud sound speech is said to have started.
    """

    threshold_dbfs: float = -42.0
    onset_ms: int = 60
    silence_ms: int = 500
    prefix_ms: int = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A function of the app that the agent calls before it speaks."""

    name: str
    args: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One turn of the agent.

    Parameters
    ----------
    text : str
        What it says.
    clip : Path, optional
        Its sound, any file that can be read; without one a turn of the demo's cooking assistant is taken.
    heard : str
        What the service understands of the user before it; empty: no transcript.
    delay_s : float
        From the end of the user's speech to the first sound.
    tool : Tool, optional
        What it calls first.
    """

    text: str
    clip: Path | None = None
    heard: str = ""
    delay_s: float = 0.35
    tool: Tool | None = None

    def __post_init__(self) -> None:
        """Refuse to answer before the question."""
        if not self.delay_s >= 0:
            raise InputError(expected="a delay of 0 s or more", got=f"{self.delay_s:g} s")


# The agent's turns of the demo session, in their order; `clips` knows their sound.
DEMO: Final = (
    Reply(text="Mince two cloves of garlic, then warm some oil.", heard="Hello."),
    Reply(text="Yes, mince two cloves of garlic very finely, please.", heard="And how finely?"),
    Reply(text="Very finely, then slice one large onion.", heard="And then?"),
    Reply(text="Right, slice one large onion.", heard="Was it one?"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A conversation as the service holds it.

    Parameters
    ----------
    replies : tuple of Reply
        Said one after the other, and from the beginning again.
    chunk_ms : int
        Sound in a message.
    speed : float
        How fast sound is sent: 1 is real time; real services send faster.
    vad : Vad
    seed : int
        What faults that are drawn by lot are drawn with.
    faults : tuple of str
        Names of faults, as ``--fault`` takes them.
    """

    replies: tuple[Reply, ...] = DEMO
    chunk_ms: int = 40
    speed: float = 1.0
    vad: Vad = field(default_factory=Vad)
    seed: int = 0
    faults: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be played."""
        if not self.replies:
            raise InputError(expected="at least one reply", got="none")
        if not 5 <= self.chunk_ms <= 2000:
            raise InputError(expected="chunks of 5 to 2000 ms", got=f"{self.chunk_ms} ms", likely="seconds were given")
        if not self.speed > 0:
            raise InputError(expected="a speed above 0", got=f"{self.speed:g}", likely="1 is real time")


def read(path: Path) -> Scenario:
    """Return the scenario of a JSON file; clips are looked for beside it.

    Raises
    ------
    FormatError
        Where it is no scenario, or names a key that there is not.

    Examples
    --------
    A file can be as short as this::

        {"schema": "voicediag.scenario/1", "replies": [{"text": "Hello!", "clip": "hello.wav"}]}
    """
    return read_as(path, _scenario)


def read_as(path: Path, make: Callable[[Any, Path], _T]) -> _T:
    """Return what `make` makes of a JSON file and of the folder that it lies in.

    Raises
    ------
    FormatError
        Where the file is no JSON, or not what `make` takes.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FormatError(path, expected="a scenario file", got=error.strerror or str(error)) from error
    except ValueError as error:
        raise FormatError(path, expected="a scenario as JSON", got=str(error)) from error
    try:
        return make(told, path.parent)
    except FormatError:
        raise
    except InputError as error:
        raise FormatError(path, expected=error.expected, got=error.got, likely=error.likely) from error


def _scenario(told: Any, folder: Path) -> Scenario:
    if not isinstance(told, dict) or told.pop("schema", None) != SCHEMA:
        raise InputError(expected=f'an object with "schema": "{SCHEMA}"', got="something else")
    if "replies" in told:
        told["replies"] = tuple(_reply(one, folder) for one in list_of(told["replies"], "replies"))
    if "vad" in told:
        told["vad"] = made(Vad, told["vad"])
    if "faults" in told:
        told["faults"] = tuple(str(name) for name in list_of(told["faults"], "faults"))
    return made(Scenario, told)


def _reply(told: Any, folder: Path) -> Reply:
    if isinstance(told, dict):
        if told.get("clip") is not None:
            told["clip"] = folder / str(told["clip"])
        if told.get("tool") is not None:
            told["tool"] = made(Tool, told["tool"])
    return made(Reply, told)


def list_of(told: Any, name: str) -> list[Any]:
    """Return what should be a list.

    Raises
    ------
    InputError
        Where it is none.
    """
    if not isinstance(told, list):
        raise InputError(expected=f"a list of {name}", got=type(told).__name__)
    return told


def made(kind: type[_T], told: Any) -> _T:
    """Return a record of what a JSON object says; a misspelt key is refused, not dropped."""
    known = {one.name for one in fields(kind)}  # type: ignore[arg-type]
    if not isinstance(told, dict):
        raise InputError(expected=f"an object for a {kind.__name__.lower()}", got=type(told).__name__)
    if unknown := sorted(told.keys() - known):
        raise InputError(
            expected=f"keys of a {kind.__name__.lower()}: {', '.join(sorted(known))}", got=", ".join(unknown)
        )
    for one in fields(kind):  # type: ignore[arg-type]
        wanted = _PLAIN.get(str(one.type))
        if one.name in told and wanted and (not isinstance(told[one.name], wanted) or told[one.name] is True):
            raise InputError(expected=f"{one.name} of type {one.type}", got=repr(told[one.name])[:60])
    try:
        return kind(**told)
    except TypeError as error:
        raise InputError(expected=f"a whole {kind.__name__.lower()}", got=str(error)) from error
