"""Stretches of time on the session clock.

A `Span` is half-open, ``[start_s, end_s)``, in float seconds; a `SpanSet` is a sorted set of disjoint spans with the
algebra of sets. Nothing here rounds: spans that touch are merged, spans a nanosecond apart are not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from voicediag.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """The time from `start_s` up to, not including, `end_s`.

    Raises
    ------
    InputError
        Where the end lies before the start.
    """

    start_s: float
    end_s: float

    def __post_init__(self) -> None:
        """Refuse a span that runs backwards."""
        if not self.end_s >= self.start_s:
            raise InputError(
                expected="a span that ends at or after its start",
                got=f"[{self.start_s}, {self.end_s})",
                likely="start and end were swapped, or one of them is in milliseconds",
            )

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.end_s - self.start_s

    def overlap(self, other: Span) -> Span | None:
        """Return what both spans share, or None where they share no time."""
        start, end = max(self.start_s, other.start_s), min(self.end_s, other.end_s)
        return Span(start, end) if end > start else None

    def shifted(self, by_s: float) -> Span:
        """Return the span moved by `by_s` seconds."""
        return Span(self.start_s + by_s, self.end_s + by_s)

    def padded(self, by_s: float) -> Span:
        """Return the span widened by `by_s` seconds on either side, but not to before the session's start."""
        return Span(max(min(0.0, self.start_s), self.start_s - by_s), self.end_s + by_s)


@dataclass(frozen=True, slots=True, init=False)
class SpanSet:
    """Sorted, disjoint spans.

    Parameters
    ----------
    spans : iterable of Span
        In any order; those that overlap or touch are merged, empty ones dropped.
    """

    spans: tuple[Span, ...]

    def __init__(self, spans: Iterable[Span] = ()) -> None:
        object.__setattr__(self, "spans", tuple(_merged(spans)))

    def __iter__(self) -> Iterator[Span]:
        """Iterate in order of time."""
        return iter(self.spans)

    def __len__(self) -> int:
        """Return the number of disjoint spans."""
        return len(self.spans)

    @property
    def total_s(self) -> float:
        """Time covered, in seconds."""
        return sum(span.duration_s for span in self.spans)

    @property
    def hull(self) -> Span | None:
        """The one span from the first start to the last end, or None for the empty set."""
        return Span(self.spans[0].start_s, self.spans[-1].end_s) if self.spans else None

    def __or__(self, other: SpanSet) -> SpanSet:
        """Return the union."""
        return SpanSet((*self.spans, *other.spans))

    def __and__(self, other: SpanSet) -> SpanSet:
        """Return the intersection, in time linear in the number of spans."""
        found: list[Span] = []
        mine, theirs = 0, 0
        while mine < len(self.spans) and theirs < len(other.spans):
            a, b = self.spans[mine], other.spans[theirs]
            if both := a.overlap(b):
                found.append(both)
            if a.end_s <= b.end_s:
                mine += 1
            else:
                theirs += 1
        return SpanSet._of(found)

    def __sub__(self, other: SpanSet) -> SpanSet:
        """Return the time that is in this set and not in the other."""
        hull = self.hull
        return self & other.complement(hull) if hull else self

    def complement(self, within: Span) -> SpanSet:
        """Return the time of `within` that the set leaves out."""
        edges = [within.start_s]
        for span in self & SpanSet((within,)):
            edges += [span.start_s, span.end_s]
        edges.append(within.end_s)
        return SpanSet._of(Span(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if a < b)

    def padded(self, by_s: float) -> SpanSet:
        """Return every span widened by `by_s` seconds on either side, merged."""
        return SpanSet(span.padded(by_s) for span in self.spans)

    def longer_than(self, least_s: float) -> SpanSet:
        """Return only the spans of at least `least_s` seconds."""
        return SpanSet._of(span for span in self.spans if span.duration_s >= least_s)

    @classmethod
    def _of(cls, spans: Iterable[Span]) -> SpanSet:
        """Return the set of spans that are known to be in order, apart and not empty."""
        spared = object.__new__(cls)
        object.__setattr__(spared, "spans", tuple(spans))
        return spared


def _merged(spans: Iterable[Span]) -> Iterator[Span]:
    """Yield the union of `spans` as sorted, disjoint, non-empty spans."""
    current: Span | None = None
    for span in sorted(spans):
        if span.duration_s == 0:
            continue
        if current is None:
            current = span
        elif span.start_s <= current.end_s:
            current = Span(current.start_s, max(current.end_s, span.end_s))
        else:
            yield current
            current = span
    if current is not None:
        yield current
