"""``voicediag echo``: the agent in the microphone, and nothing else."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicediag.cli.judging import Agent, Html, User, sources
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
    from voicediag.detect.echo_report import EchoReport
    from voicediag.detect.examination import Examination
    from voicediag.session import Session
    from voicediag.tune.aecmos import Rating
    from voicediag.tune.canceller import TryOut

EXITS = {"echo": FINDINGS, "clear": CLEAR, "unjudged": CANNOT_JUDGE}
PAIR = 2
Paths = Annotated[
    list[Path] | None, typer.Argument(help="A session folder, a stereo file, a wire log; or MIC and SPEAKER, mono.")
]
Png = Annotated[Path | None, typer.Option(help="Also write the picture to this file.")]

TryIt = Annotated[bool, typer.Option("--try-out", help="Also run the recording through a real echo canceller.")]
Name = Annotated[str, typer.Option(help="Which one: aec3, livekit or pyaec.")]
Out = Annotated[Path | None, typer.Option(help="Write the microphone before and after it into this folder, as WAV.")]
Rate = Annotated[bool, typer.Option("--aecmos", help="Also say how AECMOS, which guesses listeners' scores, rates it.")]
Follow = Annotated[bool, typer.Option("--follow", help="Say it while the call is being recorded, then as always.")]


@app.command()
def echo(
    paths: Paths = None,
    user: User = "left",
    agent: Agent = None,
    as_json: AsJson = False,
    html: Html = None,
    png: Png = None,
    try_out: TryIt = False,
    canceller: Name = "aec3",
    aecmos: Rate = False,
    out: Out = None,
    follow: Follow = False,
) -> None:
    """Say whether the microphone hears the agent: how late, how loud, where, and what came of it.

    Two files must have begun at the same time; their rates may differ. Exits 0 when clear, 1 with an echo, 2 when it
    cannot be told.

    With --follow, a folder that `voicediag relay` or `record` is writing to: the light comes after two seconds of the
    agent's speech. It is another process, and cannot disturb the call.

    Example: `voicediag echo mic.wav speaker.wav --png echo.png --try-out`
    """
    from voicediag.detect.echo_report import EchoReport
    from voicediag.detect.examination import Examination
    from voicediag.present import echo_answer, tried

    if follow:
        paths = [_followed(paths or [])]
    session = _session(paths or [], user, agent)
    with progress_bar(shown=not as_json) as progress:
        exam = Examination(session, progress)
        report = EchoReport.of(exam)
    result = _tried(session, canceller) if try_out or out or aecmos else None
    rating = _rated(result) if result and aecmos else None
    if as_json:
        print_json(echo_answer.structured(report) | ({"try_out": tried.structured(result, rating)} if result else {}))
    else:
        print_rich(echo_answer.text(report))
        if result:
            print_rich(tried.text(result, rating))
    for path in (*_written(exam, report, html=html, png=png), *_sounds(result, out)):
        if not as_json:
            print(f"\nWritten: {path}")
    sys.exit(EXITS[report.answer])


def _session(paths: list[Path], user: str, agent: Path | None) -> Session:
    """Return the one session that was named."""
    if agent is None and len(paths) == PAIR and user in ("left", "right"):
        paths, agent = paths[:1], paths[1]
    loads = sources(paths, user, agent)
    if len(loads) != 1:
        refuse("expected one session, or MIC and SPEAKER", f"{len(paths)} paths")
    with input_errors():
        return loads[0]()


def _followed(paths: list[Path]) -> Path:
    """Follow the call that is named, or the newest one, until it is over."""
    from voicediag.cli.following import followed

    if len(paths) != 1 or not paths[0].is_dir():
        refuse("expected one folder with --follow: NAME.vds or the folder of the sessions", str(len(paths)))
    return followed(paths[0])


def _tried(session: Session, canceller: str) -> TryOut:
    """Return what a canceller would have made of the session."""
    from voicediag.tune.canceller import try_out

    with input_errors():
        return try_out(session, canceller=canceller)


def _rated(result: TryOut) -> Rating:
    """Return how the try-out is rated."""
    from voicediag.tune.aecmos import rating

    with input_errors():
        return rating(result)


def _sounds(result: TryOut | None, folder: Path | None) -> list[Path]:
    """Write the sound of a try-out and return where it is."""
    if result is None or folder is None:
        return []
    import soundfile

    folder.mkdir(parents=True, exist_ok=True)
    sounds = {folder / "before.wav": result.before, folder / "after.wav": result.after}
    for path, samples in sounds.items():
        soundfile.write(path, samples, result.rate_hz)
    return list(sounds)


def _written(exam: Examination, report: EchoReport, *, html: Path | None, png: Path | None) -> list[Path]:
    """Write what was asked for and return where it is."""
    from voicediag.present import plots

    picture = plots.echo(report) if html or png else None
    if png:
        if picture is None:
            refuse("expected two tracks to draw", "one; likely slip: a mono file")
        png.write_bytes(picture.png())
    if html:
        from voicediag.check import judged
        from voicediag.detect import ABOUT_ECHO
        from voicediag.present import page

        diagnosis = judged(exam, detectors=ABOUT_ECHO)
        html.write_text(page.render(diagnosis, pictures=[picture] if picture else []), encoding="utf-8")
    return [path for path in (png, html) if path]
