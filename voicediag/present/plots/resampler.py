"""The pictures of a resampler: a sweep through it, its gain, what it adds, its impulse response and its chunks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from voicediag.present.plots.picture import Box, Picture, own_axes, plain
from voicediag.present.plots.style import FONT_PT, INK, LIMIT, MUTED, PALETTE, WIDTH_IN
from voicediag.resampling import grades
from voicediag.resampling.plan import SWEEP_S
from voicediag.spans import Span

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from voicediag.resampling import Report

ROW_IN = 2.1
KHZ = 1_000.0
WINDOW, DEEPEST_DB = 512, -110.0
LOWEST_DB = -150.0
IMPULSE_MS = 4.0


def resampler(report: Report) -> Picture:
    """Return the pictures of a report."""
    from matplotlib.figure import Figure

    draws = [gain, added]
    if report.sweep.size:
        draws.insert(0, spectrogram)
    if report.impulse is not None:
        draws.append(response)
    if report.chunkings:
        draws.append(seams)
    if report.held is not None:
        draws.append(held)
    lines = (len(draws) + 1) // 2
    figure = Figure(figsize=(WIDTH_IN, ROW_IN * lines), layout="constrained")
    for number, draw in enumerate(draws, 1):
        draw(report, ax=plain(figure.add_subplot(lines, 2, number)))
    box = Box(left=0.0, top=0.0, width=1.0, height=1.0)
    return Picture(figure=figure, title=report.sentence, view=Span(0.0, 1.0), box=box)


def spectrogram(report: Report, *, ax: Axes | None = None) -> Axes:
    """Draw a sweep from 0 Hz to half of the input's rate: one rising line is right, all other lines are made up."""
    ax = _titled(own_axes(ax), "a sweep went in, this came out", "seconds", "kHz")
    rate, step = report.plan.rate_out_hz, max(1, report.sweep.size // 300)
    starts = np.arange(0, max(1, report.sweep.size - WINDOW), step)
    frames = np.stack([np.resize(report.sweep[at : at + WINDOW], WINDOW) for at in starts]) * np.kaiser(WINDOW, 14.0)
    level = 20 * np.log10(np.abs(np.fft.rfft(frames, axis=1)).T + 1e-12)
    extent = (0.0, SWEEP_S, 0.0, rate / 2 / KHZ)
    top = float(level.max())
    ax.imshow(level, origin="lower", aspect="auto", extent=extent, cmap="magma", vmin=top + DEEPEST_DB, vmax=top)
    return ax


def gain(report: Report, *, ax: Axes | None = None) -> Axes:
    """Draw the gain up to half of the lower rate."""
    ax = _titled(own_axes(ax), "gain of the voice", "kHz", "dB")
    if report.response is None:
        return ax
    tones = report.response.within
    if report.impulse is not None and report.impulse.tells_gain:
        hz = np.linspace(0, report.plan.shared_hz, 300)
        curve = [report.impulse.gain_db(each, report.plan) for each in hz]
        ax.plot(hz / KHZ, curve, color=PALETTE["user"], linewidth=1.2)
    at, gains = ([tone.frequency_hz / KHZ for tone in tones], [tone.gain_db for tone in tones])
    ax.plot(at, gains, "o", markersize=2.5, color=INK)
    ax.set_ylim(min(-6.0, max(-30.0, min(gains))), 1.5)
    for mark in (3.4, 7.0):
        if mark * KHZ < report.plan.shared_hz:
            ax.axvline(mark, color=MUTED, linewidth=0.6, linestyle=(0, (4, 2)))
    return ax


def added(report: Report, *, ax: Axes | None = None) -> Axes:
    """Draw what each tone brings with it: its images and noise, and above half of the output's rate its aliases."""
    ax = _titled(own_axes(ax), "what comes out beside a tone of", "kHz", "dB")
    if report.response is None:
        return ax
    for tones, colour, name in (
        (report.response.within, PALETTE["user"], "images and noise"),
        (report.response.above, PALETTE["echo"], "aliases"),
    ):
        if tones:
            level = [max(tone.rest_db, LOWEST_DB) for tone in tones]
            at = [tone.frequency_hz / KHZ for tone in tones]
            ax.vlines(at, LOWEST_DB, level, color=colour, linewidth=2.2)
            ax.annotate(name, (at[len(at) // 2], max(level)), xytext=(0, 3), textcoords="offset points",
                        fontsize=FONT_PT - 1, color=colour, ha="center")  # fmt: skip
    for step in (grades.ALIASES.steps[1], grades.ALIASES.steps[3]):
        ax.axhline(-step.value, color=LIMIT, linewidth=0.7)
    ax.set_ylim(LOWEST_DB, 8)
    return ax


def response(report: Report, *, ax: Axes | None = None) -> Axes:
    """Draw the impulse response around its peak, every phase of it."""
    ax = _titled(own_axes(ax), "impulse response, all phases", "ms", "")
    if report.impulse is None:
        return ax
    time_ms = KHZ * report.impulse.time_s
    peak_ms = float(time_ms[int(np.argmax(np.abs(report.impulse.values)))])
    near = np.abs(time_ms - peak_ms) < IMPULSE_MS
    ax.plot(time_ms[near], report.impulse.values[near], color=PALETTE["user"], linewidth=0.9)
    ax.axvline(0, color=MUTED, linewidth=0.6, linestyle=(0, (4, 2)))
    return ax


def seams(report: Report, *, ax: Axes | None = None) -> Axes:
    """Draw what each size of chunk adds."""
    ax = _titled(own_axes(ax), "what cutting into chunks adds", "samples a chunk", "dB")
    names = ["random" if cut.frames is None else str(cut.frames) for cut in report.chunkings]
    level = [LOWEST_DB if cut.refused else max(cut.error_db, LOWEST_DB) for cut in report.chunkings]
    ax.vlines(range(len(names)), LOWEST_DB, level, color=PALETTE["starvation"], linewidth=6)
    ax.set_xticks(range(len(names)), names)
    ax.set_xlim(-0.5, len(names) - 0.5)
    ax.axhline(grades.SEAMS.steps[3].value, color=LIMIT, linewidth=0.7)
    ax.set_ylim(LOWEST_DB, 8)
    return ax


def held(report: Report, *, ax: Axes | None = None) -> Axes:
    """Draw how much sound is held back after each chunk of 20 ms."""
    ax = _titled(own_axes(ax), "held back after each 20 ms", "chunk", "ms")
    if report.held is None:
        return ax
    course = report.held.course_ms
    ax.step(range(1, len(course) + 1), course, where="post", color=PALETTE["latency"], linewidth=1)
    ax.set_ylim(0, max(5.0, 1.15 * max(course)))
    return ax


def _titled(ax: Axes, title: str, across: str, up: str) -> Axes:
    ax.set_title(title, fontsize=FONT_PT, color=INK, loc="left")
    ax.set_xlabel(across, fontsize=FONT_PT, color=MUTED)
    ax.set_ylabel(up, fontsize=FONT_PT, color=MUTED)
    return ax
