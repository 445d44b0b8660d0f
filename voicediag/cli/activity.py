"""``voicediag activity``: where somebody speaks, or where a service's VAD would have said so, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from voicediag.cli.judging import Agent, User, sources
from voicediag.cli.shared import AsJson, app, input_errors, print_json, print_rich, progress_bar, refuse

if TYPE_CHECKING:
    from voicediag.session import Session
    from voicediag.tune.vad import VadName

Paths = Annotated[list[Path] | None, typer.Argument(help="A sound file, a session folder or a wire log.")]
Labels = Annotated[Path | None, typer.Option(help="Also write the spans to this file, as labels for Audacity.")]
Engine = Annotated[
    Literal["silero", "plain"] | None, typer.Option(help="What to hear with; as it is, the better one installed.")
]
As = Annotated[
    Literal["openai", "gemini", "silero"] | None,
    typer.Option("--as", help="Simulate this VAD instead: OpenAI's server_vad, Gemini's, or Silero's VADIterator."),
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A setting of that VAD, by its provider's own name."),
]


@app.command()
def activity(
    path: Paths = None,
    user: User = "left",
    agent: Agent = None,
    engine: Engine = None,
    labels: Labels = None,
    like: As = None,
    settings: Set = None,
    as_json: AsJson = False,
) -> None:
    """Say where somebody speaks on each track, as well as it can be told afterwards, on a grid of 10 ms.

    It is what a live VAD is held against. With --as it tells instead what such a VAD would have reported of the user,
    simulated. Exits 0 when it was heard, 2 on bad input.

    Example: `voicediag activity call.wav --labels speech.txt`

    Example: `voicediag activity call.wav --as openai --set silence_duration_ms=300`
    """
    loads = sources(path or [], user, agent)
    if len(loads) != 1:
        refuse("expected one recording", f"{len(loads)}")
    if like and (engine or labels):
        refuse("expected --as without --engine and --labels", "both")
    if settings and not like:
        refuse("expected --as VAD beside --set", "--set alone")
    with input_errors():
        session = loads[0]()
        if like:
            _simulate(session, like, settings or [], as_json=as_json)
        else:
            _tell(session, engine, labels, as_json=as_json)


def _tell(session: Session, engine: Literal["silero", "plain"] | None, labels: Path | None, *, as_json: bool) -> None:
    from voicediag.detect.spoken import spoken
    from voicediag.present import spoken_answer

    with progress_bar(shown=not as_json) as progress:
        found = spoken(session, engine=engine, progress=progress)
    if labels:
        labels.write_text(spoken_answer.labels(found), encoding="utf-8")
    if as_json:
        print_json(spoken_answer.structured(session, found))
        return
    print_rich(spoken_answer.text(found))
    if labels:
        print(f"\nWritten: {labels}")


def _simulate(session: Session, like: VadName, settings: list[str], *, as_json: bool) -> None:
    from voicediag.present import simulated_vad
    from voicediag.tune.vad import replayed, settings_for

    chosen = settings_for(like, dict(_setting(text) for text in settings))
    with progress_bar(shown=not as_json) as progress:
        replay = replayed(session, chosen, progress=progress)
    if as_json:
        print_json(simulated_vad.structured(session, replay))
    else:
        print_rich(simulated_vad.text(replay))


def _setting(text: str) -> tuple[str, Any]:
    """Return a name and a number, or a word where it is none."""
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError:
        return name, value
