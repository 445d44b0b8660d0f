"""`voicediag emulate twilio` over real sockets: an app of another library is dialled, and what became of it is told."""

import asyncio
import base64
import json
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest
import websockets
from wire_messages import STREAM

from voicediag.formats import session_folder
from voicediag.live.emulator.twilio_dialling import signature

SHORT = {"schema": "voicediag.caller/1", "says": [{"keys": "1", "wait_s": 0}]}
TOKEN = "a made-up token of the account"  # noqa: S105 - nobody's


def emulate(tmp_path, *arguments, caller=SHORT):
    (tmp_path / "caller.json").write_text(json.dumps(caller))
    command = [sys.executable, "-m", "voicediag", "emulate", "twilio", "--scenario", "caller.json", *arguments]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)


@contextmanager
def app(handler, **options):
    """Run an app in a thread of its own; yield its URL."""
    ready, loop = threading.Event(), asyncio.new_event_loop()
    told = {}

    async def serve():
        async with websockets.serve(handler, "127.0.0.1", 0, **options) as server:
            told["port"], told["stop"] = server.sockets[0].getsockname()[1], asyncio.Event()
            ready.set()
            await told["stop"].wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    ready.wait()
    try:
        yield f"ws://127.0.0.1:{told['port']}/media"
    finally:
        loop.call_soon_threadsafe(told["stop"].set)
        thread.join()
        loop.close()


async def greet(server, *messages):
    """Wait for the start, send these messages, and listen until the call ends."""
    seen = []
    async for text in server:
        seen.append(json.loads(text))
        if seen[-1]["event"] == "start":
            sid = seen[-1]["streamSid"]
            for message in messages:
                await server.send(json.dumps(message).replace(STREAM, sid))
    return seen


def sound(seconds):
    payload = base64.b64encode(bytes([0x31, 0xB1]) * round(4_000 * seconds)).decode()
    return {"event": "media", "streamSid": STREAM, "media": {"payload": payload}}


MARK = {"event": "mark", "streamSid": STREAM, "mark": {"name": "greeting"}}


def test_an_app_is_called_and_the_call_recorded(tmp_path):
    seen, requests = [], []

    async def handler(server):
        requests.append(server.request)
        seen.extend(await greet(server, sound(0.3), MARK))

    with app(handler) as url:
        done = emulate(tmp_path, "--app", url, "--out", "calls", "--json", "--auth-token", TOKEN)
        assert requests[0].headers["X-Twilio-Signature"] == signature(url, TOKEN)
    told = json.loads(done.stdout)
    assert done.returncode == 0
    assert (told["schema"], told["provider"], told["ended"]) == ("voicediag.emulate/1", "twilio", "hung-up")
    assert (told["received_s"], told["unplayed_s"], told["marks"], told["slips"]) == (0.3, 0.0, 1, {})
    kinds = [message["event"] for message in seen]
    assert kinds[:2] == ["connected", "start"]
    assert kinds[-1] == "stop"
    assert (kinds.count("mark"), kinds.count("dtmf")) == (1, 1)
    # In real time: what was sent took as long as it lasts.
    assert kinds.count("media") * 0.02 == pytest.approx(told["sent_s"])
    session = session_folder.read(tmp_path / told["folder"])
    assert session.tracks["agent-received"].source.stream.frames == 2_400
    assert session.tracks["user-sent"].source.stream.frames == kinds.count("media") * 160


@pytest.mark.slow
def test_an_app_that_breaks_the_rules_is_told_so(tmp_path):
    async def handler(server):
        await greet(server, {"event": "media", "media": sound(0.3)["media"]})

    with app(handler) as url:
        done = emulate(tmp_path, "--app", url)
    assert done.returncode == 1
    assert "Against Twilio's rules: message-without-stream-sid, 1 times" in done.stdout


def test_an_app_that_hangs_up_ends_the_call(tmp_path):
    async def handler(server):
        await server.recv()
        await server.close(4000)

    with app(handler) as url:
        done = emulate(tmp_path, "--app", url)
    assert "The app closed the connection (4000)" in done.stdout
    assert done.returncode == 1


def refuse(connection, request):
    return connection.respond(403, "who are you")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "expected --app"),
        (("--app", "ws://app.example/x"), "--allow-host app.example"),
        (("--app", "demo", "--fault", "goaway"), "a fault that twilio can have"),
        (("--app", "ws://127.0.0.1:9/x"), "it is not started yet"),
    ],
)
def test_a_slip_exits_2_in_one_line(tmp_path, arguments, said):
    done = emulate(tmp_path, *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_app_that_refuses_the_call_may_want_a_signature(tmp_path):
    with app(greet, process_request=refuse) as url:
        done = emulate(tmp_path, "--app", url)
    assert done.returncode == 2
    assert "got HTTP 403; likely slip: the app checks X-Twilio-Signature" in done.stderr
