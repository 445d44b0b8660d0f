"""The commands that judge a recording: ``check``, ``meter``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voicediag.cli.shared import (
    CANNOT_JUDGE,
    CLEAR,
    FINDINGS,
    AsJson,
    app,
    input_errors,
    print_json,
    print_rich,
    progress_bar,
    refuse,
)

if TYPE_CHECKING:
    from voicediag.diagnose import Diagnosis
    from voicediag.session import Session

SEVERITIES = ("low", "medium", "high")

User = Annotated[str, typer.Option(help="The user's channel of a stereo file (left, right), or the user's mono file.")]
Agent = Annotated[Path | None, typer.Option(help="The agent's mono file.")]
Html = Annotated[Path | None, typer.Option(help="Also write one self-contained HTML report to this file.")]
FailOn = Annotated[str, typer.Option(help="Least severity that makes the exit code 1: low, medium or high.")]


@app.command()
def check(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Session folders, stereo files (left user, right agent), wire logs (JSONL)."),
    ] = None,
    user: User = "left",
    agent: Agent = None,
    as_json: AsJson = False,
    html: Html = None,
    fail_on: FailOn = "low",
) -> None:
    """Check recordings and name the root cause.

    Exits 0 when clear, 1 with findings, 2 when it cannot judge.

    Example: `voicediag check call.wav --html report.html`
    """
    if fail_on not in SEVERITIES:
        refuse(f"expected --fail-on {', '.join(SEVERITIES)}, got {fail_on!r}")
    if html and paths and len(paths) > 1:
        refuse("expected one recording with --html, got several; likely slip: one report each is needed")
    loads = sources(paths or [], user, agent)
    sys.exit(max([checked(load, as_json=as_json, html=html, fail_on=fail_on) for load in loads]))


@app.command()
def meter(
    path: Annotated[Path, typer.Argument(help="A sound file or a session folder.")],
    as_json: AsJson = False,
) -> None:
    """Meter every track: RMS, peak, true peak, loudness, active speech, noise floor, clipping, silence.

    Example: `voicediag meter mic.wav`
    """
    from voicediag import formats
    from voicediag.detect.examination import Examination
    from voicediag.present import as_json as structured
    from voicediag.present import text

    with input_errors():
        session = formats.load(path)
    with progress_bar(shown=not as_json) as progress:
        readings = Examination(session, progress).readings
    meters: dict[str, dict[str, Any]] = {name: reading.meters() for name, reading in readings.items()}
    if as_json:
        print_json(structured.meters(meters, source=session.source))
        return
    print_rich(text.meter_table(meters))
    for name, reading in readings.items():
        print(f"\n{name}\n{text.strip(reading.level.rms)}")


def sources(paths: list[Path], user: str, agent: Path | None) -> list[Callable[[], Session]]:
    """Return what loads each recording that was named."""
    from voicediag import formats

    if agent is not None:
        mine = [Path(user)] if user not in ("left", "right") else paths
        if len(mine) != 1:
            refuse("expected one user's file beside --agent", f"{len(mine)}")
        return [lambda: formats.load(mine[0], agent=agent)]
    if not paths:
        refuse("expected a recording, got none; likely slip: try `voicediag demo`")
    return [lambda path=path: formats.load(path, user=user) for path in paths]  # type: ignore[misc]


def checked(load: Callable[[], Session], *, as_json: bool, html: Path | None, fail_on: str = "low") -> int:
    """Check one recording, print what was found and return the exit code."""
    from voicediag.check import check as run
    from voicediag.errors import InputError

    try:
        session = load()
    except InputError as error:
        print(f"voicediag: {error}", file=sys.stderr)
        return CANNOT_JUDGE
    with progress_bar(shown=not as_json) as progress:
        diagnosis = run(session, progress=progress)
    _show(diagnosis, as_json=as_json)
    if html:
        from voicediag.present import page, plots

        curve = plots.cushion_of(diagnosis)
        html.write_text(page.render(diagnosis, pictures=[curve] if curve else []), encoding="utf-8")
        if not as_json:
            print(f"\nReport: {html}")
    return _exit_code(diagnosis, fail_on)


def _show(diagnosis: Diagnosis, *, as_json: bool) -> None:
    if as_json:
        from voicediag.present import as_json as structured

        print_json(structured.check(diagnosis))
    else:
        from voicediag.present import text

        print_rich(text.report(diagnosis))


def _exit_code(diagnosis: Diagnosis, fail_on: str) -> int:
    """Return 1 with findings of at least that severity, 2 when no detector could judge, else 0."""
    from voicediag.detect.finding import Severity

    if any(finding.severity >= Severity[fail_on.upper()] for finding in diagnosis.findings):
        return FINDINGS
    return CANNOT_JUDGE if not diagnosis.findings and not diagnosis.clear else CLEAR
