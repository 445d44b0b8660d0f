"""The emulators as clients meet them: real sockets on loopback, TLS, keys and tokens, and faults on the wire."""

import asyncio
import base64
import json
import socket
import ssl
from functools import partial

import aiohttp
import pytest
import soundfile
import websockets
from emulated import GREET, REPLIES, SETUP, dones, flags, sound_of, tone

from voicediag.errors import InputError
from voicediag.live.emulator import Reply, Scenario, serving

CLIP_S = 0.2
GEMINI = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"
CONSTRAINED = "/ws/google.ai.generativelanguage.v1alpha.GenerativeService.BidiGenerateContentConstrained"
BEARER = {"Authorization": "Bearer sk-any"}
connect = partial(websockets.connect, proxy=None)


@pytest.fixture
def scenario(tmp_path):
    path = tmp_path / "clip.wav"
    soundfile.write(path, tone(CLIP_S), 24_000)
    return Scenario(replies=tuple(Reply(text=r.text, heard=r.heard, clip=path, delay_s=0.01) for r in REPLIES))


def ws(emulator, path="", *, tls=False):
    base = emulator.tls_base_url if tls else emulator.base_url
    return base.replace("http", "ws", 1) + path


async def said(client, *messages):
    for message in messages:
        await client.send(json.dumps(message))


async def until(client, wanted):
    """Messages up to the one that `wanted` holds for."""
    found = []
    async with asyncio.timeout(10):
        while not found or not wanted(found[-1]):
            found.append(json.loads(await client.recv()))
    return found


def turn_complete(message):
    return "turnComplete" in message.get("serverContent", {})


def response_done(message):
    return message["type"] == "response.done"


def spoken(rate_hz):
    """The user's "hello" and the quiet after it, in chunks of 100 ms."""
    for peak in (0.3, 0.3, 0.3, *[0.0] * 6):
        yield base64.b64encode(tone(0.1, rate_hz=rate_hz, peak=peak).tobytes()).decode()


async def gemini_talk(client):
    await said(client, SETUP, GREET)
    greeting = await until(client, turn_complete)
    for data in spoken(16_000):
        await said(client, {"realtimeInput": {"audio": {"data": data, "mimeType": "audio/pcm;rate=16000"}}})
    return greeting, await until(client, turn_complete)


async def openai_talk(client):
    await said(client, {"type": "response.create"})
    greeting = await until(client, response_done)
    for data in spoken(24_000):
        await said(client, {"type": "input_audio_buffer.append", "audio": data})
    return greeting, await until(client, response_done)


def test_a_talk_with_gemini(scenario):
    async def talk():
        async with serving("gemini", scenario) as emulator, connect(ws(emulator, GEMINI + "?key=any")) as client:
            return await gemini_talk(client)

    greeting, answer = asyncio.run(talk())
    assert "setupComplete" in greeting[0]
    assert flags(greeting) == flags(answer) == ["generationComplete", "turnComplete"]
    assert len(sound_of(greeting)) == len(sound_of(answer)) == CLIP_S * 24_000 * 2
    assert "What time is it?" in str(answer)


def test_geminis_json_comes_in_binary_frames(scenario):
    async def first():
        async with serving("gemini", scenario) as emulator, connect(ws(emulator, GEMINI + "?key=any")) as client:
            await said(client, SETUP)
            return await client.recv()

    assert isinstance(asyncio.run(first()), bytes)


def test_a_talk_with_openai(scenario):
    async def talk():
        async with serving("openai", scenario) as emulator:
            url = ws(emulator, "/realtime?model=gpt-realtime-2.1")
            async with connect(url, additional_headers=BEARER) as client:
                return await openai_talk(client)

    greeting, answer = asyncio.run(talk())
    assert greeting[0]["session"]["model"] == "gpt-realtime-2.1"
    assert [done["status"] for done in dones([*greeting, *answer])] == ["completed"] * 2
    assert len(sound_of(greeting)) == len(sound_of(answer)) == CLIP_S * 24_000 * 2


@pytest.mark.parametrize(("provider", "path"), [("gemini", GEMINI + "?key=any"), ("openai", "/realtime")])
def test_tls_with_the_authoritys_file(scenario, tmp_path, provider, path):
    async def talk():
        ca_file = tmp_path / "ca.pem"
        async with serving(provider, scenario, tls_port=0, ca_file=ca_file) as emulator:
            context = ssl.create_default_context(cafile=ca_file)
            url = ws(emulator, path, tls=True)
            async with connect(url, ssl=context, additional_headers=BEARER) as client:
                return await (gemini_talk if provider == "gemini" else openai_talk)(client)

    assert sound_of(asyncio.run(talk())[1])


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        (GEMINI + "?key=any", {}),
        ("/" + GEMINI + "?key=any", {}),
        (GEMINI.replace("v1beta", "v1"), {"x-goog-api-key": "any"}),
        (CONSTRAINED, {"Authorization": "Token auth_tokens/any"}),
        (CONSTRAINED + "?access_token=auth_tokens/any", {}),
    ],
)
def test_each_place_for_a_key_of_gemini(scenario, path, headers):
    async def first():
        async with (
            serving("gemini", scenario) as emulator,
            connect(ws(emulator, path), additional_headers=headers) as client,
        ):
            await said(client, SETUP)
            return json.loads(await client.recv())

    assert "setupComplete" in asyncio.run(first())


async def closed(url, *messages, headers=None):
    """The code and the reason with which the other side closes; None and nothing where it breaks off."""
    async with connect(url, additional_headers=headers or {}) as client:
        try:
            await said(client, *messages)
            async with asyncio.timeout(10):
                while True:
                    await client.recv()
        except websockets.ConnectionClosed as end:
            return (end.rcvd.code, end.rcvd.reason) if end.rcvd else (None, "")


@pytest.mark.parametrize(
    ("provider", "faults", "path", "end"),
    [
        ("gemini", [], GEMINI, (1008, "unregistered callers")),
        ("gemini", ["goaway=0"], GEMINI + "?key=any", (1011, "Deadline expired")),
        ("gemini", ["tcp-abort=0.1"], GEMINI + "?key=any", (None, "")),
        ("gemini", ["token-wrong-endpoint"], GEMINI + "?access_token=auth_tokens/any", (1008, "unregistered callers")),
        ("gemini", ["token-wrong-endpoint"], CONSTRAINED + "?key=any", (1008, "unregistered callers")),
        ("gemini", ["token-wrong-endpoint"], CONSTRAINED + "?access_token=auth_tokens/any", (1008, "never minted")),
        (
            "gemini",
            ["token-wrong-endpoint"],
            CONSTRAINED.replace("v1alpha", "v1") + "?access_token=auth_tokens/any",
            (1008, "v1alpha only"),
        ),
        ("openai", ["session-expiry=0.1"], "/realtime", (1001, "maximum duration of 60 minutes")),
        ("openai", ["tcp-abort=0.1"], "/realtime", (None, "")),
    ],
)
def test_how_a_connection_ends(scenario, provider, faults, path, end):
    async def ending():
        async with serving(provider, scenario, faults=faults) as emulator:
            first = [SETUP] if provider == "gemini" else []
            headers = BEARER if provider == "openai" else {}
            return await closed(ws(emulator, path), *first, headers=headers)

    code, reason = asyncio.run(ending())
    assert code == end[0]
    assert end[1] in reason


def test_a_client_hears_that_the_emulator_stops(scenario):
    async def end():
        async with serving("gemini", scenario) as emulator:
            client = await connect(ws(emulator, GEMINI + "?key=any"))
            await said(client, SETUP, GREET)
            await client.recv()
        async with client:
            await client.wait_closed()
            return client.close_code

    assert asyncio.run(end()) == 1001


def test_the_beta_is_switched_off(scenario):
    async def end():
        async with serving("openai", scenario) as emulator:
            return await closed(ws(emulator, "/realtime"), headers=BEARER | {"OpenAI-Beta": "realtime=v1"})

    assert asyncio.run(end()) == (4000, "invalid_request_error.beta_api_shape_disabled")


def test_a_token_of_gemini_is_good_for_its_uses(scenario):
    async def ends():
        async with serving("gemini", scenario, faults=["token-wrong-endpoint"]) as emulator:
            async with (
                aiohttp.ClientSession() as session,
                session.post(emulator.base_url + "/v1alpha/auth_tokens", json={"uses": 1}) as answer,
            ):
                token = (await answer.json())["name"]
            url = ws(emulator, f"{CONSTRAINED}?access_token={token}")
            async with connect(url) as client:
                await said(client, SETUP)
                first = json.loads(await client.recv())
            return first, await closed(url)

    first, second = asyncio.run(ends())
    assert "setupComplete" in first
    assert second[0] == 1008
    assert "used up" in second[1]


def test_a_secret_of_openai_goes_into_a_subprotocol(scenario):
    async def first():
        async with serving("openai", scenario) as emulator, aiohttp.ClientSession() as session:
            url = emulator.base_url + "/realtime/client_secrets"
            asked = {"expires_after": {"seconds": 60}, "session": {"type": "realtime", "model": "gpt-realtime-2.1"}}
            async with session.post(url, json=asked) as answer:
                assert answer.status == 401
            async with session.post(url, json=asked, headers=BEARER) as answer:
                secret = await answer.json()
            offered = ["realtime", "openai-insecure-api-key." + secret["value"]]
            async with connect(ws(emulator, "/realtime"), subprotocols=offered) as client:
                return secret, client.subprotocol, json.loads(await client.recv())

    secret, chosen, created = asyncio.run(first())
    assert secret["session"]["model"] == "gpt-realtime-2.1"
    assert chosen == "realtime"
    assert created["type"] == "session.created"


async def status(url, **headers):
    try:
        async with connect(url, **headers):
            return 101
    except websockets.InvalidStatus as refused:
        return refused.response.status_code


def test_openai_asks_for_a_key(scenario):
    async def got():
        async with serving("openai", scenario) as emulator:
            return await status(ws(emulator, "/realtime"))

    assert asyncio.run(got()) == 401


@pytest.mark.parametrize(
    ("origin", "code"),
    [
        (None, 101),
        ("http://localhost:8888", 101),
        ("http://127.0.0.1", 101),
        ("http://[::1]:3000", 101),
        ("https://example.com", 403),
        ("http://localhost.example.com", 403),
        ("null", 403),
    ],
)
def test_pages_of_other_sites_are_refused(scenario, origin, code):
    async def got():
        async with serving("gemini", scenario) as emulator:
            return await status(ws(emulator, GEMINI + "?key=any"), origin=origin)

    assert asyncio.run(got()) == code


def test_other_methods_are_not_there(scenario):
    async def got():
        async with serving("gemini", scenario) as emulator:
            return await status(ws(emulator, GEMINI.replace("v1beta", "v2") + "?key=any"))

    assert asyncio.run(got()) == 404


def test_only_this_machine_is_served(scenario):
    async def got():
        async with serving("gemini", scenario) as emulator:
            return emulator.base_url

    assert asyncio.run(got()).startswith("http://127.0.0.1:")


def test_a_frame_that_is_no_json(scenario):
    async def got(provider, path):
        async with (
            serving(provider, scenario) as emulator,
            connect(ws(emulator, path), additional_headers=BEARER) as client,
        ):
            await client.send("{" * 100_000)
            return await until(client, lambda message: message["type"] == "error")

    assert asyncio.run(got("openai", "/realtime"))[-1]["error"]["code"] == "invalid_json"


@pytest.mark.parametrize(("faults", "late"), [([], False), (["late-pongs=60"], True)])
def test_late_pongs(scenario, faults, late):
    async def ponged():
        async with (
            serving("gemini", scenario, faults=faults) as emulator,
            connect(ws(emulator, GEMINI + "?key=any"), ping_interval=None) as client,
        ):
            pong = await client.ping()
            # The answer to the setup comes after the ping was read.
            await said(client, SETUP)
            await client.recv()
            if not late:
                async with asyncio.timeout(10):
                    await pong
            return pong.done()

    assert asyncio.run(ponged()) is not late


def test_a_port_that_is_taken_is_told(scenario):
    async def start(port):
        async with serving("gemini", scenario, port=port):
            pass

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(InputError, match="a free port"):
            asyncio.run(start(taken.getsockname()[1]))


@pytest.mark.parametrize("port", [-1, 70_000])
def test_a_port_that_is_none_is_told(scenario, port):
    async def start():
        async with serving("gemini", scenario, port=port):
            pass

    with pytest.raises(InputError, match="a free port"):
        asyncio.run(start())


def test_a_provider_that_is_none_is_told(scenario):
    async def start():
        async with serving("twilio", scenario):
            pass

    with pytest.raises(InputError, match="gemini, openai"):
        asyncio.run(start())
