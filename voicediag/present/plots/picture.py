"""A finished picture: rows of axes over one clock, and the same as SVG that follows the page's colours.

matplotlib is used without pyplot: no global state, no window, no backend to choose.
"""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from voicediag.present.plots.style import FONT_PT, INK, LEFT_IN, LINE, MUTED, PALETTE, RIGHT_IN, WIDTH_IN

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from voicediag.spans import Span

TOP_IN, BOTTOM_IN, GAP_IN, AXIS_IN = 0.06, 0.34, 0.07, 0.42
SVG_RC: Final[dict[Any, Any]] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "voicediag",
    "font.family": "sans-serif",
    "font.size": FONT_PT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One pair of axes of a picture.

    Attributes
    ----------
    height_in : float
    draw : callable
        Takes the axes.
    on_time : bool
        Whether its horizontal axis is the session clock; such rows come first and share it.
    """

    height_in: float
    draw: Callable[[Axes], object]
    on_time: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Where the rows on the session clock lie within the picture, as shares of its width and height."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A figure and what it shows.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
    title : str
        What it shows, for those who do not see it.
    view : Span
        The time that its rows on the session clock cover.
    box : Box
        Where they lie.
    """

    figure: Figure
    title: str
    view: Span
    box: Box

    def svg(self) -> str:
        """Return the picture as an SVG element for an HTML page; its colours are CSS variables."""
        import matplotlib as mpl

        page = io.StringIO()
        with mpl.rc_context(SVG_RC):
            self.figure.savefig(page, format="svg", transparent=True, metadata={"Date": None})
        return _for_page(page.getvalue())

    def png(self, *, dpi: int = 144) -> bytes:
        """Return the picture as PNG on white."""
        page = io.BytesIO()
        self.figure.savefig(page, format="png", dpi=dpi, facecolor="white")
        return page.getvalue()

    def _repr_html_(self) -> str:
        return self.svg()


def stack(rows: Sequence[Row], *, view: Span, title: str) -> Picture:
    """Return a picture of rows, those on the session clock above the others.

    Parameters
    ----------
    rows : sequence of Row
        At least one of them on the session clock.
    view : Span
        The time to show.
    title : str
    """
    from matplotlib.figure import Figure

    timed, free = [row for row in rows if row.on_time], [row for row in rows if not row.on_time]
    tall = TOP_IN + sum(row.height_in + GAP_IN for row in timed) - GAP_IN + BOTTOM_IN
    tall += sum(row.height_in + AXIS_IN for row in free)
    figure = Figure(figsize=(WIDTH_IN, tall))
    left, width = LEFT_IN / WIDTH_IN, (WIDTH_IN - LEFT_IN - RIGHT_IN) / WIDTH_IN
    top = tall - TOP_IN
    for row in (*timed, *free):
        top -= AXIS_IN - BOTTOM_IN if not row.on_time and row is not free[0] else 0
        axes = figure.add_axes((left, (top - row.height_in) / tall, width, row.height_in / tall))
        plain(axes)
        row.draw(axes)
        if row.on_time:
            axes.set_xlim(view.start_s, view.end_s)
            axes.tick_params(labelbottom=row is timed[-1])
        top -= row.height_in + (GAP_IN if row.on_time and row is not timed[-1] else BOTTOM_IN + 0.08 * bool(free))
    _clock_ticks(figure.axes[len(timed) - 1], view)
    height = sum(row.height_in + GAP_IN for row in timed) - GAP_IN
    return Picture(
        figure=figure,
        title=title,
        view=view,
        box=Box(left=left, top=TOP_IN / tall, width=width, height=height / tall),
    )


def plain(axes: Axes) -> Axes:
    """Take the frame off a pair of axes: only what says something stays."""
    axes.set_facecolor("none")
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set(color=LINE, linewidth=0.8)
    axes.tick_params(labelsize=FONT_PT, labelcolor=MUTED, color=LINE, length=3, width=0.8, left=False)
    axes.margins(x=0)
    return axes


def own_axes(ax: Axes | None) -> Axes:
    """Return the axes that were handed over, or new ones on a figure of their own."""
    if ax is not None:
        return ax
    from matplotlib.figure import Figure

    return plain(Figure(figsize=(WIDTH_IN, 2.0), layout="constrained").add_subplot())


def margin(axes: Axes, name: str, detail: str = "") -> None:
    """Write what a row is into the margin beside it."""
    for text, colour, above in ((name, INK, detail and 1.5), (detail, MUTED, -8.5)):
        if text:
            axes.annotate(
                text, (0, 0.5), xycoords="axes fraction", xytext=(-8, float(above or -3)), textcoords="offset points",
                ha="right", va="baseline", fontsize=FONT_PT, color=colour, annotation_clip=False, parse_math=False,
            )  # fmt: skip


def clock(seconds: float, *, step_s: float) -> str:
    """Return a session time as a person reads it: 4.25 s, 1:05, 1:02:00."""
    if step_s < 1 or seconds < 60:
        return f"{seconds:.{0 if step_s >= 1 else 1 if step_s >= 0.1 else 2 if step_s >= 0.01 else 3}f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _clock_ticks(axes: Axes, view: Span) -> None:
    """Set ticks at round times of the session clock."""
    steps = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600)
    step = next((step for step in steps if view.duration_s / step <= 9), max(steps[-1], view.duration_s / 9))
    first = int(view.start_s / step) + (view.start_s > 0 and view.start_s % step > 0)
    ticks = [step * count for count in range(first, int(view.end_s / step + 1e-9) + 1)]
    axes.set_xticks(ticks, [clock(tick, step_s=step) for tick in ticks])


def _for_page(svg: str) -> str:
    """Return matplotlib's SVG as an element that shares a page with others and follows its colours."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"\s*<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    # A tenth of a point is a pixel's fifth: five more digits would be half of the file.
    svg = re.sub(r'(?<= d=")[^"]+', lambda path: _short(path.group()), svg)
    for name, colour in PALETTE.items():
        svg = svg.replace(colour, f"var(--vd-{name}, {colour})")
    svg = re.sub(r"(?<=font: )([\d.]+px) [^;\"]+", r"\1 var(--vd-font, sans-serif)", svg)
    svg = re.sub(r'(<svg [^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg [^>]*?) height="[^"]*"', r'\1 class="vd-svg" aria-hidden="true"', svg, count=1)
    return _own_ids(svg)


def _short(path: str) -> str:
    """Return a path with a digit after the point, and straight lines by their steps: half as long to write."""
    if not set(path) <= set("MLz-.0123456789 \n"):
        return re.sub(r"-?\d+\.\d+", _tenth, path)
    out, at = [], (0, 0)
    for command, x, y in re.findall(r"([ML])\s*(-?[\d.]+)\s+(-?[\d.]+)|z", path):
        if not command:
            out.append("z")
            continue
        # Of whole tenths, so that no rounding adds up along the way.
        to = (round(10 * float(x)), round(10 * float(y)))
        step = (to[0] - at[0], to[1] - at[1]) if command == "L" else to
        out.append(("l" if command == "L" else command) + " ".join(f"{tenths / 10:g}" for tenths in step))
        at = to
    return "".join(out).replace(" -", "-")


def _tenth(number: re.Match[str]) -> str:
    return f"{float(number.group()):.1f}".removesuffix(".0")


def _own_ids(svg: str) -> str:
    """Return the SVG with only the ids that it refers to, made its own: a page holds many pictures."""
    mark = hashlib.sha256(svg.encode()).hexdigest()[:8]
    used = set(re.findall(r"url\(#([\w-]+)\)|xlink:href=\"#([mpc][0-9a-f]{10,})\"", svg))
    known = {name for pair in used for name in pair if name}

    def renamed(found: re.Match[str]) -> str:
        return f' id="{mark}-{found.group(1)}"' if found.group(1) in known else ""

    svg = re.sub(r' id="([^"]+)"', renamed, svg)
    svg = re.sub(r"url\(#([\w-]+)\)", rf"url(#{mark}-\1)", svg)
    return re.sub(r'xlink:href="#([mpc][0-9a-f]{10,})"', rf'xlink:href="#{mark}-\1"', svg)
