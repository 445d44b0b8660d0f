"""The recorder beside a kernel whose server has none: it outlives whoever started it while something is recorded."""

import asyncio
import subprocess
import sys

import aiohttp
from page_messages import FRAMES, begin, chunk

from voicediag.formats import session_folder


def test_it_records_on_when_the_kernel_is_gone_and_then_ends(tmp_path):
    command = [sys.executable, "-m", "voicediag.live.microphone.beside", str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as beside:
        address = beside.stdout.readline().strip().replace("ws:", "http:")

        async def record():
            async with aiohttp.ClientSession() as client, client.ws_connect(address) as socket:
                await socket.send_json(begin())
                await socket.receive_json()
                await socket.send_bytes(chunk(0))
                beside.stdin.close()
                await socket.send_bytes(chunk(1))
                await socket.send_json({"type": "end", "chunks": 2})
                return await socket.receive_json()

        folder = asyncio.run(record())["path"]
        assert beside.wait(60) == 0
    session = session_folder.read(tmp_path / folder)
    assert session.tracks["user-captured"].frames == 2 * FRAMES
    assert session.problems == ()
