"""Rows that look closely, sample by sample: a place that is clipped or wraps, a gap, a stretch that comes twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from voicediag.present.plots.lanes import samples, shade
from voicediag.present.plots.picture import Row, clock
from voicediag.present.plots.style import FONT_PT, LIMIT, LINE, MUTED
from voicediag.spans import Span, SpanSet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes

    from voicediag.detect.finding import Evidence
    from voicediag.session import Samples, Session, Track

CLOSE_IN = 1.15
RAIL_AROUND_S = 0.006
GAP_AROUND_S = 0.06
LONGEST_READ_S = 30.0


def rows(session: Session, evidence: Evidence, where: SpanSet) -> Iterator[Row]:
    """Yield the close look, where what was measured lies in single samples."""
    measure, track = evidence.measure, session.tracks[evidence.track]
    if measure.get("wraps") or measure.get("clipped_samples"):
        yield Row(height_in=CLOSE_IN, draw=lambda ax: _rail(ax, track, evidence), on_time=False)
    elif any(measure.get(kind) for kind in ("gaps", "duplicated", "swapped", "seams")) and (
        place := _first_place(evidence, where)
    ):
        yield Row(height_in=CLOSE_IN, draw=lambda ax: _gap(ax, track, place), on_time=False)


def _rail(ax: Axes, track: Track, evidence: Evidence) -> None:
    """Draw the longest flat top of the span, or its widest jump, with the rail."""
    span = Span(evidence.span.start_s, min(evidence.span.end_s, evidence.span.start_s + LONGEST_READ_S))
    values = track.read(span)
    rail = evidence.measure.get("rail")
    rail = float(rail) if isinstance(rail, int | float) else 1.0
    wraps = bool(evidence.measure.get("wraps"))
    at = int(np.argmax(np.abs(np.diff(values)))) if wraps and values.size > 1 else _longest_run(np.abs(values) >= rail)
    around = Span(span.start_s + at / track.rate_hz, span.start_s + at / track.rate_hz).padded(RAIL_AROUND_S)
    _closely(ax, track, around)
    for sign in (-1, 1):
        ax.axhline(sign * rail, color=LIMIT, linewidth=0.8, linestyle=(0, (4, 2)))
    ax.annotate(
        f"rail {rail:.4g}", (1, rail), xycoords=("axes fraction", "data"), xytext=(-3, 2), textcoords="offset points",
        ha="right", va="bottom", fontsize=FONT_PT - 1, color=LIMIT,
    )  # fmt: skip


def _longest_run(hit: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> int:
    """Return the middle of the longest run of True, or 0."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], hit, [False])).astype(np.int8)))
    if not edges.size:
        return 0
    begins, ends = edges[::2], edges[1::2]
    longest = int(np.argmax(ends - begins))
    return int(begins[longest] + ends[longest]) // 2


def _first_place(evidence: Evidence, where: SpanSet) -> Span | None:
    """Return the first gap or repeat within the evidence's span."""
    return next(iter(where & SpanSet((evidence.span,))), None)


def _gap(ax: Axes, track: Track, place: Span) -> None:
    """Draw a gap or a repeated stretch, and what it repeats."""
    around = max(GAP_AROUND_S, 1.5 * place.duration_s)
    _closely(ax, track, place.padded(around))
    shade(ax, place, colour=LIMIT)
    before = place.shifted(-place.duration_s)
    copy = before.start_s >= 0 and _equal(track, before, place)
    if copy:
        shade(ax, before, colour=MUTED)
    said = "the same once more" if copy else f"{1_000 * place.duration_s:.0f} ms missing"
    ax.annotate(
        said, ((place.start_s + place.end_s) / 2, 1), xycoords=("data", "axes fraction"), xytext=(0, -2),
        textcoords="offset points", ha="center", va="top", fontsize=FONT_PT - 1, color=LIMIT,
    )  # fmt: skip


def _equal(track: Track, one: Span, other: Span) -> bool:
    first, second = track.read(one), track.read(other)
    return bool(first.any()) and np.array_equal(first, second)


def _closely(ax: Axes, track: Track, span: Span) -> Samples:
    """Draw the samples of a span, with three ticks on the session clock."""
    values = track.read(span)
    samples(values, start_s=span.start_s, rate_hz=track.rate_hz, name="closely", ax=ax)
    ax.set_xlim(span.start_s, span.end_s)
    ticks = [span.start_s + span.duration_s * share for share in (0.1, 0.5, 0.9)]
    ax.set_xticks(ticks, [clock(tick, step_s=0.001) for tick in ticks])
    ax.spines["bottom"].set(visible=True, color=LINE)
    return values
