"""``voicediag activity``: where somebody speaks, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from voicediag.cli.judging import Agent, User, sources
from voicediag.cli.shared import AsJson, app, input_errors, print_json, print_rich, progress_bar, refuse

Paths = Annotated[list[Path] | None, typer.Argument(help="A sound file, a session folder or a wire log.")]
Labels = Annotated[Path | None, typer.Option(help="Also write the spans to this file, as labels for Audacity.")]
Engine = Annotated[
    Literal["silero", "plain"] | None, typer.Option(help="What to hear with; as it is, the better one installed.")
]


@app.command()
def activity(
    path: Paths = None,
    user: User = "left",
    agent: Agent = None,
    engine: Engine = None,
    labels: Labels = None,
    as_json: AsJson = False,
) -> None:
    """Say where somebody speaks on each track, as well as it can be told afterwards, on a grid of 10 ms.

    It is what a live VAD is held against. Exits 0 when it was heard, 2 on bad input.

    Example: `voicediag activity call.wav --labels speech.txt`
    """
    from voicediag.detect.spoken import spoken
    from voicediag.present import spoken_answer

    loads = sources(path or [], user, agent)
    if len(loads) != 1:
        refuse("expected one recording", f"{len(loads)}")
    with input_errors(), progress_bar(shown=not as_json) as progress:
        session = loads[0]()
        found = spoken(session, engine=engine, progress=progress)
    if labels:
        labels.write_text(spoken_answer.labels(found), encoding="utf-8")
    if as_json:
        print_json(spoken_answer.structured(session, found))
        return
    print_rich(spoken_answer.text(found))
    if labels:
        print(f"\nWritten: {labels}")
