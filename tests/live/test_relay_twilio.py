"""The relay in front of an app that Twilio dials through a tunnel: on loopback, with a server of another library."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
from contextlib import asynccontextmanager

import aiohttp
import pytest
import websockets
from aiohttp import web
from wire_messages import STREAM, TWILIO_CONNECTED, twilio, twilio_start, twilio_up

from voicediag.errors import InputError
from voicediag.formats import session_folder
from voicediag.live.relay import Relay
from voicediag.live.upstream import base_url, host_name, keeps_host

TUNNEL = "calm-fox.ngrok.app"
FRAMES = 50
VOICEDIAG = (sys.executable, "-m", "voicediag")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@asynccontextmanager
async def relaying(tmp_path, upstream, **options):
    relay = Relay(upstream=upstream, out=tmp_path, provider="twilio", keeps_host=True, **options)
    runner = web.AppRunner(relay.application())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def echoing(server):
    """An app that sends the caller's sound back, with a mark after each frame, and clears at the end."""
    async for text in server:
        message = json.loads(text)
        if message["event"] == "media":
            sound = {"event": "media", "streamSid": STREAM, "media": {"payload": message["media"]["payload"]}}
            await server.send(json.dumps(sound))
            await server.send(json.dumps(twilio("mark", mark={"name": message["media"]["timestamp"]})))
        elif message["event"] == "stop":
            await server.send(json.dumps(twilio("clear")))
            await server.close()


async def call(url):
    """Dial as Twilio does; return what was sent and what came back, to the letter."""
    sound = [twilio_up(bytes([number, 0x80 + number]) * 80, 20 * number) for number in range(FRAMES)]
    sent = [json.dumps(each) for each in (TWILIO_CONNECTED, twilio_start(), *sound, twilio("stop"))]
    async with websockets.connect(url) as client:
        for each in sent:
            await client.send(each)
        return sent, [each async for each in client]


def test_a_call_through_the_relay_is_the_same_to_the_letter_and_recorded(tmp_path):
    seen = []

    async def app(server):
        receive = server.recv

        async def noted(*args, **options):
            seen.append(await receive(*args, **options))
            return seen[-1]

        server.recv = noted
        await echoing(server)

    async def both():
        async with websockets.serve(app, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            straight = await call(f"ws://127.0.0.1:{port}/media")
            first = list(seen)
            seen.clear()
            async with relaying(tmp_path, f"http://127.0.0.1:{port}") as address:
                return straight, await call(f"ws://{address}/media"), first

    straight, relayed, first = asyncio.run(both())
    assert relayed == straight
    assert seen == first == straight[0]
    (folder,) = tmp_path.glob("*-twilio.vds")
    session = session_folder.read(folder)
    assert session.problems == ()
    assert session.provenance["provider"] == "twilio-media-streams"
    frames = {name: track.source.stream.frames for name, track in session.tracks.items()}
    assert frames == {"user-sent": 160 * FRAMES, "agent-received": 160 * FRAMES}
    kinds = [event.kind for event in session.wire]
    assert (kinds.count("media"), kinds.count("mark"), kinds.count("clear")) == (2 * FRAMES, FRAMES, 1)


def asked(tmp_path, method, headers, **options):
    """Return what a relay answers to a request, what it told of it, and what the app got."""
    got, told = [], []

    async def app(request):
        got.append((request.method, request.raw_path, request.headers.get("Host"), await request.read()))
        return web.Response(text=f"<Response><Connect><Stream url='wss://{request.host}/media'/></Connect></Response>")

    async def run():
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", app)
        runner = web.AppRunner(application)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        base = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            async with (
                relaying(tmp_path, base, on_trouble=told.append, **options) as address,
                aiohttp.ClientSession() as client,
                client.request(method, f"http://{address}/voice?x=1", headers=headers, data=b"CallSid=CA1") as answer,
            ):
                return answer.status, await answer.text()
        finally:
            await runner.cleanup()

    return asyncio.run(run()), told, got


def test_a_tunnels_name_is_refused_until_it_is_allowed_and_the_refusal_says_how(tmp_path):
    (status, text), told, got = asked(tmp_path, "POST", {"Host": TUNNEL})
    assert (status, got) == (403, [])
    assert "--allow-host" in text
    assert told == [f"expected a request to this machine, got one to {TUNNEL}; {told[0].split('; ', 1)[1]}"]


def test_the_app_reads_its_public_name_from_the_host(tmp_path):
    (status, text), told, got = asked(tmp_path, "POST", {"Host": TUNNEL}, allowed_hosts=frozenset({TUNNEL}))
    assert (status, told) == (200, [])
    assert got == [("POST", "/voice?x=1", TUNNEL, b"CallSid=CA1")]
    assert f"wss://{TUNNEL}/media" in text


@pytest.mark.parametrize("header", [{"Host": "evil.example"}, {"Host": TUNNEL, "Origin": "https://evil.example"}])
def test_another_name_or_a_page_of_a_stranger_is_refused_all_the_same(tmp_path, header):
    (status, _), _, got = asked(tmp_path, "GET", header, allowed_hosts=frozenset({TUNNEL}))
    assert (status, got) == (403, [])


@pytest.mark.parametrize(
    ("asked_for", "base"),
    [
        ("ws://127.0.0.1:5050", "http://127.0.0.1:5050"),
        ("wss://app.example/", "https://app.example"),
        ("http://[::1]:5050", "http://[::1]:5050"),
    ],
)
def test_an_apps_address_may_be_a_sockets(asked_for, base):
    assert base_url("twilio", asked_for) == base


@pytest.mark.parametrize("asked_for", [None, "", "127.0.0.1:5050", "ftp://x", "ws://127.0.0.1:5050/media", "ws://x:y"])
def test_an_apps_address_that_is_none_is_refused(asked_for):
    with pytest.raises(InputError, match="--upstream"):
        base_url("twilio", asked_for)


def test_only_an_app_on_this_machine_sees_the_tunnels_name():
    assert keeps_host("twilio", "http://127.0.0.1:5050")
    assert not keeps_host("twilio", "https://app.example")
    assert not keeps_host("openai", "http://127.0.0.1:8765")


@pytest.mark.parametrize("given", [TUNNEL, TUNNEL.upper(), f"https://{TUNNEL}/media", f"{TUNNEL}:443"])
def test_a_host_may_be_given_as_it_was_copied(given):
    assert host_name(given) == TUNNEL


@pytest.mark.parametrize("given", ["", "*", "*.ngrok.app", "http://[x"])
def test_a_host_that_is_no_name_is_refused(given):
    with pytest.raises(InputError, match="--allow-host"):
        host_name(given)


def test_the_command_says_on_its_terminal_what_twilio_would_not_show(tmp_path):
    port, nobody = free_port(), free_port()
    command = (*VOICEDIAG, "relay", "twilio", "--listen", f"127.0.0.1:{port}", "--upstream", f"ws://127.0.0.1:{nobody}")

    async def knock():
        statuses = []
        async with aiohttp.ClientSession() as client:
            for headers in ({"Host": TUNNEL}, {"Host": TUNNEL}, {"Host": "fox.example"}, {}):
                async with client.get(f"http://127.0.0.1:{port}/voice", headers=headers) as answer:
                    statuses.append(answer.status)
        return statuses

    with subprocess.Popen(
        (*command, "--allow-host", f"https://{TUNNEL}"),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert f"Relaying http://127.0.0.1:{port} to http://127.0.0.1:{nobody};" in process.stdout.readline()
        assert asyncio.run(knock()) == [502, 502, 403, 502]
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    lines = said.splitlines()
    # Each trouble once.
    assert len(lines) == 2
    assert f"http://127.0.0.1:{nobody} cannot be reached" in lines[0]
    assert "got one to fox.example; a tunnel's requests are let in by --allow-host NAME" in lines[1]
