"""The relay between a real client and a real server of another library, on loopback."""

import asyncio
import json
import socket
from contextlib import asynccontextmanager

import aiohttp
import pytest
import websockets
from aiohttp import web
from live_messages import SOUND, append, delta

from voicediag.errors import LiveError
from voicediag.formats import session_folder
from voicediag.live.relay import Relay, run

KEY = "sk-" + "k3y" * 9


def port_of(runner):
    return runner.addresses[0][1]


@asynccontextmanager
async def relaying(tmp_path, upstream_port, **options):
    relay = Relay(upstream=f"http://127.0.0.1:{upstream_port}", out=tmp_path, provider="openai", **options)
    runner = web.AppRunner(relay.application())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield port_of(runner), relay
    finally:
        await runner.cleanup()


def through(tmp_path, handler, talk, **server):
    """Run a client's `talk` through the relay with a server's `handler`, and return what it returned."""

    async def run():
        async with websockets.serve(handler, "127.0.0.1", 0, **server) as upstream:
            up = upstream.sockets[0].getsockname()[1]
            async with relaying(tmp_path, up) as (port, _):
                return await talk(f"ws://127.0.0.1:{port}/v1/realtime?model=m")

    return asyncio.run(run())


async def echo(server):
    async for message in server:
        await server.send(message)


def recorded(tmp_path):
    (folder,) = tmp_path.glob("*.vds")
    return session_folder.read(folder)


def test_text_stays_text_and_bytes_stay_bytes(tmp_path):
    sent = ["plain", "", "é\u2028\0", b"\x00\xff", b"", "x" * 2_000_000]

    async def talk(url):
        async with websockets.connect(url, max_size=None) as client:
            for message in sent:
                await client.send(message)
            return [await client.recv() for _ in sent]

    assert through(tmp_path, echo, talk, max_size=None) == sent


def test_the_handshake_passes_and_nothing_of_it_reaches_the_disk(tmp_path):
    seen = {}

    async def handler(server):
        seen["path"], seen["headers"] = server.request.path, dict(server.request.headers.raw_items())
        await server.send(append())
        await server.recv()

    async def talk(url):
        headers = {"Authorization": f"Bearer {KEY}", "X-Mine": "1"}
        async with websockets.connect(
            url + f"&key={KEY}", additional_headers=headers, subprotocols=["realtime"]
        ) as client:
            await client.recv()
            await client.send(json.dumps({"type": "session.update", "note": KEY}))
            return client.subprotocol

    assert through(tmp_path, handler, talk, subprotocols=["realtime"]) == "realtime"
    assert seen["path"] == f"/v1/realtime?model=m&key={KEY}"
    assert seen["headers"]["Authorization"] == f"Bearer {KEY}"
    assert seen["headers"]["X-Mine"] == "1"
    # Nothing is added that the app did not say.
    assert "Accept" not in seen["headers"]
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert files
    assert not any(KEY.encode() in file.read_bytes() for file in files)


@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (1001, "60 minutes"), (1011, "over"), (4000, "beta")])
def test_a_close_keeps_its_code_and_reason(tmp_path, code, reason):
    async def handler(server):
        await server.send(append())
        await server.close(code, reason)

    async def talk(url):
        async with websockets.connect(url) as client:
            await client.recv()
            with pytest.raises(websockets.ConnectionClosed) as closed:
                await client.recv()
            return closed.value.rcvd.code, closed.value.rcvd.reason

    assert through(tmp_path, handler, talk) == (code, reason)


def test_the_apps_close_reaches_the_provider(tmp_path):
    seen = []

    async def handler(server):
        await server.wait_closed()
        seen.append((server.close_code, server.close_reason))

    async def talk(url):
        client = await websockets.connect(url)
        await client.close(4001, "enough")

    through(tmp_path, handler, talk)
    assert seen == [(4001, "enough")]


def test_a_connection_that_breaks_breaks_on_the_other_side(tmp_path):
    async def handler(server):
        await server.send(delta())
        server.transport.abort()

    async def talk(url):
        async with websockets.connect(url) as client:
            await client.recv()
            with pytest.raises(websockets.ConnectionClosedError) as closed:
                await client.recv()
            return closed.value.rcvd

    assert through(tmp_path, handler, talk) is None
    assert [event.message["code"] for event in recorded(tmp_path).wire if event.kind == "close"] == [1006]


def test_a_ping_is_answered_by_the_other_end_and_not_by_the_relay(tmp_path):
    pings = []

    async def handler(server):
        answer = server.pong

        async def pong(data=b""):
            pings.append(data)
            await answer(data)

        server.pong = pong
        async for message in server:
            await (await server.ping(b"from the server"))
            await server.send(message)

    async def talk(url):
        async with websockets.connect(url, ping_interval=None) as client:
            await (await client.ping(b"from the app"))
            await client.send("x")
            return await client.recv()

    assert through(tmp_path, handler, talk, ping_interval=None) == "x"


def test_both_directions_are_recorded(tmp_path):
    async def handler(server):
        await server.send(json.dumps({"type": "session.created", "session": {"model": "gpt-realtime-2.1"}}))
        async for _ in server:
            await server.send(delta())

    async def talk(url):
        async with websockets.connect(url) as client:
            for _ in range(5):
                await client.send(append())
            for _ in range(6):
                await client.recv()

    through(tmp_path, handler, talk)
    session = recorded(tmp_path)
    assert session.problems == ()
    assert {name: track.source.stream.frames for name, track in session.tracks.items()} == {
        "user-sent": 5 * len(SOUND) // 2,
        "agent-received": 5 * len(SOUND) // 2,
    }


def test_as_many_calls_as_come_are_relayed_at_once(tmp_path):
    async def talk(url):
        clients = await asyncio.gather(*(websockets.connect(url, open_timeout=60) for _ in range(120)))
        await asyncio.gather(*(client.send(str(number)) for number, client in enumerate(clients)))
        answers = await asyncio.gather(*(client.recv() for client in clients))
        await asyncio.gather(*(client.close() for client in clients))
        return answers

    assert through(tmp_path, echo, talk) == [str(number) for number in range(120)]
    assert len(list(tmp_path.glob("*.vds"))) == 120


def test_a_refused_handshake_is_the_providers_own(tmp_path):
    def refuse(connection, _request):
        return connection.respond(401, "no such key\n")

    async def talk(url):
        with pytest.raises(websockets.InvalidStatus) as refused:
            await websockets.connect(url)
        return refused.value.response.status_code

    assert through(tmp_path, echo, talk, process_request=refuse) == 401
    assert [(event.kind, event.message.get("code")) for event in recorded(tmp_path).wire] == [
        ("open", None),
        ("close", 401),
    ]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Host": "evil.example"}, 403),
        # A sandboxed frame of any site calls itself so.
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost:3000"}, 101),
    ],
)
def test_only_pages_of_this_machine_may_use_it(tmp_path, headers, status):
    async def talk(url):
        async with aiohttp.ClientSession() as client:
            try:
                async with client.ws_connect(url, headers=headers) as socket:
                    return socket._response.status
            except aiohttp.WSServerHandshakeError as error:
                return error.status

    assert through(tmp_path, echo, talk) == status


def test_other_requests_pass_and_are_not_recorded(tmp_path):
    async def minted(request):
        assert request.headers["Authorization"] == f"Bearer {KEY}"
        return web.json_response({"value": "ek_123", "asked": await request.json()}, status=201, headers={"X-A": "b"})

    async def run():
        app = web.Application()
        app.router.add_post("/v1/realtime/client_secrets", minted)
        upstream = web.AppRunner(app)
        await upstream.setup()
        await web.TCPSite(upstream, "127.0.0.1", 0).start()
        async with relaying(tmp_path, port_of(upstream)) as (port, _), aiohttp.ClientSession() as client:
            url = f"http://127.0.0.1:{port}/v1/realtime/client_secrets"
            async with client.post(url, json={"a": 1}, headers={"Authorization": f"Bearer {KEY}"}) as answer:
                result = answer.status, answer.headers["X-A"], await answer.json()
        await upstream.cleanup()
        return result

    assert asyncio.run(run()) == (201, "b", {"value": "ek_123", "asked": {"a": 1}})
    assert not list(tmp_path.iterdir())


def test_a_recorder_that_crashes_does_not_disturb_the_call(tmp_path):
    async def run():
        async with (
            websockets.serve(echo, "127.0.0.1", 0) as upstream,
            relaying(tmp_path, upstream.sockets[0].getsockname()[1]) as (port, relay),
            websockets.connect(f"ws://127.0.0.1:{port}/v1/realtime") as client,
        ):
            await client.send(append())
            await client.recv()
            restarted = relay.recording.watch
            relay.recording.process.kill()
            await restarted
            await client.send(append())
            return await client.recv()

    assert asyncio.run(run()) == append()
    second = next(tmp_path.glob("*-2.vds"))
    session = session_folder.read(second)
    assert session.tracks["user-sent"].source.stream.frames == len(SOUND) // 2
    assert "crashed" in session.provenance["notes"]


def test_a_provider_that_cannot_be_reached_is_a_bad_gateway(tmp_path):
    async def run():
        async with relaying(tmp_path, 1) as (port, _):
            with pytest.raises(websockets.InvalidStatus) as refused:
                await websockets.connect(f"ws://127.0.0.1:{port}/v1/realtime")
            return refused.value.response.status_code

    assert asyncio.run(run()) == 502


def test_a_port_that_is_taken_is_said(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(LiveError, match=f"cannot listen on 127.0.0.1:{port}"):
            run(Relay(upstream="http://x", out=tmp_path, provider="openai"), ("127.0.0.1", port))
