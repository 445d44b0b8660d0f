"""The picture of one piece of evidence: the track around its span, and what makes this fault plain to see.

Which rows are drawn is read from what was measured, so that a detector of your own gets a picture too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicediag.present.plots import close, echoes
from voicediag.present.plots.columns import CONTEXT_S, LONGEST_S, envelope, excerpt
from voicediag.present.plots.lanes import (
    in_decibels,
    level,
    level_limit_line,
    limit_line,
    linear_limit,
    nice,
    shade,
    wave,
)
from voicediag.present.plots.picture import Row, stack
from voicediag.present.plots.style import LIMIT, role_colour
from voicediag.spans import Span, SpanSet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes

    from voicediag.detect.finding import Evidence
    from voicediag.present.plots.picture import Picture
    from voicediag.session import Session, Track

CONTEXT_SHARE, BESIDE_S = 0.25, 1.0
WAVE_IN, BESIDE_IN, LEVEL_IN = 1.0, 0.75, 1.05
DECIBELS = ("rms_dbfs", "active_speech_dbov")


def evidence(session: Session, evidence: Evidence, *, where: SpanSet | None = None) -> Picture:
    """Return the picture of one piece of evidence.

    Parameters
    ----------
    session : Session
    evidence : Evidence
        Of a finding of this session.
    where : SpanSet, optional
        All of the time that the finding takes; an echo's lag is drawn over all of it.
    """
    at = f"{evidence.span.start_s:.2f} to {evidence.span.end_s:.2f} s"
    beside = f", with {evidence.against}" if evidence.against in session.tracks else ""
    rows = tuple(_rows(session, evidence, where or SpanSet((evidence.span,))))
    return stack(rows, view=_view(session, evidence), title=f"{evidence.track} from {at}{beside}")


def _rows(session: Session, evidence: Evidence, where: SpanSet) -> Iterator[Row]:
    """Yield the rows that show a piece of evidence."""
    measure, view = evidence.measure, _view(session, evidence)
    stepped = "before_dbfs" in measure
    if stepped or (in_decibels(evidence.limit) and any(key in measure for key in DECIBELS)):
        yield Row(height_in=LEVEL_IN, draw=lambda ax: _level(ax, session, evidence, view))
    lag_s = echoes.lag_of(evidence)
    against = None if evidence.against is None else session.tracks.get(evidence.against)
    if lag_s is not None and against is not None:
        yield _lane(against, view)
        yield Row(height_in=WAVE_IN, draw=lambda ax: echoes.returned(ax, session, evidence, view=view, lag_s=lag_s))
        if "delay_ms" in measure:
            yield echoes.lag_row(session, evidence, where)
        return
    yield Row(height_in=WAVE_IN, draw=lambda ax: _wave(ax, session, evidence, view))
    if against is not None:
        yield _lane(against, view)
    yield from close.rows(session, evidence, where)


def _view(session: Session, evidence: Evidence) -> Span:
    """Return the time to show: the evidence and what is around it; of a long echo only what can be heard beside it."""
    track, all_of_it = session.tracks[evidence.track], Span(0.0, max(session.duration_s, evidence.span.end_s))
    if evidence.against is not None and evidence.span.duration_s > LONGEST_S:
        close = excerpt(track, evidence.span, within=all_of_it).padded(BESIDE_S)
        return close.overlap(all_of_it) or close
    around = max(CONTEXT_S, CONTEXT_SHARE * evidence.span.duration_s)
    return evidence.span.padded(around).overlap(all_of_it) or evidence.span


def _lane(track: Track, view: Span) -> Row:
    """Return the row of the track to see beside it."""
    drawn, colour = envelope(track, view), role_colour(track.role)
    return Row(height_in=BESIDE_IN, draw=lambda ax: wave(drawn, name=track.name, colour=colour, ax=ax))


def _wave(ax: Axes, session: Session, evidence: Evidence, view: Span) -> None:
    """Draw the track, its span and its limit."""
    track = session.tracks[evidence.track]
    drawn = envelope(track, view)
    linear = linear_limit(evidence.limit) or 0.0
    full = nice(max(drawn.peak, 1.25 * linear if linear < 1 else 0.0))
    wave(drawn, name=track.name, colour=role_colour(track.role), full=full, ax=ax)
    limit_line(ax, evidence.limit)
    shade(ax, evidence.span, colour=LIMIT)


def _level(ax: Axes, session: Session, evidence: Evidence, view: Span) -> None:
    """Draw the level, its span and its limit."""
    track = session.tracks[evidence.track]
    level(envelope(track, view), name=track.name, colour=role_colour(track.role), ax=ax)
    level_limit_line(ax, evidence.limit)
    shade(ax, evidence.span, colour=LIMIT)
