"""The picture of a sweep of cushions: how many gaps each hides, and how long stale sound is heard with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicediag.errors import InputError
from voicediag.present.plots.picture import Box, Picture, own_axes, plain
from voicediag.present.plots.style import FONT_PT, LIMIT, MUTED, PALETTE, WIDTH_IN
from voicediag.spans import Span

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from voicediag.diagnose import Diagnosis
    from voicediag.tune.cushion import Sweep

TALL_IN = 2.4
MS = 1_000.0


def cushion(sweep: Sweep) -> Picture:
    """Return the picture of a sweep."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH_IN, TALL_IN), layout="constrained")
    curve(sweep, ax=plain(figure.add_subplot()))
    box = Box(left=0.0, top=0.0, width=1.0, height=1.0)
    return Picture(figure=figure, title=sweep.sentence, view=Span(0.0, 1.0), box=box)


def cushion_of(diagnosis: Diagnosis) -> Picture | None:
    """Return the picture for a session whose sound came late by its wire; None where no cushion is to be chosen."""
    from voicediag.tune.cushion import sweep

    late = [finding for finding in diagnosis.findings if finding.primary.measure.get("covers_all_ms") is not None]
    if not late or diagnosis.session.chunks is None:
        return None
    try:
        result = sweep(diagnosis.session)
    except InputError:
        return None
    return cushion(result) if result.knee else None


def curve(sweep: Sweep, *, ax: Axes | None = None) -> Axes:
    """Draw the gaps that are left with each cushion, the knee, and what the session's own player kept."""
    ax = own_axes(ax)
    fixed = [row for row in sweep.rows if row.manner != "adaptive"]
    at_ms = [row.cushion_s * MS for row in fixed]
    ax.step(at_ms, [row.underruns for row in fixed], where="post", color=PALETTE["starvation"], linewidth=2)
    for row in sweep.rows:
        if row.manner == "adaptive":
            ax.plot([row.cushion_s * MS], [row.underruns], "D", markersize=5, color=PALETTE["agent"])
            _say(ax, "adaptive", row.cushion_s * MS, row.underruns, at_ms[-1])
    best, top = sweep.recommended, max(1, *(row.underruns for row in sweep.rows))
    ax.axvline(sweep.base_s * MS, color=MUTED, linewidth=0.8, linestyle=(0, (4, 2)))
    kept = "assumed" if sweep.assumed else "the player kept"
    _say(ax, f"{kept} {sweep.base_s * MS:.0f} ms", sweep.base_s * MS, 1.1 * top, at_ms[-1])
    if best is not None:
        ax.plot([best.cushion_s * MS], [best.underruns], "o", markersize=8, color=LIMIT, clip_on=False)
        _say(ax, sweep.sentence.rstrip("."), best.cushion_s * MS, best.underruns, at_ms[-1], colour=LIMIT)
    elif sweep.knee is not None:
        longest = max((row for row in fixed if row.cushion_s * MS <= sweep.longest_ms), key=lambda row: row.cushion_s)
        ax.axvline(sweep.longest_ms, color=LIMIT, linewidth=1)
        said = f"no cushion helps: {sweep.longest_ms:.0f} ms covers {sweep.knee.covered} of {sweep.gaps} gaps"
        _say(ax, said, sweep.longest_ms, longest.underruns, at_ms[-1], colour=LIMIT)
    ax.set_ylim(0, 1.2 * top)
    ax.locator_params(axis="y", integer=True, nbins=5)
    ax.set_xlabel("cushion (ms)", fontsize=FONT_PT, color=MUTED)
    ax.set_ylabel("gaps left", fontsize=FONT_PT, color=MUTED)
    return ax


def _say(ax: Axes, words: str, at_ms: float, count: float, last_ms: float, *, colour: str = MUTED) -> None:
    """Write beside a point, on the side where there is room."""
    left = at_ms > last_ms / 2
    ax.annotate(
        words, (at_ms, count), xytext=(-8 if left else 8, 6), textcoords="offset points", fontsize=FONT_PT,
        color=colour, ha="right" if left else "left", parse_math=False,
    )  # fmt: skip
