"""The picture of a whole session: every track on one clock, who had the turn, and where each fault was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicediag.present.plots.columns import envelope, of_codes
from voicediag.present.plots.lanes import nice, wave
from voicediag.present.plots.picture import Row, margin, stack
from voicediag.present.plots.style import FONT_PT, INK, LINE, cause_colour, role_colour
from voicediag.spans import Span, SpanSet

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from matplotlib.axes import Axes

    from voicediag.detect.finding import Cause, Finding
    from voicediag.measure.envelope import Envelope as Codes
    from voicediag.present.plots.columns import Envelope
    from voicediag.present.plots.picture import Picture
    from voicediag.session import Role, Session, Track, TrackName

LANE_IN, TURNS_IN, FINDING_IN = 0.62, 0.26, 0.2
# Spans closer together than a pixel are one bar, and none is narrower than two: thousands of gaps stay a small file.
PIXELS = 720
# A microphone's speech peaks at 0.3 or so: what is quieter has to look quieter.
QUIET_FULL = 0.3
# What is shorter is read once more in no time, and has its RMS drawn too.
READ_AGAIN_S = 600.0


def session(
    session: Session, findings: Sequence[Finding] = (), envelopes: Mapping[TrackName, Codes] | None = None
) -> Picture:
    """Return the overview of a session.

    Parameters
    ----------
    session : Session
    findings : sequence of Finding
        A row each, in the colour of its cause; findings of one id share a row.
    envelopes : mapping, optional
        Of every track, where they were measured before: a long session is drawn from them and not read again.
    """
    view = Span(0.0, max(session.duration_s, 1e-3))
    measured = envelopes if envelopes and session.duration_s > READ_AGAIN_S else {}
    drawn = {name: _lane(track, measured.get(name), view) for name, track in session.tracks.items()}
    full = nice(max([QUIET_FULL, *(lane.peak for lane in drawn.values())]))
    rows = [Row(height_in=TURNS_IN, draw=lambda ax: _turns(ax, session, view))] if session.turns else []
    for name, lane in drawn.items():
        colour = role_colour(session.tracks[name].role)
        rows.append(Row(height_in=LANE_IN, draw=_drawing(wave, lane, name=name, colour=colour, full=full)))
    if session.flags:
        rows.append(Row(height_in=FINDING_IN, draw=lambda ax: _flags(ax, session)))
    rows += [
        Row(height_in=FINDING_IN, draw=_drawing(_bars, fault, spans, cause, view))
        for fault, (cause, spans) in _by_id(findings).items()
    ]
    rows = rows or [Row(height_in=FINDING_IN, draw=lambda ax: margin(ax, "no sound"))]
    return stack(rows, view=view, title=f"{session.duration_s:.1f} s of {', '.join(session.tracks) or 'nothing'}")


def _lane(track: Track, measured: Codes | None, view: Span) -> Envelope:
    return of_codes(track, measured) if measured else envelope(track, view)


def _drawing(draw: Callable[..., object], *args: object, **named: object) -> Callable[[Axes], object]:
    """Return a row's drawing with all but its axes filled in."""
    return lambda ax: draw(*args, ax=ax, **named)


def _by_id(findings: Sequence[Finding]) -> dict[str, tuple[Cause, SpanSet]]:
    """Return the time that the findings of each id take, in the order of the findings."""
    rows: dict[str, tuple[Cause, SpanSet]] = {}
    for finding in findings:
        spans = rows[finding.id][1] if finding.id in rows else SpanSet()
        rows[finding.id] = (finding.cause, spans | finding.where)
    return rows


def _turns(ax: Axes, session: Session, view: Span) -> None:
    """Draw who had the turn: the user above, the agent below."""
    least = 2 * view.duration_s / PIXELS
    places: tuple[tuple[Role, float], ...] = (("user", 0.54), ("agent", 0.06))
    for role, low in places:
        # One pixel short, so that turns that follow at once are told apart.
        spans = [(t.span.start_s, max(t.span.duration_s - least, least)) for t in session.turns if t.role == role]
        ax.broken_barh(spans, (low, 0.4), facecolors=role_colour(role), linewidth=0)
    ax.set_ylim(0, 1)
    _bare(ax)
    margin(ax, "turns", "user, agent")


def _flags(ax: Axes, session: Session) -> None:
    """Draw the moments that the user marked: a pole each, and a pennant."""
    times = [flag.at_s for flag in session.flags]
    ax.vlines(times, 0.0, 1.0, color=INK, linewidth=1.0)
    ax.plot(times, [0.72] * len(times), marker=">", markersize=5, color=INK, linewidth=0)
    ax.set_ylim(0, 1)
    _bare(ax)
    margin(ax, "marked")


def _bars(fault: str, spans: SpanSet, cause: Cause, view: Span, *, ax: Axes) -> None:
    """Draw when a fault was there."""
    pixel = view.duration_s / PIXELS
    merged = spans.padded(pixel / 2)
    bars = [(span.start_s, max(span.duration_s, 2 * pixel)) for span in merged]
    ax.axhline(0.5, color=LINE, linewidth=0.8, zorder=0)
    ax.broken_barh(bars, (0.12, 0.76), facecolors=cause_colour(cause), linewidth=0)
    ax.set_ylim(0, 1)
    _bare(ax)
    ax.annotate(
        fault, (0, 0.5), xycoords="axes fraction", xytext=(-8, 0), textcoords="offset points", ha="right", va="center",
        fontsize=FONT_PT, color=INK, annotation_clip=False, parse_math=False, url=f"#{fault}",
    )  # fmt: skip


def _bare(ax: Axes) -> None:
    ax.set_yticks([])
    ax.spines["bottom"].set_visible(False)
    ax.tick_params(bottom=False)
