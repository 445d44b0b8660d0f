"""Rows that pictures are built from: a waveform, a level, a lag curve, single samples. Each takes data and axes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from voicediag.present.plots.picture import margin, own_axes
from voicediag.present.plots.style import FONT_PT, INK, LIMIT, LINE, MUTED, PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from voicediag.detect.finding import Limit
    from voicediag.present.plots.columns import Envelope
    from voicediag.session import Samples
    from voicediag.spans import Span

NICE = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
LEAST_FULL = 0.001
LOW_DBFS = -90.0


def wave(
    envelope: Envelope,
    *,
    name: str = "",
    colour: str = PALETTE["user"],
    full: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a waveform: its extremes light, its RMS solid; the extremes solid where the RMS was not measured.

    Parameters
    ----------
    envelope : Envelope
    name : str
        For the margin.
    colour : str
    full : float, optional
        Linear value at the row's edge; a round one just above the peak otherwise. The margin says which.
    ax : Axes, optional
    """
    ax = own_axes(ax)
    full = full if full is not None else nice(envelope.peak)
    times = envelope.times_s
    ax.axhline(0, color=LINE, linewidth=0.8, zorder=0)
    light = 0.42 if envelope.rms.size else 1.0
    ax.fill_between(times, envelope.low, envelope.high, color=colour, alpha=light, linewidth=0)
    if envelope.rms.size:
        ax.fill_between(times, -envelope.rms, envelope.rms, color=colour, linewidth=0)
    ax.set_ylim(-full, full)
    ax.set_yticks([])
    ax.spines["bottom"].set_visible(False)
    ax.tick_params(bottom=False)
    margin(ax, name, f"± {full:g}")
    return ax


def level(envelope: Envelope, *, name: str = "", colour: str = PALETTE["user"], ax: Axes | None = None) -> Axes:
    """Draw the RMS of each column in dBFS."""
    ax = own_axes(ax)
    ax.fill_between(envelope.times_s, LOW_DBFS, envelope.rms_dbfs, color=colour, alpha=0.42, linewidth=0)
    ax.plot(envelope.times_s, np.maximum(envelope.rms_dbfs, LOW_DBFS), color=colour, linewidth=0.8)
    ax.set_ylim(LOW_DBFS, 0)
    for dbfs in (-20, -40, -60, -80):
        ax.axhline(dbfs, color=LINE, linewidth=0.5, zorder=0)
        ax.annotate(
            f"\N{MINUS SIGN}{-dbfs}", (0, dbfs), xycoords=("axes fraction", "data"), xytext=(2, 1),
            textcoords="offset points", va="bottom", fontsize=FONT_PT - 1.5, color=MUTED,
        )  # fmt: skip
    ax.set_yticks([])
    margin(ax, name, "RMS, dBFS")
    return ax


def lag(lags_s: NDArray[np.float64], sigmas: Samples, *, at_s: float | None = None, ax: Axes | None = None) -> Axes:
    """Draw how well one track repeats the other at each lag, and mark the peak.

    Parameters
    ----------
    lags_s, sigmas : shape (lags,)
        Seconds, and the magnitude of the correlation in robust sigmas.
    at_s : float, optional
        The lag that was found.
    ax : Axes, optional
    """
    ax = own_axes(ax)
    step = max(1, sigmas.size // 1_000)
    whole = sigmas.size - sigmas.size % step
    tops = sigmas[:whole].reshape(-1, step).max(axis=1)
    ax.fill_between(1_000 * lags_s[:whole:step], 0, tops, color=PALETTE["echo"], alpha=0.5, linewidth=0.4)
    ax.set_xlim(1_000 * lags_s[0], 1_000 * lags_s[-1])
    top = float(tops.max(initial=1.0))
    ax.set_ylim(0, top * 1.25)
    ax.set_yticks([])
    if at_s is not None:
        ax.plot([1_000 * at_s], [top * 1.04], marker="v", markersize=5, color=PALETTE["echo"], linewidth=0)
        ax.annotate(
            f"{1_000 * at_s:.0f} ms", (1_000 * at_s, top), xytext=(9, -2), textcoords="offset points",
            fontsize=FONT_PT, color=INK, va="center", weight="bold",
        )  # fmt: skip
    ax.set_xlabel("ms later", fontsize=FONT_PT, color=MUTED, loc="right", labelpad=1)
    margin(ax, "match by lag", f"peak {top:.0f} σ")
    return ax


def samples(values: Samples, *, start_s: float, rate_hz: int, name: str = "", ax: Axes | None = None) -> Axes:
    """Draw single samples, joined; float32, shape (frames,)."""
    ax = own_axes(ax)
    times = start_s + np.arange(values.size) / rate_hz
    dots = "." if values.size <= 400 else ""
    colour = PALETTE["user"]
    ax.axhline(0, color=LINE, linewidth=0.8, zorder=0)
    ax.plot(times, values, color=colour, linewidth=0.9, marker=dots, markersize=3, markeredgewidth=0)
    full = nice(float(np.abs(values).max(initial=0.0)))
    ax.set_ylim(-1.12 * full, 1.12 * full)
    ax.set_yticks([])
    margin(ax, name, f"± {full:g}")
    return ax


def shade(ax: Axes, span: Span, *, colour: str) -> None:
    """Shade a span of time."""
    ax.axvspan(span.start_s, span.end_s, color=colour, alpha=0.13, linewidth=0, zorder=-1)
    for edge in (span.start_s, span.end_s):
        ax.axvline(edge, color=colour, linewidth=0.7, alpha=0.7)


def limit_line(ax: Axes, limit: Limit) -> None:
    """Draw a limit over a waveform, where it is a level; other limits have no place there."""
    linear = linear_limit(limit)
    if linear is None or not linear < ax.get_ylim()[1]:
        return
    for sign in (-1, 1):
        ax.axhline(sign * linear, color=LIMIT, linewidth=0.8, linestyle=(0, (4, 2)))
    _named(ax, linear, limit)


def level_limit_line(ax: Axes, limit: Limit) -> None:
    """Draw a limit over a level, where it is one."""
    if not in_decibels(limit):
        return
    ax.axhline(limit.value, color=LIMIT, linewidth=0.8, linestyle=(0, (4, 2)))
    _named(ax, limit.value, limit)


def _named(ax: Axes, at: float, limit: Limit) -> None:
    ax.annotate(
        f"limit {limit.value:g} {limit.unit}", (1, at), xycoords=("axes fraction", "data"), xytext=(-3, 2),
        textcoords="offset points", ha="right", va="bottom", fontsize=FONT_PT - 1, color=LIMIT, parse_math=False,
    )  # fmt: skip


def in_decibels(limit: Limit) -> bool:
    """Return whether a limit is a level in dB."""
    return limit.unit.split(" ")[0] in ("dBFS", "dBov")


def linear_limit(limit: Limit) -> float | None:
    """Return a limit of level as a linear value; None for a limit of something else."""
    if in_decibels(limit):
        return float(10 ** (limit.value / 20))
    return limit.value if limit.unit == "of full scale" and limit.value > 0 else None


def nice(peak: float) -> float:
    """Return a round value at or above `peak`, for the edge of a row."""
    peak = max(peak, LEAST_FULL)
    scale = 10.0 ** np.floor(np.log10(peak))
    full = next(step for step in NICE if step * scale >= peak * (1 - 1e-6)) * scale
    # Three tenths are written as 0.3, which 3 * 0.1 is not.
    return float(f"{full:.3g}")
