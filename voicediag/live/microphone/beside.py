"""The recorder as a process of its own, for notebooks whose Jupyter server does not have voicediag.

It prints the address that pages stream to, and goes on until whoever started it is gone and nothing is recorded.

    python -m voicediag.live.microphone.beside FOLDER
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from aiohttp import web

from voicediag.formats.demo import demo_folder
from voicediag.live.folders import new_folder
from voicediag.live.microphone.serving import HOST, VOICE, Studio


async def run(out: Path) -> None:
    """Record until the standard input ends, and no page records any more."""
    studio = Studio(lambda: new_folder(out, "microphone"), demo_folder() / VOICE)
    runner = web.AppRunner(studio.application(), handle_signals=False, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, HOST, 0).start()
    sys.stdout.write(f"ws://{HOST}:{runner.addresses[0][1]}/{studio.token}/stream\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    await studio.idle.wait()
    await runner.cleanup()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asyncio.run(run(Path(sys.argv[1])))
