"""``voicediag echo --follow``: the light of a call while it goes on, in a process of its own."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voicediag.measure.echo_stream import EchoNow
    from voicediag.session import Session

WAIT_S = 0.5


def followed(path: Path) -> Path:
    """Print the light of a call that is being recorded, until it is over, and return its folder; Ctrl-C goes on."""
    folder = path
    with suppress(KeyboardInterrupt):
        folder = newest(path)
        print(f"Following {folder}; Ctrl-C stops.", file=sys.stderr, flush=True)
        tell_lights(folder)
    return folder


def tell_lights(folder: Path, of_which: str = "") -> None:
    """Print the light of a session folder each time that it changes, until the session is over."""
    from voicediag import formats
    from voicediag.detect.echo_light import lights
    from voicediag.errors import InputError
    from voicediag.formats.session_folder import NEVER_CLOSED

    def load() -> Session | None:
        with suppress(InputError):
            return formats.load(folder)
        return None

    def is_closed(session: Session) -> bool:
        return all(problem.what != NEVER_CLOSED for problem in session.problems)

    for now in lights(load, is_closed=is_closed, clock=time.monotonic, sleep=time.sleep):
        print(f"{of_which}{_told(now)}", file=sys.stderr, flush=True)


def newest(path: Path) -> Path:
    """Return the folder itself, or the newest session of a folder of sessions, waiting for the first."""
    from voicediag.formats.session_folder import sniff

    while not sniff(path):
        if sessions := [folder for folder in path.glob("*.vds") if sniff(folder)]:
            return max(sessions, key=lambda folder: folder.stat().st_mtime)
        time.sleep(WAIT_S)
    return path


def _told(now: EchoNow) -> str:
    """Return a light in a line."""
    at = f"{now.at_s:7.1f} s  "
    if now.verdict == "unjudged":
        return f"{at}the agent has hardly spoken"
    if now.verdict == "clear":
        return f"{at}no echo so far, in {now.far_end_s:.1f} s of the agent's speech"
    loss = "" if now.erl_db is None else f", {now.erl_db:.0f} dB below what was played"
    return f"{at}ECHO: the agent comes back after {now.delay_ms or 0.0:.0f} ms{loss}"
