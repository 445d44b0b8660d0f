"""The lights of the calls that ``voicediag relay`` and ``record`` hold, from a process beside them.

It reads the folders as they grow, so that nothing here can make a recorder wait.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from voicediag.cli.following import WAIT_S, tell_lights
from voicediag.cli.pace_following import tell_pace

if TYPE_CHECKING:
    from collections.abc import Iterator

LIGHTS = (tell_lights, tell_pace)
# A call beyond these has no light; the recorder keeps it all the same.
MOST_CALLS = 8
# What the last look of a call that is over may take.
LAST_LOOK_S = 8.0


@contextmanager
def lights_beside(out: Path, *, shown: bool | None, calls: int | None = None) -> Iterator[None]:
    """Print of every session that begins in a folder when its echo's light changes, and each gap, stall and drift.

    Parameters
    ----------
    out : Path
    shown : bool or None
        None where that is for the terminal to decide: a person reads it, a log does not.
    calls : int, optional
        After how many sessions it is over.
    """
    if not (sys.stderr.isatty() if shown is None else shown):
        yield
        return
    command = [sys.executable, "-m", __name__, str(out), str(calls or 0), *map(str, _sessions(out))]
    beside = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - this interpreter and this module
    try:
        yield
        with suppress(subprocess.TimeoutExpired):
            beside.wait(LAST_LOOK_S if calls else 0)
    finally:
        beside.kill()
        beside.wait()


def watch(out: Path, calls: int, known: set[Path]) -> None:
    """Follow each session that is not known, until so many have come; 0 is for ever."""
    # A look rests so many times as long as it took: the first one shall not pay for the imports.
    from voicediag.detect import echo_light  # noqa: F401 - see above

    told: list[threading.Thread] = []
    while not calls or len(told) < calls * len(LIGHTS):
        for folder in sorted(set(_sessions(out)) - known):
            known.add(folder)
            if sum(thread.is_alive() for thread in told) < MOST_CALLS * len(LIGHTS):
                begun = [
                    threading.Thread(target=tell, args=(folder, f"{folder.stem}  "), daemon=True) for tell in LIGHTS
                ]
                for thread in begun:
                    thread.start()
                told += begun
        time.sleep(WAIT_S)
    for thread in told:
        thread.join()


def _sessions(out: Path) -> list[Path]:
    from voicediag.formats.session_folder import sniff

    return [folder for folder in out.glob("*.vds") if sniff(folder)]


if __name__ == "__main__":
    watch(Path(sys.argv[1]), int(sys.argv[2]), {Path(known) for known in sys.argv[3:]})
