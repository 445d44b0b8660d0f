"""A sweep of cushions for people and for programs: a table, or the schema ``voicediag.cushion-sweep/1``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from voicediag.present.as_json import rounded

if TYPE_CHECKING:
    from rich.console import RenderableType

    from voicediag.tune.cushion import Row, Sweep

SCHEMA = "voicediag.cushion-sweep/1"
MS = 1_000.0


def structured(sweep: Sweep) -> dict[str, Any]:
    """Return the sweep in the schema ``voicediag.cushion-sweep/1``."""
    return {
        "schema": SCHEMA,
        "source": sweep.source,
        "summary": sweep.sentence,
        "answers": sweep.answers,
        "interruptions": sweep.interruptions,
        "kept": {
            "assumed": sweep.assumed,
            "gaps": sweep.gaps,
            **rounded({"cushion_ms": sweep.base_s * MS, "gap_total_s": sweep.gap_total_s}),
        },
        "rows": [_row(row) for row in sweep.rows],
        "recommended": sweep.recommended and _row(sweep.recommended),
        "longest_ms": round(sweep.longest_ms),
        "covers_all_ms": sweep.knee and round(sweep.knee.all_s * MS),
    }


def text(sweep: Sweep) -> RenderableType:
    """Return the sentence, the table, and what the player that was recorded did."""
    table = Table(box=None, pad_edge=False)
    for name in ("cushion", "gaps left", "covers", "silent", "stale", "unflushed", "added wait", ""):
        table.add_column(name, justify="right" if name else "left")
    for row in sweep.rows:
        best = row is sweep.recommended
        table.add_row(*_cells(row, sweep), "recommended" if best else "", style="bold" if best else "")
    notes = [_kept(sweep)]
    if sweep.interruptions:
        notes.append(
            "stale: the longest that old sound is heard after an interruption; unflushed: by a player that is not told."
        )
    return Group(Text(sweep.sentence, "bold"), Text(), table, Text(), *map(Text, notes))


def _cells(row: Row, sweep: Sweep) -> list[str]:
    name = "adaptive" if row.manner == "adaptive" else f"{row.cushion_s * MS:.0f} ms"
    return [
        name,
        str(row.underruns),
        f"{row.covered} of {sweep.gaps}" if sweep.gaps else "-",
        f"{row.late_s:.2f} s",
        *("-" if stale is None else f"{stale * MS:.0f} ms" for stale in (row.stale_s, row.stale_unflushed_s)),
        f"{row.added_s * MS:.0f} ms",
    ]


def _kept(sweep: Sweep) -> str:
    """Return what the player of the session did."""
    gaps = f"{sweep.gaps} gaps, {sweep.gap_total_s:.2f} s"
    if sweep.assumed:
        return f"No log says what the player kept; with {sweep.base_s * MS:.0f} ms it has {gaps}."
    return f"The session's own player kept {sweep.base_s * MS:.0f} ms and has {gaps}."


def _row(row: Row) -> dict[str, Any]:
    numbers = {
        "cushion_ms": row.cushion_s * MS,
        "late_s": row.late_s,
        "stale_ms": None if row.stale_s is None else row.stale_s * MS,
        "stale_unflushed_ms": None if row.stale_unflushed_s is None else row.stale_unflushed_s * MS,
        "added_ms": row.added_s * MS,
    }
    return {"manner": row.manner, "underruns": row.underruns, "covered": row.covered, **rounded(numbers)}
