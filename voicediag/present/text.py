"""A diagnosis for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from voicediag.detect.finding import Evidence, Finding, Severity
from voicediag.diagnose import Diagnosis
from voicediag.present import bills, phrases, waits
from voicediag.session import Session

STYLES = {Severity.HIGH: "bold red", Severity.MEDIUM: "bold yellow", Severity.LOW: "yellow", Severity.INFO: "cyan"}
STRIP = "▁▂▃▄▅▆▇█"
STRIP_LOW_DBFS, STRIP_HIGH_DBFS = -60.0, 0.0
STRIP_COLUMNS = 60
# The order in which a person reads a meter; keys that are not listed follow.
METER_ROWS = (
    "rms_dbfs",
    "peak_dbfs",
    "true_peak_dbtp",
    "integrated_lufs",
    "short_term_lufs",
    "active_speech_dbov",
    "activity_factor",
    "noise_floor_dbfs",
    "snr_db",
    "dc",
    "clipped_samples",
    "wraps",
    "silence_s",
    "stuck_s",
    "repeated",
    "dropouts",
)


def report(diagnosis: Diagnosis) -> RenderableType:
    """Return what is wrong, why, and what to change, as rich text."""
    return Group(*_report(diagnosis))


def _report(diagnosis: Diagnosis) -> Iterator[RenderableType]:
    yield Text.from_markup(f"[bold]{escape(diagnosis.session.source)}[/]  {_described(diagnosis.session)}")
    for root in diagnosis.root_causes:
        yield Text()
        yield _headline(root, "root cause")
        yield Padding(_body(root, diagnosis.session), (0, 0, 0, 2))
        for symptom in diagnosis.symptoms(root):
            yield Padding(_headline(symptom, f"symptom of {root.id}"), (0, 0, 0, 2))
            yield Padding(Text(symptom.summary), (0, 0, 0, 4))
    yield Text()
    if not diagnosis.findings:
        yield Text("Nothing found.", style="bold green")
    for reason, names in _unjudged(diagnosis).items():
        yield Text.assemble(("unjudged  ", "bold magenta"), (", ".join(names), "bold"), f"  {reason}")
    for verdict in diagnosis.clear:
        bound = f"  {verdict.bound}" if verdict.bound else ""
        yield Text.assemble(("clear     ", "green"), verdict.id, (bound, "dim"))
    if marked := phrases.marked(diagnosis.session):
        yield Text.assemble(("marked    ", "bold"), marked)
    if waited := waits.line(diagnosis.latency):
        yield Text.assemble(("latency   ", "bold"), waited)
    if billed := bills.line(diagnosis.cost):
        yield Text.assemble(("cost      ", "bold"), billed)


def _unjudged(diagnosis: Diagnosis) -> dict[str, list[str]]:
    """Return which faults could not be judged, by the reason: a sound file has no wire, and a handful need one."""
    names: dict[str, list[str]] = {}
    for verdict in diagnosis.unjudged:
        names.setdefault(verdict.reason or "", []).append(verdict.id)
    return names


def _described(session: Session) -> str:
    tracks = ", ".join(f"{track.name} {track.rate_hz / 1000:g} kHz" for track in session.tracks.values())
    turns = f", {len(session.turns)} turns" if session.turns else ""
    return f"[dim]{session.duration_s:.1f} s, {tracks}{turns}[/]"


def _headline(finding: Finding, role: str) -> Text:
    return Text.assemble(
        (finding.severity.name, STYLES[finding.severity]), "  ", (finding.id, "bold"), (f"  {role}", "dim")
    )


def _body(finding: Finding, session: Session) -> Group:
    lines = [Text(finding.summary), Text.assemble(("Do:   ", "bold"), finding.remedy)]
    # Of a track that was never recorded there is nothing to hear: the place is one of the wire.
    place = _place(finding.primary)
    heard = finding.primary.track in session.tracks
    lines.append(Text.assemble(("Hear: " if heard else "See:  ", "bold"), place if heard else f"the wire, {place}"))
    limit = finding.primary.limit
    lines.append(Text(f"Limit {limit.value:g} {limit.unit} ({limit.source})", style="dim"))
    return Group(*lines)


def _place(evidence: Evidence) -> str:
    against = f" beside {evidence.against}" if evidence.against else ""
    return f"{evidence.track}{against}, {evidence.span.start_s:.2f}-{evidence.span.end_s:.2f} s"


def meter_table(meters: Mapping[str, Mapping[str, Any]]) -> RenderableType:
    """Return the meters of every track, a column each."""
    table = Table(box=None, pad_edge=False)
    table.add_column("", style="dim")
    for name in meters:
        table.add_column(escape(name), justify="right")
    keys = [*METER_ROWS, *dict.fromkeys(key for values in meters.values() for key in values if key not in METER_ROWS)]
    for key in keys:
        table.add_row(key, *(_shown(values.get(key)) for values in meters.values()))
    return table


def strip(rms: NDArray[np.float32]) -> str:
    """Return a level strip from the RMS of short steps, full scale 1: a column shows the loudest step of its time."""
    columns = np.array_split(rms, min(STRIP_COLUMNS, max(1, rms.size)))
    return "".join(_bar(20 * float(np.log10(max(float(column.max()), 1e-9)))) for column in columns if column.size)


def _bar(dbfs: float) -> str:
    share = (dbfs - STRIP_LOW_DBFS) / (STRIP_HIGH_DBFS - STRIP_LOW_DBFS)
    return STRIP[min(len(STRIP) - 1, int(share * len(STRIP)))] if share > 0 else " "


def _shown(value: object) -> str:
    if value is None:
        return "–"
    return (
        f"{value:.4g}"
        if isinstance(value, float) and abs(value) < 1
        else f"{value:.1f}"
        if isinstance(value, float)
        else str(value)
    )
