"""Where a track's own sound breaks off or says the same twice: what both ends of a call are judged by.

One track alone tells how the sound stops and goes on, and nothing of why. Whether a single place is a gap is a matter
of probability: `voicediag.measure.gaps`. Holes shorter than that sees, and buffers that came twice, are told by their
samples: where so many are exactly equal no microphone and no voice made them, and there must be several. A buffer that
came twice before a codec is told by how much more it is like itself than a voice is: `voicediag.measure.heard_twice`.
Chunks that leave no silence stand in `voicediag.detect.cuts`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from typing import Final, Literal

import numpy as np

from voicediag.detect.examination import Examination
from voicediag.detect.finding import Evidence, Limit
from voicediag.measure.heard_twice import LEAST_CONTRAST_DB, heard_twice
from voicediag.session import Track
from voicediag.spans import Span, SpanSet

Kind = Literal["zeros", "held", "filled", "repeated", "swapped", "seam"]
GAPS: Final = frozenset({"zeros", "held", "filled"})
LIKELY = Limit(
    0.4, "probability", "chosen on 250 cases beside those of benchmarks/starvation_single: 97 % of such places are"
)
ALL_PAUSES = Limit(
    0.03, "probability", "benchmarks/starvation_single: no clip of 400 without a gap is as unlikely whole"
)
SOFT = Limit(
    18.0, "dB under loud", "measured: 77 of 100 gaps in speech break off in louder sound, of trimmed phrases 5"
)
LOUD_SHARE = Limit(1 / 3, "of the gaps", "house rule: where fewer break off in louder sound, the others are pauses")
MANY = Limit(3, "gaps", "house rule: fewer show no habit of whoever trims phrases")
TWICE = Limit(LEAST_CONTRAST_DB, "dB", "benchmarks/starvation_chunks: no place in 200 clean clips, 5.2 dB at most")
FIRST_LOOK = Limit(300.0, "s", "house rule: what is so rare that five minutes from all over a track hold none can wait")
TWICE_PROBABILITY = 0.95
"""Of 68 places that the benchmark found none is false (rule of three): one alone is no finding, two are."""
NEAR_S = 0.03
SHOWN = 20
BESIDE_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """One place at which sound does not go on.

    Attributes
    ----------
    span : Span
        On the session clock.
    kind : str
        What is heard there: `zeros`, one value `held`, a gap `filled` with noise or by a codec, what was heard just
        before `repeated`, two chunks `swapped`, or a `seam` where something is missing.
    probability : float or None
        That it is a gap; None where samples are exactly equal, and only their number counts.
    """

    span: Span
    kind: Kind
    probability: float | None = None


def likely_gaps(exam: Examination, track: Track) -> tuple[Break, ...]:
    """Return where a track breaks off in the middle of speech, each with how likely that is."""
    gaps = exam.reading(track.name).gaps.likely(LIKELY.value)
    kept = gaps.sides_db >= -SOFT.value
    # A player of clips that trims them hard breaks off many a time, and nearly always in the last of a word.
    if kept.size < MANY.value or np.count_nonzero(kept) >= LOUD_SHARE.value * kept.size:
        kept[:] = True
    rows = zip(gaps.starts.tolist(), gaps.ends.tolist(), gaps.values, gaps.probability.tolist(), strict=True)
    return tuple(
        Break(span=track.clock.span_of((start, end), track.rate_hz), kind=_kind(value), probability=probability)
        for (start, end, value, probability), is_kept in zip(rows, kept, strict=True)
        if is_kept
    )


def heard_again(track: Track) -> tuple[Break, ...]:
    """Return where a chunk of a track is heard twice in a row, though not equal to the last bit."""
    again = heard_twice(track.source, least_contrast_db=TWICE.value, first_look_s=FIRST_LOOK.value)
    frames = ((round(at_s * track.rate_hz) for at_s in (one.start_s, one.start_s + one.length_s)) for one in again)
    return tuple(
        Break(span=track.clock.span_of((start, end), track.rate_hz), kind="repeated", probability=TWICE_PROBABILITY)
        for start, end in frames
    )


def looked_for(tracks: Iterable[Track]) -> str:
    """Return what a clear verdict says of how much was searched."""
    is_part = any(track.span.duration_s > FIRST_LOOK.value for track in tracks)
    return (
        f"; repeats through a codec, and seams, were looked for in {FIRST_LOOK.value / 60:g} minutes" if is_part else ""
    )


def are_breaks(places: tuple[Break, ...], least: Limit) -> bool:
    """Whether places make a finding: all of them can hardly be pauses, or enough of them are told by their samples."""
    pauses = [1 - place.probability for place in places if place.probability is not None]
    counted = len(places) - sum(pause > ALL_PAUSES.value for pause in pauses)
    return prod(pauses) <= ALL_PAUSES.value or counted >= least.value


def with_holes(
    gaps: tuple[Break, ...],
    holes: SpanSet,
    repeats: SpanSet,
    again: tuple[Break, ...],
    seams: tuple[Break, ...] = (),
) -> tuple[Break, ...]:
    """Return all places in order: gaps, holes in none of them, repeats, elsewhere what is heard `again`, and `seams`.

    The edges of a short gap and of a repeat are seams too.
    """
    known = SpanSet(gap.span for gap in gaps)
    more = (Break(span=hole, kind="zeros") for hole in holes if not SpanSet((hole,)) & known)
    equal = (Break(span=span, kind="repeated") for span in repeats)
    alike = (each for each in again if not SpanSet((each.span,)) & repeats)
    whole = sorted((*gaps, *more, *equal, *alike), key=lambda each: each.span)
    beside = SpanSet(each.span for each in whole).padded(NEAR_S)
    return tuple(
        sorted((*whole, *(each for each in seams if not SpanSet((each.span,)) & beside)), key=lambda each: each.span)
    )


def counts(places: tuple[Break, ...]) -> dict[str, int]:
    """Return how many places there are of each kind of gap."""
    return {kind: sum(place.kind == kind for place in places) for kind in ("zeros", "held", "filled")}


def shown(places: tuple[Break, ...], track: Track, limit: Limit) -> tuple[Evidence, ...]:
    """Return the first of some places, each to be heard and seen."""
    return tuple(
        Evidence(
            track=track.name,
            span=place.span.padded(BESIDE_S),
            measure={
                "kind": place.kind,
                "start_s": place.span.start_s,
                "length_ms": 1_000 * place.span.duration_s,
                "probability": place.probability,
            },
            limit=LIKELY if place.probability is not None else limit,
        )
        for place in places[:SHOWN]
    )


def _kind(value: np.float32) -> Kind:
    return "filled" if np.isnan(value) else "held" if value else "zeros"
