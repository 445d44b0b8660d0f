"""The leaderboard of resamplers: a table for people, or the schema ``voicediag.resampler-all/1``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from voicediag.resampling.leaderboard import Place

SCHEMA = "voicediag.resampler-all/1"
# A tenth of a dB and of a millisecond is what stays from run to run and from machine to machine.
DIGITS = 1
KEYS = (
    "alias_rejection_db", "image_rejection_db", "sinad_997_db", "droop_3400_db", "droop_7000_db", "delay_ms",
    "hold_up_mean_ms", "hold_up_max_ms", "boundary_error_db", "length_drift_ppm",
)  # fmt: skip


def structured(places: Sequence[Place], lacking: Sequence[str]) -> dict[str, Any]:
    """Return the leaderboard in the schema ``voicediag.resampler-all/1``."""
    return {"schema": SCHEMA, "rows": [_row(place) for place in places], "not_installed": list(lacking)}


def _row(place: Place) -> dict[str, Any]:
    report = place.report
    numbers = {key: report.numbers[key].value if key in report.numbers else None for key in KEYS}
    return {
        "name": place.name,
        "rate_in_hz": place.rates.in_hz,
        "rate_out_hz": place.rates.out_hz,
        "grade": report.grade,
        "grades": {kind: report.grade_for(kind) for kind in ("wideband", "telephone-band", "live")},
        **{key: None if value is None else round(value, DIGITS) + 0.0 for key, value in numbers.items()},
        "wraps": report.wraps,
    }


def text(places: Sequence[Place], lacking: Sequence[str]) -> RenderableType:
    """Return a table: a resampler a row, a pair of rates a column; the sound's grade, then that of live use."""
    pairs = list(dict.fromkeys(place.rates for place in places))
    table = Table(box=None, pad_edge=False)
    table.add_column("", no_wrap=True)
    for rates in pairs:
        table.add_column(f"{rates.in_hz / 1_000:g}→{rates.out_hz / 1_000:g}", justify="right")
    table.add_column("held ms", justify="right")
    for name in dict.fromkeys(place.name for place in places):
        row = {place.rates: place.report for place in places if place.name == name}
        held = [report.hold_up_mean_ms for report in row.values() if report.hold_up_mean_ms is not None]
        cells = [_letters(row[rates]) if rates in row else "" for rates in pairs]
        table.add_row(name, *cells, f"{min(held):.0f}-{max(held):.0f}" if held else "")
    note = "Each: the sound's grade, wideband and telephone-band, then that of live use where it is a stream."
    missing = f"Not installed: {', '.join(lacking)}." if lacking else ""
    return Group(table, Text(), Text(f"{note} {missing}"))


def _letters(report: Any) -> str:
    kinds = ("wideband", "telephone-band", "live")
    return " ".join(report.grade_for(kind) or "-" for kind in kinds)
