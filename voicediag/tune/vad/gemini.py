"""Gemini Live's ``automaticActivityDetection``, as far as its reference says what it does.

Its ``prefixPaddingMs`` is speech that must be heard before a start is committed, and its ``silenceDurationMs``
non-speech before an end is. Both have defaults that Google does not tell, so they must be given here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Final, Literal, TypeAlias

from voicediag.errors import InputError
from voicediag.limits import Limit
from voicediag.tune.vad.checks import wait_ms
from voicediag.tune.vad.machine import Rules, windows
from voicediag.tune.vad.silero import MS

Sensitivity: TypeAlias = Literal["high", "low"]
_UNTOLD: Final = "house rule: Google says which sensitivity hears more, and not how much"
STARTS: Final[Mapping[str, Limit]] = MappingProxyType(
    {"high": Limit(0.5, "probability", _UNTOLD), "low": Limit(0.8, "probability", _UNTOLD)}
)
ENDS: Final[Mapping[str, Limit]] = MappingProxyType(
    {"high": Limit(0.35, "probability", _UNTOLD), "low": Limit(0.15, "probability", _UNTOLD)}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityDetection:
    """Settings of ``automaticActivityDetection``.

    Parameters
    ----------
    prefix_padding_ms : float
        Speech that must be heard before a start is committed. OpenAI's setting of that name keeps sound instead.
    silence_duration_ms : float
        Non-speech that must be heard before an end is.
    start_of_speech_sensitivity, end_of_speech_sensitivity : {"high", "low"}
        Left out, the developer API takes high, as here, and Vertex AI takes low.
    """

    name: ClassVar[str] = "Gemini's automaticActivityDetection"
    note: ClassVar[str] = (
        "prefix_padding_ms is speech asked for before a start, which delays it; at OpenAI it is sound kept from before."
    )
    assumed: ClassVar[tuple[str, ...]] = (
        "the network: Google does not say which it is; Silero v6 stands in for it",
        f"a start takes a probability of {STARTS['high'].value} at high sensitivity and {STARTS['low'].value} at low",
        f"an end takes one under {ENDS['high'].value} at high sensitivity and under {ENDS['low'].value} at low",
        "the times told are where speech and silence began, not where they were committed",
    )

    prefix_padding_ms: float
    silence_duration_ms: float
    start_of_speech_sensitivity: Sensitivity = "high"
    end_of_speech_sensitivity: Sensitivity = "high"

    def __post_init__(self) -> None:
        wait_ms("prefix_padding_ms", self.prefix_padding_ms)
        wait_ms("silence_duration_ms", self.silence_duration_ms)
        for which in ("start_of_speech_sensitivity", "end_of_speech_sensitivity"):
            if getattr(self, which) not in ("high", "low"):
                raise InputError(expected=f"{which} high or low", got=f"{getattr(self, which)!r}")

    def rules(self, step_s: float) -> Rules:
        """Return what that means for windows of `step_s`."""
        return Rules(
            on=STARTS[self.start_of_speech_sensitivity].value,
            off=ENDS[self.end_of_speech_sensitivity].value,
            start_windows=windows(self.prefix_padding_ms / MS, step_s),
            silent_windows=max(0, windows(self.silence_duration_ms / MS, step_s) - 1),
        )
