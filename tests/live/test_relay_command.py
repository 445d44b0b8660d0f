"""`voicediag relay` and `voicediag repair` as commands: with TLS, stopped by Ctrl-C, killed in mid-call."""

import asyncio
import json
import os
import signal
import ssl
import subprocess
import sys
from contextlib import contextmanager

import pytest
import websockets
from live_messages import SOUND, append

from voicediag.formats import session_folder

VOICEDIAG = (sys.executable, "-c", "from voicediag.cli import main; main()")


@contextmanager
def relay(tmp_path, upstream_port, *options):
    """Run the command until it says that it is ready."""
    command = (*VOICEDIAG, "relay", "openai", "--upstream", f"http://127.0.0.1:{upstream_port}", *options)
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        try:
            yield process, [process.stdout.readline() for _ in range(2 if "--tls-listen" in options else 1)]
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def free_port():
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


async def echo(server):
    async for message in server:
        await server.send(message)


def recorded(tmp_path):
    (folder,) = (tmp_path / "sessions").glob("*.vds")
    return folder


@pytest.mark.slow
def test_a_client_that_insists_on_tls_is_recorded_and_ctrl_c_closes_the_folder(tmp_path):
    async def run():
        async with websockets.serve(echo, "127.0.0.1", 0) as upstream:
            plain, tls = free_port(), free_port()
            options = ("--listen", f"127.0.0.1:{plain}", "--tls-listen", f"127.0.0.1:{tls}")
            with relay(tmp_path, upstream.sockets[0].getsockname()[1], *options) as (process, said):
                assert f"http://127.0.0.1:{plain}" in said[0]
                assert "SSL_CERT_FILE=voicediag-ca.pem" in said[1]
                trust = ssl.create_default_context(cafile=tmp_path / "voicediag-ca.pem")
                async with websockets.connect(f"wss://127.0.0.1:{tls}/v1/realtime", ssl=trust) as client:
                    await client.send(append())
                    await client.recv()
                    process.send_signal(signal.SIGINT)
                    await asyncio.to_thread(process.wait, 30)
                return process.returncode

    assert asyncio.run(run()) == 0
    session = session_folder.read(recorded(tmp_path))
    assert session.tracks["user-sent"].source.stream.frames == len(SOUND) // 2
    assert (recorded(tmp_path) / "user-sent.flac").is_file()


def test_what_is_killed_with_its_recorder_can_be_repaired(tmp_path):
    async def run():
        async with websockets.serve(echo, "127.0.0.1", 0) as upstream:
            port = free_port()
            upstream_port = upstream.sockets[0].getsockname()[1]
            with relay(tmp_path, upstream_port, "--listen", f"127.0.0.1:{port}") as (process, _):
                async with websockets.connect(f"ws://127.0.0.1:{port}/v1/realtime") as client:
                    await client.send(append())
                    await client.recv()
                    # Until the recorder has written the first message there is no manifest to be found.
                    while not list(tmp_path.glob("sessions/*/session.json")):
                        await client.send(append())
                        await client.recv()
                    os.killpg(process.pid, signal.SIGKILL)

    asyncio.run(run())
    folder = recorded(tmp_path)
    assert session_folder.NEVER_CLOSED in [problem.what for problem in session_folder.read(folder).problems]
    repaired = subprocess.run((*VOICEDIAG, "repair", str(folder), "--json"), capture_output=True, text=True, check=True)
    assert json.loads(repaired.stdout)["schema"] == "voicediag.repair/1"
    assert session_folder.NEVER_CLOSED not in repaired.stdout
    assert session_folder.read(folder).tracks["user-sent"].source.stream.frames % (len(SOUND) // 2) == 0


@pytest.mark.parametrize(
    "arguments", [("relay", "skype"), ("relay", "openai", "--listen", "8787"), ("repair", "nothing.vds")]
)
def test_a_slip_is_one_line_and_exit_code_2(tmp_path, arguments):
    refused = subprocess.run((*VOICEDIAG, *arguments), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert "expected" in refused.stderr
