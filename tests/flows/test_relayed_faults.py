"""Faults of the connection itself: a real client through the relay to an emulator, and its folder to a root cause."""

import asyncio
import json
from contextlib import asynccontextmanager, suppress
from functools import partial

import pytest
import websockets
from aiohttp import web
from emulated import SETUP

import voicediag as vd
from voicediag.live.emulator import serving
from voicediag.live.relay import Relay

SERVICE = "google.ai.generativelanguage.{}.GenerativeService.{}"
KEY, TOKEN = "AIza" + "Sy9-" * 9, "auth_tokens/" + "beef" * 8
KEYED, CONSTRAINED = SERVICE.format("v1beta", "BidiGenerateContent"), "BidiGenerateContentConstrained"
connect = partial(websockets.connect, proxy=None)


@asynccontextmanager
async def relaying(out, upstream):
    relay = Relay(upstream=upstream, out=out, provider="gemini")
    runner = web.AppRunner(relay.application())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"ws://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def recorded(out, target, *faults, talk, **client):
    """Let a client talk through the relay; return what is found in the folder of it."""

    async def held():
        async with (
            serving("gemini", faults=faults) as emulator,
            relaying(out, emulator.base_url) as base,
            connect(f"{base}/ws/{target}", **client) as socket,
        ):
            # Who is refused may be so before a word was said.
            with suppress(websockets.ConnectionClosed):
                await socket.send(json.dumps(SETUP))
            await talk(socket)

    asyncio.run(held())
    (folder,) = out.glob("*.vds")
    text = "".join(file.read_text(errors="replace") for file in folder.iterdir())
    assert KEY not in text
    assert TOKEN.removeprefix("auth_tokens/") not in text
    return vd.check(vd.load(folder))


async def until_closed(socket):
    async with asyncio.timeout(10):
        await socket.wait_closed()


async def until_ready(socket):
    async with asyncio.timeout(10):
        await socket.recv()


@pytest.mark.parametrize(
    ("target", "rule"),
    [
        (f"{SERVICE.format('v1alpha', 'BidiGenerateContent')}?access_token={TOKEN}", "token-on-key-endpoint"),
        (f"{SERVICE.format('v1beta', CONSTRAINED)}?access_token={TOKEN}", "token-not-v1alpha"),
        (f"{SERVICE.format('v1alpha', CONSTRAINED)}?access_token={TOKEN}", "identity-refused"),
    ],
    ids=["wrong method", "wrong version", "never minted"],
)
def test_a_token_in_the_wrong_place_is_the_root_cause(tmp_path, target, rule):
    diagnosis = recorded(tmp_path, target, "token-wrong-endpoint", talk=until_closed)
    assert [root.id for root in diagnosis.root_causes] == ["token-form"]
    assert diagnosis.root_causes[0].primary.measure["rule"] == rule
    assert {finding.id for finding in diagnosis.findings[1:]} <= {"silent-connect", "dropped-connection"}


def test_a_key_in_its_place_is_clear(tmp_path):
    diagnosis = recorded(tmp_path, f"{KEYED}?key={KEY}", "token-wrong-endpoint", talk=until_ready)
    assert not diagnosis.findings
    assert {"token-form", "protocol-slip", "dropped-connection"} <= {verdict.id for verdict in diagnosis.clear}


def test_a_client_that_does_not_wait_for_its_pong_is_found(tmp_path):
    pings = {"ping_interval": 0.1, "ping_timeout": 0.2, "close_timeout": 0.5}
    diagnosis = recorded(tmp_path, f"{KEYED}?key={KEY}", "late-pongs=5", talk=until_closed, **pings)
    (root,) = diagnosis.root_causes
    assert (root.id, root.primary.measure["kind"]) == ("dropped-connection", "ping-timeout")
    assert "ping_timeout" in root.remedy


def test_a_line_that_breaks_is_found(tmp_path):
    diagnosis = recorded(tmp_path, f"{KEYED}?key={KEY}", "tcp-abort=0.2", talk=until_closed)
    (root,) = diagnosis.root_causes
    assert (root.id, root.primary.measure["kind"]) == ("dropped-connection", "broke")


def test_a_handshake_that_is_refused_is_recorded_once_and_told(tmp_path):
    async def refuse(_request):
        return web.Response(status=401)

    async def held():
        upstream = web.Application()
        upstream.router.add_get("/{path:.*}", refuse)
        runner = web.AppRunner(upstream)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        async with relaying(tmp_path, f"http://127.0.0.1:{runner.addresses[0][1]}") as base:
            for _ in range(2):
                with pytest.raises(websockets.InvalidStatus):
                    await connect(f"{base}/ws/{KEYED}?key={KEY}")
        await runner.cleanup()

    asyncio.run(held())
    (folder,) = tmp_path.glob("*.vds")
    assert KEY not in (folder / "wire.jsonl").read_text()
    session = vd.load(folder)
    assert session.provenance["provider"] == "gemini-live"
    (root,) = vd.check(session).findings
    assert (root.id, root.primary.measure["code"]) == ("provider-error", "HTTP 401")
    assert "HTTP 401 Unauthorized" in root.summary
    assert root.severity.name == "HIGH"
