"""``voicediag cushion-sweep``: which cushion a player should have kept."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicediag.cli.judging import Html
from voicediag.cli.shared import CLEAR, FINDINGS, AsJson, app, input_errors, print_json, print_rich, refuse

if TYPE_CHECKING:
    from voicediag.session import Session
    from voicediag.tune.cushion import Sweep

MS = 1_000.0


@app.command("cushion-sweep")
def cushion_sweep(
    path: Annotated[Path, typer.Argument(help="A session folder or a wire log with the agent's sound.")],
    flush_policy: Annotated[
        str,
        typer.Option(help="When the players empty their queue: at-once, never, or so many ms after an interruption."),
    ] = "at-once",
    refill: Annotated[
        bool, typer.Option("--refill", help="The players wait for their cushion again after a gap.")
    ] = False,
    follow: Annotated[
        bool, typer.Option("--follow", help="First follow a call that is being recorded: gaps, stalls, falling behind.")
    ] = False,
    as_json: AsJson = False,
    html: Html = None,
    png: Annotated[Path | None, typer.Option(help="Also draw the curve into this file.")] = None,
) -> None:
    """Play a session again with each cushion: gaps, stale sound after interruptions, added waiting.

    Where no cushion helps that a conversation bears (400 ms), it recommends none and names the cause: a stall, or a
    provider that is slower than real time.

    Exits 0 when the sound was in time for the session's own player, 1 when it was not, 2 when it cannot judge, as with
    a telephone call, whose line plays from a queue that nobody can set.

    With --follow it first tells of each gap, stall and drift of a call that is being recorded (SESSION, or the folder
    in which the recorder makes it) the moment it happens. It is another process, and cannot disturb the call.

    Example: `voicediag cushion-sweep call.vds --png curve.png`
    """
    from voicediag import formats
    from voicediag.present import cushions
    from voicediag.tune.cushion import sweep

    flush_after_s = _flush_after_s(flush_policy)
    if follow:
        from voicediag.cli.pace_following import followed

        path = followed(path)
    with input_errors():
        session = formats.load(path)
        result = sweep(session, refills=refill, flush_after_s=flush_after_s)
    if as_json:
        print_json(cushions.structured(result))
    else:
        print_rich(cushions.text(result))
    for written in _written(session, result, html=html, png=png):
        if not as_json:
            print(f"\nWritten: {written}")
    sys.exit(FINDINGS if result.gaps or result.recommended is None else CLEAR)


def _flush_after_s(policy: str) -> float | None:
    if policy in ("at-once", "never"):
        return 0.0 if policy == "at-once" else None
    if not policy.isdecimal():
        refuse("expected --flush-policy at-once, never, or milliseconds", repr(policy))
    return int(policy) / MS


def _written(session: Session, result: Sweep, *, html: Path | None, png: Path | None) -> list[Path]:
    """Write what was asked for and return where it is."""
    from voicediag.present import plots

    picture = plots.cushion(result) if html or png else None
    if picture and png:
        png.write_bytes(picture.png())
    if picture and html:
        from voicediag.check import judged
        from voicediag.detect import ABOUT_STARVATION
        from voicediag.detect.examination import Examination
        from voicediag.present import page

        diagnosis = judged(Examination(session), detectors=ABOUT_STARVATION)
        html.write_text(page.render(diagnosis, pictures=[picture]), encoding="utf-8")
    return [path for path in (png, html) if path]
