"""The picture of two taps of one voice: both tracks, and the lag between them, which steps where the sound breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from voicediag.present.plots.columns import envelope
from voicediag.present.plots.lanes import nice, shade, wave
from voicediag.present.plots.picture import Row, margin, stack
from voicediag.present.plots.style import FONT_PT, LIMIT, MUTED, PALETTE, role_colour
from voicediag.spans import Span, SpanSet

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from voicediag.detect.gap_report import GapReport
    from voicediag.detect.two_taps import Taps
    from voicediag.present.plots.picture import Picture
    from voicediag.session import Track

WAVE_IN, LAG_IN = 0.8, 1.1
MS = 1_000.0


def gaps(report: GapReport) -> Picture | None:
    """Return the picture of what lies between two taps; None where there are none."""
    pair = report.taps
    if pair is None:
        return None
    view = Span(0.0, max(pair.first.span.end_s, pair.second.span.end_s, 1e-3))
    heard = SpanSet(pair.where(change) for change in report.changes)
    rows = [
        _lane(pair.first, view, SpanSet()),
        _lane(pair.second, view, heard),
        Row(height_in=LAG_IN, draw=lambda ax: lag(pair, ax=ax)),
    ]
    return stack(rows, view=view, title=f"{pair.second.name} held against {pair.first.name}")


def lag(pair: Taps, *, ax: Axes) -> Axes:
    """Draw by how much the second track lies behind the first over time; a line where the sound breaks."""
    for change in pair.changes:
        ax.axvline(pair.where(change).start_s, color=LIMIT, linewidth=0.7, alpha=0.6)
    told = pair.told
    lags_ms = (told.lags_s - (told.lags_s[0] if told.lags_s.size else 0.0)) * MS
    ax.plot(told.times_s + pair.second.clock.offset_s, lags_ms, ".", markersize=2.5, color=PALETTE["starvation"])
    for at_ms in sorted({round(float(lags_ms.min(initial=0))), round(float(lags_ms.max(initial=0)))}):
        ax.annotate(
            f"{at_ms} ms", (0, at_ms), xycoords=("axes fraction", "data"), xytext=(2, 2), textcoords="offset points",
            va="bottom", fontsize=FONT_PT - 1, color=MUTED,
        )  # fmt: skip
    ax.margins(y=0.2)
    ax.set_yticks([])
    margin(ax, "falls behind", f"{np.ptp(lags_ms) if lags_ms.size else 0:.0f} ms in all")
    return ax


def _lane(track: Track, view: Span, marked: SpanSet) -> Row:
    drawn, colour = envelope(track, view), role_colour(track.role)

    def draw(ax: Axes) -> None:
        wave(drawn, name=track.name, colour=colour, full=nice(drawn.peak), ax=ax)
        for span in marked:
            shade(ax, span, colour=PALETTE["starvation"])

    return Row(height_in=WAVE_IN, draw=draw)
