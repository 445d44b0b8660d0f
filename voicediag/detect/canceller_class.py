"""The ways in which an echo canceller fails: what each is called, and what is said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from voicediag.detect.finding import Limit

Class: TypeAlias = Literal[
    "capture-drops",
    "reference-drops",
    "two-engines",
    "clock-skew",
    "late-echo",
    "early-echo",
    "overdriven-microphone",
    "quiet-reference",
    "canceller-off",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a canceller leaves this echo.

    Attributes
    ----------
    why : str
        The class.
    told : str
        One sentence with the number in it.
    remedy : str
        What to change.
    measure : mapping
        What was measured.
    limit : Limit or None
        What it was held against; None for a class without a number.
    """

    why: Class
    told: str
    remedy: str
    measure: Mapping[str, float] = field(default_factory=dict)
    limit: Limit | None = None
