"""The picture of a session's echo: both tracks, how loud it was over time, and at which lag the tracks match."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from voicediag.detect.echo_harm import Harm
from voicediag.detect.echo_leak import STRENGTH
from voicediag.detect.hearing import tells_starts
from voicediag.measure.delay import EARLIEST_S, GRID_HZ
from voicediag.measure.echo_delay import delay_over
from voicediag.present.plots.columns import envelope
from voicediag.present.plots.echoes import LAG_IN, mean_lag_curve
from voicediag.present.plots.lanes import lag, nice, shade, wave
from voicediag.present.plots.picture import Row, margin, stack
from voicediag.present.plots.style import FONT_PT, LIMIT, LINE, MUTED, PALETTE, role_colour
from voicediag.spans import Span, SpanSet

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from voicediag.detect.echo_report import EchoReport
    from voicediag.detect.examination import Leak
    from voicediag.measure.echo_course import Stretch
    from voicediag.measure.echo_motion import EchoMotion
    from voicediag.present.plots.picture import Picture
    from voicediag.session import Session, Track

WAVE_IN, LOSS_IN, HARM_IN = 0.8, 0.9, 0.3
LEAST_TURN_S = 0.1
MIDDLE = (1, 99)
LEAST_SPAN_DB, LEAST_SPAN_MS = 12.0, 12.0
FULL_WITHOUT = 1.4
MS = 1_000.0


def echo(report: EchoReport) -> Picture | None:
    """Return the picture of an echo, or of where one was looked for; None where a track is missing."""
    session, leak = report.session, report.leak
    if leak is None:
        return None
    view = Span(0.0, max(session.duration_s, 1e-3))
    heard = report.heard
    late_s = (leak.echo.delay_ms or 0.0) / MS
    rows = [
        _lane(session.tracks[leak.speaker], view, heard),
        _lane(session.tracks[leak.mic], view, SpanSet(span.shifted(max(0.0, late_s)) for span in heard)),
    ]
    motion = leak.echo.motion
    if motion and motion.times_s.size:
        rows.append(Row(height_in=LOSS_IN, draw=lambda ax: delay(motion, ax=ax)))
    if any(stretch.erl_db is not None for stretch in report.course):
        rows.append(Row(height_in=LOSS_IN, draw=lambda ax: loss(report.course, ax=ax)))
    if report.harm and (report.harm.told or report.harm.turns):
        rows.append(Row(height_in=HARM_IN, draw=lambda ax: _harm(ax, session, report.harm or Harm())))
    rows.append(Row(height_in=LAG_IN, draw=lambda ax: _lag(ax, report, leak), on_time=False))
    return stack(rows, view=view, title=f"{leak.mic} held against {leak.speaker}")


def loss(course: tuple[Stretch, ...], *, ax: Axes) -> Axes:
    """Draw the echo return loss of each stretch; up is louder, as a person hears it."""
    known = [(stretch.span, stretch.erl_db) for stretch in course if stretch.erl_db is not None]
    colour = PALETTE["echo"]
    for span, erl_db in known:
        ax.plot((span.start_s, span.end_s), (-erl_db, -erl_db), color=colour, linewidth=2.2, solid_capstyle="butt")
    for stretch in course:
        if stretch.erl_db is None:
            ax.axvspan(stretch.span.start_s, stretch.span.end_s, color=LINE, alpha=0.5, linewidth=0)
    losses = np.array([-erl_db for _, erl_db in known])
    middle, half = (losses.max() + losses.min()) / 2, max(LEAST_SPAN_DB, np.ptp(losses) * 1.3) / 2
    ax.set_ylim(middle - half, middle + half)
    _bare(ax)
    for at_db in sorted({round(float(losses.max())), round(float(losses.min()))}):
        _value(ax, at_db, f"\N{MINUS SIGN}{-at_db} dB")
    margin(ax, "echo's level", "under the agent")
    return ax


def delay(motion: EchoMotion, *, ax: Axes) -> Axes:
    """Draw the delay over time: a dot where it was followed, a line where it jumped."""
    for jump in motion.jumps:
        ax.axvline(jump.at_s, color=LIMIT, linewidth=0.7, alpha=0.7)
    ax.plot(motion.times_s, motion.delays_ms, ".", markersize=2.5, color=PALETTE["echo"])
    # Single readings that are off must not flatten all others.
    low, high = (float(edge) for edge in np.percentile(motion.delays_ms, MIDDLE))
    middle, half = (low + high) / 2, max(LEAST_SPAN_MS, 1.3 * (high - low)) / 2
    ax.set_ylim(middle - half, middle + half)
    _bare(ax)
    for at_ms in sorted({round(low), round(high)}):
        _value(ax, at_ms, f"{at_ms} ms")
    margin(ax, "delay", f"{len(motion.jumps)} jumps" if motion.jumps else "")
    return ax


def _value(ax: Axes, at: float, text: str) -> None:
    ax.annotate(
        text, (0, at), xycoords=("axes fraction", "data"), xytext=(2, 2), textcoords="offset points", va="bottom",
        fontsize=FONT_PT - 1, color=MUTED,
    )  # fmt: skip


def _harm(ax: Axes, session: Session, harm: Harm) -> None:
    """Draw what the provider told of: in colour what the echo made, a cross where it cut an answer off."""
    mine = {start.cue for start in harm.starts}
    kind = "speech-started" if tells_starts(session) else "interrupted"
    for cue in session.cues:
        if cue.kind == kind:
            colour = PALETTE["echo"] if cue in mine else MUTED
            ax.plot([cue.at_s], [0.5], marker="v", markersize=6, color=colour, linewidth=0)
    ax.plot(harm.cut_s, [0.5] * len(harm.cut_s), "x", markersize=9, markeredgewidth=1.2, color=LIMIT)
    turns = [(turn.span.start_s, max(turn.span.duration_s, LEAST_TURN_S)) for turn in harm.turns]
    ax.broken_barh(turns, (0.0, 0.16), facecolors=PALETTE["echo"], linewidth=0)
    ax.set_ylim(0, 1)
    _bare(ax)
    margin(ax, "starts, cuts", "coloured: echo")


def _bare(ax: Axes) -> None:
    ax.set_yticks([])
    ax.spines["bottom"].set_visible(False)
    ax.tick_params(bottom=False)


def _lane(track: Track, view: Span, heard: SpanSet) -> Row:
    """Return the row of a track with the echo's time shaded."""
    drawn, colour = envelope(track, view), role_colour(track.role)

    def draw(ax: Axes) -> None:
        wave(drawn, name=track.name, colour=colour, full=nice(drawn.peak), ax=ax)
        for span in heard:
            shade(ax, span, colour=PALETTE["echo"])

    return Row(height_in=WAVE_IN, draw=draw)


def _lag(ax: Axes, report: EchoReport, leak: Leak) -> None:
    """Draw at which lag the tracks match; without an echo, that they match at none."""
    mic, speaker = report.session.tracks[leak.mic], report.session.tracks[leak.speaker]
    curve = mean_lag_curve(mic, speaker, leak.echo.spans or report.spoken)
    where = next(iter(leak.echo.spans), None)
    at_s = None if where is None else delay_over(leak.echo, where)
    lag(EARLIEST_S + np.arange(curve.size) / GRID_HZ, curve, at_s=at_s, ax=ax)
    if at_s is None:
        # Chance must not look like a peak.
        ax.set_ylim(0, max(ax.get_ylim()[1], FULL_WITHOUT * STRENGTH.value))
        ax.axhline(STRENGTH.value, color=LIMIT, linewidth=0.8, linestyle=(0, (4, 2)))
        ax.annotate(
            f"limit {STRENGTH.value:g} {STRENGTH.unit}", (1, STRENGTH.value), xycoords=("axes fraction", "data"),
            xytext=(-3, 2), textcoords="offset points", ha="right", fontsize=FONT_PT - 1, color=LIMIT,
        )  # fmt: skip
