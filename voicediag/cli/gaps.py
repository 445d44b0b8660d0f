"""``voicediag gaps``: what was done to one voice between two points of its way."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
    from voicediag.session import Session

EXITS = {"gaps": FINDINGS, "clear": CLEAR, "unjudged": CANNOT_JUDGE}
PAIR = 2
Paths = Annotated[
    list[Path] | None, typer.Argument(help="A session folder or wire log; or RECEIVED and PLAYED, two mono files.")
]
Png = Annotated[Path | None, typer.Option(help="Also write the picture to this file.")]


@app.command()
def gaps(paths: Paths = None, as_json: AsJson = False, png: Png = None) -> None:
    """Say where sound came late, never came, came twice or in the wrong order, between two points of its way.

    The two need not begin together; gain, rate and clock may differ. A pause between sentences is no gap. Exits 0 when
    clear, 1 with gaps, 2 when it cannot be told.

    Example: `voicediag gaps received.wav played.wav --png gaps.png`
    """
    from voicediag.detect.gap_report import gaps as told
    from voicediag.present import gap_answer, plots

    session = _session(paths or [])
    with progress_bar(shown=not as_json) as progress:
        report = told(session, progress=progress)
    if as_json:
        print_json(gap_answer.structured(report))
    else:
        print_rich(gap_answer.text(report))
    if png:
        picture = plots.gaps(report)
        if picture is None:
            refuse("expected two tracks of one voice to draw", "one; likely slip: a mono file")
        png.write_bytes(picture.png())
        if not as_json:
            print(f"\nWritten: {png}")
    sys.exit(EXITS[report.answer])


def _session(paths: list[Path]) -> Session:
    """Return the one session that was named."""
    from voicediag.formats import audio_file, load

    if len(paths) not in (1, PAIR):
        refuse("expected one session, or RECEIVED and PLAYED", f"{len(paths)} paths")
    with input_errors():
        return load(paths[0]) if len(paths) == 1 else audio_file.read_points(*paths)
