"""``voicediag studio``: a conversation in a page, with meters while it goes on and a diagnosis when it is over."""

from __future__ import annotations

import json
import signal
import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voicediag.cli.shared import AsJson, app, input_errors, refuse

if TYPE_CHECKING:
    from collections.abc import Mapping


@app.command()
def studio(
    provider: Annotated[str, typer.Argument(help="gemini, openai, or emulator, which needs no key.")] = "emulator",
    speaks: Annotated[str, typer.Option(help="Whose protocol the emulator speaks: gemini or openai.")] = "",
    model: Annotated[str | None, typer.Option(help="If not the newest that is known.")] = None,
    base_url: Annotated[str | None, typer.Option(help="Talk to this address instead: a relay, an emulator.")] = None,
    instructions: Annotated[str, typer.Option(help="What the model is told to be.")] = "",
    greeting: Annotated[str, typer.Option(help="What makes the model speak first; empty: you do.")] = "Hello.",
    fault: Annotated[list[str] | None, typer.Option(help="What the emulator does wrong; repeat it.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the session folders.")] = Path("sessions"),
    port: Annotated[int, typer.Option(help="Of the page; 0 takes a free one.")] = 0,
    opens: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in your browser.")] = True,
    as_json: AsJson = False,
    attached: Annotated[bool, typer.Option("--attached", hidden=True, help="End with the standard input.")] = False,
) -> None:
    """Talk to an agent in your browser, see what the microphone and the loudspeaker do meanwhile, and have it checked.

    Each conversation becomes a session folder: both directions of the wire, what the microphone heard, what was played.
    The key is read from GEMINI_API_KEY or OPENAI_API_KEY; it reaches neither the page nor the disk. Ctrl-C stops.

    Example: `voicediag studio`

    Example: `voicediag studio emulator --speaks openai --fault slow-answer`

    Example: `voicediag studio openai --instructions 'You are a cooking assistant.'`
    """
    from voicediag import monitor
    from voicediag.errors import LiveError
    from voicediag.formats.demo import demo_folder
    from voicediag.live.folders import new_folder
    from voicediag.live.microphone.serving import VOICE, run, standing
    from voicediag.live.microphone.serving import attached as with_input
    from voicediag.live.talk import serving
    from voicediag.live.talk.gauge import Judges
    from voicediag.live.talk.partner import Partner

    def say_ready(address: str) -> None:
        if as_json:
            print(json.dumps({"schema": "voicediag.studio/1", "page": address}), flush=True)
        else:
            print(f"Talk here: {address}\nSession folders appear in {out}/. Ctrl-C stops.", flush=True)
        if opens:
            webbrowser.open(address)

    if attached:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    with input_errors():
        partner = Partner(
            provider=provider,
            speaks=speaks,
            model=model,
            base_url=base_url,
            instructions=instructions,
            greeting=greeting,
            faults=tuple(fault or ()),
        )
        monitor.warm_up()
        talking = serving.TalkStudio(
            lambda: new_folder(out, f"studio-{provider}"),
            demo_folder() / VOICE,
            files=serving.FILES,
            partner=partner,
            judges=Judges(gauge=monitor.Monitor, check=_told),
        )
        try:
            run(talking, port, on_ready=say_ready, until=with_input if attached else standing)
        except LiveError as error:
            refuse(str(error))
        except KeyboardInterrupt:
            print("Stopped.", file=sys.stderr)


def _told(folder: Path) -> Mapping[str, Any]:
    """Return the diagnosis of a session that is over, for the page that it was held in."""
    from voicediag import formats
    from voicediag.check import check
    from voicediag.errors import InputError
    from voicediag.present.brief import brief

    try:
        return brief(check(formats.load(folder)))
    except InputError as error:
        return {"trouble": str(error)}
