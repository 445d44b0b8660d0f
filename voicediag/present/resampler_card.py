"""A resampler's report for people and for programs: a card, or the schema ``voicediag.resampler/1``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from voicediag.present.as_json import rounded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from voicediag.resampling import Report
    from voicediag.resampling.numbers import Number

SCHEMA = "voicediag.resampler/1"
FIRST = (
    "alias_rejection_db", "image_rejection_db", "droop_3400_db", "droop_7000_db", "sinad_997_db", "delay_ms",
    "hold_up_mean_ms", "hold_up_max_ms",
)  # fmt: skip
NAMES = {
    "alias_rejection_db": "alias rejection, voice zone",
    "alias_rejection_nyquist_db": "alias rejection, whole band",
    "image_rejection_db": "image rejection, voice zone",
    "image_rejection_nyquist_db": "image rejection, whole band",
    "image_rejection_telephone_db": "image rejection, below 3.4 kHz",
    "droop_3400_db": "loss at 3.4 kHz",
    "droop_7000_db": "loss at 7 kHz",
    "ripple_db": "pass-band ripple",
    "width_3db_hz": "-3 dB at",
    "gain_997_db": "gain at 997 Hz",
    "sinad_997_db": "SINAD at 997 Hz",
    "worst_sinad_db": "worst SINAD, voice zone",
    "imd_db": "intermodulation, two tones",
    "delay_ms": "delay at 1 kHz",
    "offset_lsb": "offset",
    "clock_error_ppm": "clock error",
    "hold_up_mean_ms": "held back, mean",
    "hold_up_max_ms": "held back, most",
    "late_ms": "held back and delayed",
    "boundary_error_db": "error of cutting",
    "length_drift_ppm": "drift of the length",
    "wrapped_samples": "wrapped samples",
    "not_finite_samples": "samples that are no number",
}
GRADE_STYLES = {"A": "bold green", "B": "bold green", "C": "bold yellow", "D": "bold yellow", "F": "bold red"}
REJECTIONS = ("rejection", "sinad")


def structured(report: Report) -> dict[str, Any]:
    """Return the report in the schema ``voicediag.resampler/1``."""
    numbers = report.numbers
    rest = [key for key in NAMES if key not in FIRST and not key.endswith("_samples")]
    values = {key: _value(numbers.get(key)) for key in (*FIRST, *rest)}
    floors = {key: number.floor for key, number in numbers.items() if number.floor}
    return {
        "schema": SCHEMA,
        "target": report.name,
        "rate_in_hz": report.plan.rate_in_hz,
        "rate_out_hz": report.plan.rate_out_hz,
        "sample_type": str(report.sample_type),
        "keeps_state": report.keeps_state,
        "grade": report.grade,
        "verdict": "pass" if report.passes else "fail",
        "summary": report.sentence,
        "remedy": report.remedy,
        "notes": list(report.notes),
        "grades": {kind: report.grade_for(kind) for kind in ("wideband", "telephone-band", "live")},
        **rounded(values),
        "chunk_invariant": report.chunk_invariant,
        "wraps": report.wraps,
        "tail_lost_ms": round(report.tail_lost_ms, 3),
        **rounded({"pause_lost_ms": report.pause_lost_ms}),
        "silence_stays_silence": not report.ends.noisy_silence,
        "floors": {key: _significant(floor) for key, floor in floors.items()},
        "at_floor": [key for key, number in numbers.items() if number.at_floor],
        "limits": [
            {"key": part.key, "grade": part.letter, "value": limit.value, "unit": limit.unit, "source": limit.source}
            for part in report.parts
            for limit in [part.scale.limit(part.letter)]
        ],
        **_tables(report),
    }


def _tables(report: Report) -> dict[str, Any]:
    response, held = report.response, report.held
    seams = report.numbers.get("boundary_error_db")
    least_db = seams.floor if seams else 0.0
    tones = [*response.within, *response.above] if response else []
    return {
        "tones": [
            rounded({"frequency_hz": tone.frequency_hz, "gain_db": tone.gain_db, "rest_db": tone.rest_db})
            for tone in tones
        ],
        "chunks": [
            {
                "frames": cut.frames,
                **rounded({"error_db": None if cut.refused else max(cut.error_db, least_db)}),
                **rounded({"edge_share": cut.edge_share, "drift_ppm": cut.drift_ppm}),
                "refused": cut.refused or None,
            }
            for cut in report.chunkings
        ],
        "pushes": held and {"count": held.pushes, "empty": held.empty, "first": held.first_chunk,
                            "burst_ms": round(held.burst_ms, 3)},
    }  # fmt: skip


def _value(number: Number | None) -> float | None:
    return None if number is None else number.value + 0.0


def _significant(value: float) -> float:
    """Return three digits of a floor, which may be any size."""
    return float(f"{value:.3g}") if math.isfinite(value) else 0.0


def text(report: Report) -> RenderableType:
    """Return the card: the verdict, what to do, and each number with its grade, its floor and its limit."""
    table = Table(box=None, pad_edge=False)
    for name in ("", "", "floor", "grade", "limit"):
        table.add_column(name, justify="left" if name in ("", "limit") else "right")
    table.columns[1].justify = "right"
    for row in rows(report):
        table.add_row(*row, style=None if row[3] not in ("D", "F") else "bold")
    lines = [
        Text.assemble((f"{report.name}  ", "bold"), title(report)),
        Text.assemble((f"{report.grade}  ", GRADE_STYLES[report.grade]), report.sentence.partition(". ")[2]),
        Text.assemble(("Do: ", "bold"), report.remedy),
    ]
    notes = [Text.assemble(("Note: ", "bold"), note) for note in report.notes]
    return Group(*lines, *notes, Text(), table)


def title(report: Report) -> str:
    """Return between which rates, and what it was fed with."""
    plan = report.plan
    return f"{plan.rate_in_hz} to {plan.rate_out_hz} Hz, fed with {report.sample_type}"


def rows(report: Report) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield name, value, floor, grade and limit of every number."""
    graded = {part.key: part for part in report.parts}
    for key, name in NAMES.items():
        part = graded.get(key)
        number = report.numbers.get(key) or (part and part.number)
        if not number:
            continue
        limit = part.scale.limit(part.letter) if part else None
        yield (
            name,
            _said(key, number),
            _unit(key, _significant(number.floor)) if number.floor else "",
            part.letter if part else "",
            f"{limit.value:g} {limit.unit}: {limit.source}" if limit else "",
        )


def _said(key: str, number: Number) -> str:
    """Return a value as a person reads it; at its floor it is a bound."""
    bound = "" if not number.at_floor else "≥ " if any(word in key for word in REJECTIONS) else "≤ "
    value = number.floor if number.at_floor else number.value
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    shown = f"{value:.{digits}f}" if not number.at_floor or abs(value) >= 0.01 else f"{value:.1g}"
    return bound + _unit(key, shown if shown not in ("-0.00", "-0.0", "-0") else shown[1:])


def _unit(key: str, shown: object) -> str:
    unit = {"db": "dB", "hz": "Hz", "ms": "ms", "ppm": "ppm", "lsb": "LSB", "samples": ""}[key.rpartition("_")[2]]
    return f"{shown} {unit}".strip()
