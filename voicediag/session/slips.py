"""Breaches of a provider's rules, as whoever reads its messages noted them.

A `Rule` carries its own words, so that nobody who reports a breach has to know the provider.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from voicediag.session.events import Direction

Weight: TypeAlias = Literal["info", "low", "medium", "high"]
# Of a rule that every message breaks only the first are kept whole; the others are counted.
MOST_KEPT: Final = 20
PROTOCOL_SLIP: Final = "protocol-slip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a provider expects of whoever talks to it.

    Attributes
    ----------
    id : str
    expected : str
        What the rule wants, to follow "expected".
    consequence : str
        What comes of a breach, a clause.
    remedy : str
        What to change, whole sentences.
    source : str
        Where the rule stands, or who ran into it.
    weight : str
        How much a breach hurts.
    fault : str
        The fault that tells of a breach.
    explains : frozenset of str
        Faults that a breach brings with it where they take the same time.
    """

    id: str
    expected: str
    consequence: str
    remedy: str
    source: str
    weight: Weight = "medium"
    fault: str = PROTOCOL_SLIP
    explains: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """One breach.

    Attributes
    ----------
    at_s : float
        When the message passed.
    message : str
        What the message calls itself.
    said : str
        The message itself or the part of it that matters, cut short, without sound and secrets.
    """

    rule: Rule
    at_s: float
    direction: Direction
    message: str
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaches:
    """All breaches of one rule: the first of them whole, how many there are, and when the last one was."""

    rule: Rule
    slips: tuple[Slip, ...]
    count: int
    last_s: float


@dataclass(slots=True)
class SlipBook:
    """Collects slips, by their rules."""

    _kept: dict[str, list[Slip]] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)
    _last_s: dict[str, float] = field(default_factory=dict)

    def note(self, slip: Slip) -> bool:
        """Note a breach; return whether it was kept whole."""
        kept = self._kept.setdefault(slip.rule.id, [])
        self._counts[slip.rule.id] = self._counts.get(slip.rule.id, 0) + 1
        self._last_s[slip.rule.id] = max(slip.at_s, self._last_s.get(slip.rule.id, slip.at_s))
        if len(kept) < MOST_KEPT:
            kept.append(slip)
            return True
        return False

    def all(self) -> tuple[Breaches, ...]:
        """Return the breaches of each rule that was broken, in the order of the first."""
        return tuple(
            Breaches(rule=kept[0].rule, slips=tuple(kept), count=self._counts[rule], last_s=self._last_s[rule])
            for rule, kept in self._kept.items()
        )
