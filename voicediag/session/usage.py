"""What was used: the tokens and seconds that a provider says it counted, as they passed.

Providers count in three ways: one message for each request, of which all add up; a state of the turn that later
messages of the same turn replace; and a running sum of the whole connection, of which the last one counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeAlias

UsageKind: TypeAlias = Literal["response", "transcription", "session"]
Counted: TypeAlias = Literal["each", "turn", "running"]

# A session of three hours has some hundred; beyond it counts go on in the last one of their kind, and none is lost.
MOST_USAGES: Final = 10_000
_ENDS_TURN: Final = frozenset({"turn-complete", "tool-call"})
_ENDS_CONNECTION: Final = frozenset({"setup", "closed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Tokens by what they stand for; video counts as images."""

    text: int = 0
    audio: int = 0
    image: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.text + self.audio + self.image

    def __add__(self, other: Tokens) -> Tokens:
        return Tokens(text=self.text + other.text, audio=self.audio + other.audio, image=self.image + other.image)

    def __sub__(self, other: Tokens) -> Tokens:
        return Tokens(text=self.text - other.text, audio=self.audio - other.audio, image=self.image - other.image)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What one message says was used.

    Attributes
    ----------
    asked : Tokens
        What went in, the cached part included.
    cached : Tokens
        The part of it that was cached.
    answered : Tokens
        What came out.
    unattributed : int
        Tokens of the provider's total that its details leave out.
    seconds : float
        Where time is counted and not tokens.
    """

    asked: Tokens = field(default_factory=Tokens)
    cached: Tokens = field(default_factory=Tokens)
    answered: Tokens = field(default_factory=Tokens)
    unattributed: int = 0
    seconds: float = 0.0

    @property
    def tokens(self) -> int:
        """All tokens; those that were cached are among those that were asked."""
        return self.asked.total + self.answered.total + self.unattributed

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            asked=self.asked + other.asked,
            cached=self.cached + other.cached,
            answered=self.answered + other.answered,
            unattributed=self.unattributed + other.unattributed,
            seconds=self.seconds + other.seconds,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What was used for one response, one transcription or one connection.

    Attributes
    ----------
    at_s : float
        When the message that says so passed.
    model : str
        Which model counted; empty where no message says.
    """

    at_s: float
    kind: UsageKind
    model: str
    tally: Tally


@dataclass(slots=True)
class UsageLog:
    """Collects what was used while the messages pass by."""

    usages: list[Usage] = field(default_factory=list)
    _open: dict[Counted, int] = field(default_factory=dict)
    _last: dict[tuple[UsageKind, str], int] = field(default_factory=dict)

    def take(self, usage: Usage, counted: Counted) -> None:
        """Take what a message says, which adds to what was said before or replaces it."""
        if counted in self._open:
            self.usages[self._open[counted]] = usage
            return
        like = self._last.get((usage.kind, usage.model))
        if len(self.usages) < MOST_USAGES or (like is None and len(self.usages) < 2 * MOST_USAGES):
            self._last[usage.kind, usage.model] = len(self.usages)
            if counted != "each":
                self._open[counted] = len(self.usages)
            self.usages.append(usage)
        elif like is not None:
            kept = self.usages[like]
            self.usages[like] = replace(kept, at_s=usage.at_s, tally=kept.tally + usage.tally)

    def event(self, kind: str) -> None:
        """Take note of what else was said: the end of a turn, or of a connection."""
        if kind in _ENDS_TURN:
            self._open.pop("turn", None)
        elif kind in _ENDS_CONNECTION:
            self._open.clear()
