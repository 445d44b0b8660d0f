"""The recorder as a process of its own, for notebooks whose Jupyter server does not have voicediag.

It prints the address that pages stream to, and goes on until whoever started it is gone and nothing is recorded.

    python -m voicediag.live.microphone.beside FOLDER
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from voicediag.formats.demo import demo_folder
from voicediag.live.folders import new_folder
from voicediag.live.microphone import serving
from voicediag.live.microphone.serving import VOICE, Studio


def run(out: Path) -> None:
    """Record until the standard input ends, and no page records any more."""
    studio = Studio(lambda: new_folder(out, "microphone"), demo_folder() / VOICE)
    serving.run(studio, 0, on_ready=_say, until=serving.attached)


def _say(page: str) -> None:
    sys.stdout.write(f"{page.replace('http', 'ws', 1)}stream\n")
    sys.stdout.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    run(Path(sys.argv[1]))
