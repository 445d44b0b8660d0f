"""Rows of an echo: the microphone under the outline of the loudspeaker that it repeats, and at which lag it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from voicediag.measure.delay import EARLIEST_S, FRAME_S, GRID_HZ, GROUP_FRAMES, LATEST_S, lag_curve
from voicediag.present.plots.columns import Envelope, envelope
from voicediag.present.plots.lanes import lag, nice, shade, wave
from voicediag.present.plots.picture import Row
from voicediag.present.plots.style import FONT_PT, LIMIT, PALETTE, role_colour
from voicediag.spans import Span, SpanSet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from voicediag.detect.finding import Evidence
    from voicediag.session import Samples, Session, Track

LAG_IN = 0.9
# For the words above the outline.
HEADROOM = 1.4
MS = 1_000.0


def lag_of(evidence: Evidence) -> float | None:
    """Return by how many seconds the evidence's track repeats the other one; None where it says nothing of the kind."""
    if evidence.against is None:
        return None
    for key, scale in (("delay_ms", 1 / MS), ("lag_s", 1.0)):
        value = evidence.measure.get(key)
        if isinstance(value, int | float):
            return value * scale
    return None


def returned(ax: Axes, session: Session, evidence: Evidence, *, view: Span, lag_s: float) -> None:
    """Draw the microphone, and over it the outline of the loudspeaker as late and as loud as it comes back."""
    mic, speaker = session.tracks[evidence.track], session.tracks[evidence.against or evidence.track]
    heard = envelope(mic, view)
    said = envelope(speaker, Span(max(0.0, view.start_s - lag_s), max(0.0, view.end_s - lag_s)))
    erl_db = evidence.measure.get("erl_db")
    gain = 10 ** (-erl_db / 20) if isinstance(erl_db, int | float) else heard.peak / (said.peak or 1.0)
    outline = gain * _smooth(said)
    full = nice(max(heard.peak, min(float(outline.max(initial=0.0)), 2 * heard.peak)))
    wave(heard, name=mic.name, colour=role_colour(mic.role), full=full, ax=ax)
    ax.set_ylim(-full, HEADROOM * full)
    shade(ax, evidence.span, colour=LIMIT)
    for sign in (-1, 1):
        ax.plot(said.times_s + lag_s, sign * outline, color=PALETTE["echo"], linewidth=0.9)
    down = f" and {erl_db:.0f} dB down" if isinstance(erl_db, int | float) else ", scaled to fit"
    ax.annotate(
        f"outline: {speaker.name}, {MS * lag_s:.0f} ms later{down}", (1, 1), xycoords="axes fraction", xytext=(-3, -2),
        textcoords="offset points", ha="right", va="top", fontsize=FONT_PT - 1, color=PALETTE["echo"],
    )  # fmt: skip


def _smooth(envelope: Envelope, *, over: int = 5) -> NDArray[np.float32]:
    """Return the envelope's magnitude, the largest of some columns around each."""
    size = np.maximum(envelope.high, -envelope.low)
    padded = np.pad(size, (over // 2, over - 1 - over // 2))
    return np.lib.stride_tricks.sliding_window_view(padded, over).max(axis=1) if size.size else size


def lag_row(session: Session, evidence: Evidence, where: SpanSet) -> Row:
    """Return the row that shows at which lag the microphone repeats the loudspeaker."""
    lag_s = lag_of(evidence)
    mic, speaker = session.tracks[evidence.track], session.tracks[evidence.against or evidence.track]
    curve = mean_lag_curve(mic, speaker, where)
    lags_s = EARLIEST_S + np.arange(curve.size) / GRID_HZ
    return Row(height_in=LAG_IN, draw=lambda ax: lag(lags_s, curve, at_s=lag_s, ax=ax), on_time=False)


def mean_lag_curve(mic: Track, speaker: Track, where: SpanSet) -> Samples:
    """Return the lag curve over the beginning of the far end's time `where`, in robust sigmas, shape (lags,).

    It is what `voicediag.measure.delay` reads for one group of frames.
    """
    start_s = next((span.start_s for span in where), 0.0)
    end_s = start_s + GROUP_FRAMES * FRAME_S
    return lag_curve(
        _on_grid(mic, Span(start_s + EARLIEST_S, end_s + LATEST_S)), _on_grid(speaker, Span(start_s, end_s))
    )


def _on_grid(track: Track, span: Span) -> Samples:
    """Return a span of a track at the rate that lags are measured at."""
    import soxr

    sound = soxr.resample(track.read(span), track.rate_hz, GRID_HZ)
    out = np.zeros(round(span.duration_s * GRID_HZ), np.float32)
    out[: sound.size] = sound[: out.size]
    return out
