"""Settings of a VAD by their provider's own names, and never those of another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

from voicediag.errors import InputError
from voicediag.tune.vad.gemini import ActivityDetection
from voicediag.tune.vad.openai import ServerVad
from voicediag.tune.vad.silero import VadIterator

Settings: TypeAlias = VadIterator | ServerVad | ActivityDetection
VadName: TypeAlias = Literal["openai", "gemini", "silero"]
KINDS: Final[Mapping[str, type[Settings]]] = MappingProxyType(
    {"openai": ServerVad, "gemini": ActivityDetection, "silero": VadIterator}
)
PREFIX: Final = (
    "prefix_padding_ms means opposite things: at OpenAI sound that is kept from before the speech, which delays "
    "nothing, at Gemini speech that must be heard before a start, which delays every one"
)
NOT_CARRIED: Final = "thresholds and waits of one VAD mean something else in another: choose them by what each hears"


def settings_for(vad: VadName, given: Mapping[str, Any] | Settings) -> Settings:
    """Return the settings of a VAD.

    Parameters
    ----------
    vad : {"openai", "gemini", "silero"}
    given : mapping or Settings
        By the names that the provider's reference has, in snake_case; what is left out has the provider's default.
        Settings of that VAD are returned as they are.

    Raises
    ------
    InputError
        Where they are those of another VAD, of none, or lack what has no known default.
    """
    if vad not in KINDS:
        raise InputError(expected=f"a VAD: {', '.join(KINDS)}", got=repr(vad))
    kind = KINDS[vad]
    if not isinstance(given, Mapping):
        return _kept(kind, given)
    names = {field.name: field for field in fields(kind)}
    for name in given:
        if name not in names:
            raise _unknown(kind, name)
    lacking = [name for name, field in names.items() if _is_needed(field) and name not in given]
    if lacking:
        raise InputError(
            expected=f"{' and '.join(lacking)} for {kind.name}",
            got=f"{', '.join(given) or 'no settings'}",
            likely="its provider does not tell their defaults: give those of your session's setup",
        )
    return kind(**given)


def _kept(kind: type[Settings], given: Settings) -> Settings:
    if not isinstance(given, kind):
        raise InputError(
            expected=f"settings of {kind.name}",
            got=f"settings of {getattr(given, 'name', type(given).__name__)}",
            likely=PREFIX if hasattr(given, "prefix_padding_ms") and kind is not VadIterator else NOT_CARRIED,
        )
    return given


def _unknown(kind: type[Settings], name: str) -> InputError:
    others = [other.name for other in KINDS.values() if other is not kind and name in _names(other)]
    return InputError(
        expected=f"a setting of {kind.name}: {', '.join(_names(kind))}",
        got=f"{name}, which is one of {' and of '.join(others)}" if others else name,
        likely=NOT_CARRIED if others else None,
    )


def _names(kind: type[Settings]) -> list[str]:
    return [field.name for field in fields(kind)]


def _is_needed(field: Field[Any]) -> bool:
    return field.default is MISSING
