"""The commands that hold a session themselves: ``record``, ``demo``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicediag.cli.judging import Html, checked
from voicediag.cli.shared import CLEAR, AsJson, Light, app, input_errors, progress_bar, refuse

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicediag.live.rehearsal import Rehearsal

# As long as an echo takes to be judged, with a reply to spare.
DEMO_S = 15.0
Out = Annotated[Path, typer.Option(help="Folder for the session folders.")]


@app.command()
def record(
    provider: Annotated[str, typer.Argument(help="gemini or openai.")] = "gemini",
    seconds: Annotated[float, typer.Option(help="How long.")] = 20.0,
    live: Annotated[bool, typer.Option("--live", help="Talk to the provider itself; needs its key.")] = False,
    base_url: Annotated[str | None, typer.Option(help="Talk to this address instead: a relay, an emulator.")] = None,
    model: Annotated[str | None, typer.Option(help="If not the newest that is known.")] = None,
    wav: Annotated[Path | None, typer.Option(help="What the user says, or the test voice of --browser.")] = None,
    mic: Annotated[bool, typer.Option("--mic", help="The user is you: microphone and loudspeaker.")] = False,
    browser: Annotated[
        bool, typer.Option("--browser", help="A page of your browser records you and what the agent plays in any tab.")
    ] = False,
    port: Annotated[int, typer.Option(help="Of that page; 0 takes a free one.")] = 0,
    opens: Annotated[bool, typer.Option("--open/--no-open", help="Open that page in your browser.")] = True,
    greeting: Annotated[str, typer.Option(help="What makes the model speak first; empty: the user does.")] = "Hello.",
    cushion_ms: Annotated[float, typer.Option(help="How much sound the player gathers before it starts.")] = 100.0,
    fault: Annotated[list[str] | None, typer.Option(help="What goes wrong: NAME or NAME=SECONDS; repeat it.")] = None,
    list_faults: Annotated[bool, typer.Option("--list-faults", help="Say what each fault does, and exit.")] = False,
    check: Annotated[bool, typer.Option(help="Check the recording at once.")] = True,
    light: Light = None,
    out: Out = Path("sessions"),
    html: Html = None,
    as_json: AsJson = False,
) -> None:
    """Hold a session with a provider, record it, and check it. With no key it talks to an emulated service.

    The user is a file or the demo's question, in a simulated room, or with --mic you. The folder holds both directions,
    every message, and what the player did. Ctrl-C ends the session before its time.

    With --browser there is no provider: a page records the microphone, and beside it another tab or a test voice.

    Example: `voicediag record openai --seconds 15 --fault speaker-echo`

    Example: `voicediag record --browser --out call.vds`
    """
    from voicediag.cli.browser import record_page
    from voicediag.cli.watching import lights_beside
    from voicediag.live.rehearsal import Rehearsal, faults_told

    if list_faults:
        for line in faults_told():
            print(line)
        return
    if browser:
        if mic or live or base_url or fault:
            refuse("expected --browser without --mic, --live, --base-url or --fault", "them together")
        folder = record_page(out, wav=wav, port=port, opens=opens, as_json=as_json)
        sys.exit(_kept(folder, check=check, as_json=as_json, html=html))
    with input_errors():
        told = Rehearsal(
            provider=provider,
            model=model,
            wav=wav,
            mic=mic,
            greeting=greeting,
            cushion_s=cushion_ms / 1_000,
            faults=tuple(fault or ()),
        )
        with lights_beside(out, shown=False if as_json and light is None else light, calls=1):
            folder = _held(told, seconds, out, live=live, base_url=base_url, quiet=as_json)
    sys.exit(_kept(folder, check=check, as_json=as_json, html=html))


@app.command()
def demo(
    provider: Annotated[str, typer.Option(help="Which service is emulated: gemini or openai.")] = "openai",
    recorded: Annotated[bool, typer.Option("--recorded", help="Check a kept recording instead, in a second.")] = False,
    out: Out = Path("sessions"),
    html: Html = None,
    as_json: AsJson = False,
) -> None:
    """Hold a live session on this machine, with no key and no sound card: a speakerphone that hears itself.

    It is recorded, checked, and a report is written beside the recording.

    Example: `voicediag demo --html report.html`
    """
    from voicediag.formats.demo import demo_folder, load_demo
    from voicediag.live.rehearsal import Rehearsal

    if recorded:
        if not as_json:
            print(f"Checking a kept session, {demo_folder().name}: a cooking assistant on a loudspeaker.")
        checked(load_demo, as_json=as_json, html=html)
        return
    with input_errors():
        told = Rehearsal(provider=provider, faults=("speaker-echo",))
        folder = _held(told, DEMO_S, out, quiet=as_json)
    _judged(folder, as_json=as_json, html=html or folder.with_suffix(".html"))


def _kept(folder: Path, *, check: bool, as_json: bool, html: Path | None) -> int:
    """Check what was recorded, or say only where it is, and return the exit code."""
    if check:
        return _judged(folder, as_json=as_json, html=html)
    print(json.dumps({"schema": "voicediag.record/1", "folder": str(folder)}) if as_json else f"Recorded: {folder}")
    return CLEAR


def _judged(folder: Path, *, as_json: bool, html: Path | None) -> int:
    """Check what was recorded and return the exit code."""
    from voicediag import formats

    if not as_json:
        print(f"Recorded: {folder}\n")
    return checked(lambda: formats.load(folder), as_json=as_json, html=html)


def _held(
    told: Rehearsal, duration_s: float, out: Path, *, live: bool = False, base_url: str | None = None, quiet: bool
) -> Path:
    """Hold the session that was asked for and return its folder."""
    from voicediag.errors import LiveError
    from voicediag.live import rehearsal

    whom = base_url or (f"{told.provider} itself" if live else f"an emulated {told.provider}")
    if not quiet:
        print(f"A session of {duration_s:g} s with {whom} ...", flush=True)
    with progress_bar(shown=not quiet) as progress:
        tell: Callable[[float], None] = (lambda at_s: progress(at_s, duration_s)) if progress else (lambda _: None)
        try:
            if live or base_url:
                held = rehearsal.call(out, told, base_url, duration_s=duration_s, on_tick=tell)
            else:
                held = rehearsal.rehearse(out, told, duration_s=duration_s, on_tick=tell)
        except LiveError as error:
            refuse(str(error))
    if held.lost and not quiet:
        print(f"It ended early: {held.lost}", flush=True)
    return held.folder
