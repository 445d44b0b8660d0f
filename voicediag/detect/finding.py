"""What a detector answers.

A `Verdict` is findings, clear, or unjudged with a reason: not looking is not clean. A `Finding` stands alone: it has
its sentence with the number in it, what to change, and evidence of which exactly one piece is primary, so that a
finding without evidence cannot be built.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from voicediag.limits import Limit
from voicediag.session import TrackName
from voicediag.spans import Span, SpanSet

__all__ = ["Cause", "Evidence", "Finding", "Limit", "Measure", "Severity", "Verdict", "clear", "found", "unjudged"]


class Cause(StrEnum):
    """Which part of the path a fault belongs to, in the order in which they must be settled."""

    WIRE = "wire"
    FORMAT = "format"
    STARVATION = "starvation"
    ECHO = "echo"
    VAD = "vad"
    LATENCY = "latency"
    COST = "cost"


class Severity(IntEnum):
    """How much a fault hurts the conversation; not how sure it is."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3


Measure = Mapping[str, float | int | str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One place where a person can hear and see the fault.

    Attributes
    ----------
    track : TrackName
        Where to look. Of a fault of the wire it may be a tap of which no sound was recorded.
    span : Span
        When, on the session clock.
    measure : mapping
        What was measured there; the unit ends each key.
    limit : Limit
        What it was held against.
    against : TrackName or None
        The other track to hear beside it, where the fault lies between two.
    """

    track: TrackName
    span: Span
    measure: Measure
    limit: Limit
    against: TrackName | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A fault of the session.

    Attributes
    ----------
    id : str
        The detector's.
    summary : str
        One sentence with the number in it.
    remedy : str
        What to change.
    confidence : float
        Measured precision of this verdict, 0 to 1.
    primary : Evidence
    supporting : tuple of Evidence
    where : SpanSet
        All of the time that the fault takes; the primary span where nothing else is said.
    explains : frozenset of str
        Ids of faults that this very finding brings with it, beside those that the table of `diagnose` names.
    explained_by : str or None
        Id of the finding of which this one is a symptom; None for a root cause.
    """

    id: str
    cause: Cause
    severity: Severity
    confidence: float
    summary: str
    remedy: str
    primary: Evidence
    supporting: tuple[Evidence, ...] = ()
    where: SpanSet = field(default_factory=SpanSet)
    explains: frozenset[str] = frozenset()
    explained_by: str | None = None

    def __post_init__(self) -> None:
        """Let the primary evidence say where, if nothing else does."""
        if not self.where:
            object.__setattr__(self, "where", SpanSet((self.primary.span,)))

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """All evidence, the primary piece first."""
        return (self.primary, *self.supporting)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one detector says of one session: findings, clear, or unjudged.

    Build it with `found`, `clear` or `unjudged`.
    """

    id: str
    findings: tuple[Finding, ...] = ()
    reason: str | None = None
    bound: str | None = None

    @property
    def is_clear(self) -> bool:
        """Whether the detector looked and found nothing."""
        return not self.findings and self.reason is None


def found(*findings: Finding) -> Verdict:
    """Return the verdict of a detector that found something."""
    return Verdict(id=findings[0].id, findings=findings)


def clear(fault: str, *, bound: str | None = None) -> Verdict:
    """Return the verdict of a detector that looked and found nothing; `bound` says how small a fault it would see."""
    return Verdict(id=fault, bound=bound)


def unjudged(fault: str, reason: str) -> Verdict:
    """Return the verdict of a detector that could not look, and why."""
    return Verdict(id=fault, reason=reason)
