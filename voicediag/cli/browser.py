"""``voicediag record --browser``: the page that records microphone and agent, and the check of what it recorded."""

from __future__ import annotations

import json
import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

from voicediag.cli.shared import CANNOT_JUDGE, refuse

if TYPE_CHECKING:
    from collections.abc import Callable


def record_page(out: Path, *, wav: Path | None, port: int, opens: bool, as_json: bool) -> Path:
    """Serve the page until a session was recorded, and return its folder."""
    from voicediag.errors import LiveError
    from voicediag.formats.demo import demo_folder
    from voicediag.live.microphone.serving import VOICE, Studio, run

    if wav is not None and not wav.is_file():
        refuse("expected a sound file with --wav", f"{wav}")

    said_next = "The diagnosis is where you started voicediag; this page can be closed."
    studio = Studio(_folder(out), wav or demo_folder() / VOICE, said_next)

    def say_ready(address: str) -> None:
        if as_json:
            print(json.dumps({"schema": "voicediag.record/1", "page": address}), file=sys.stderr, flush=True)
        else:
            print(f"Record here: {address}\nThe first recording that ends is checked. Ctrl-C ends it too.", flush=True)
        if opens:
            webbrowser.open(address)

    try:
        run(studio, port, on_ready=say_ready)
    except LiveError as error:
        refuse(str(error))
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
    if not studio.folders:
        sys.exit(CANNOT_JUDGE)
    return studio.folders[-1]


def _folder(out: Path) -> Callable[[], Path]:
    """Return what makes a session's folder: the one that was named, or a new one in a folder for sessions."""
    from voicediag.live.folders import new_folder

    if out.suffix != ".vds":
        return lambda: new_folder(out, "browser")
    if out.exists():
        refuse("expected a new folder with --out", f"{out}, which exists")
    return lambda: out
