"""The page's server: who may come, and what is left when it is killed in mid-recording."""

import asyncio
import re
import subprocess
import sys
from contextlib import asynccontextmanager, contextmanager

import aiohttp
import numpy as np
import pytest
from aiohttp import web
from page_messages import FRAMES, begin, chunk, samples

from voicediag.cli.browser import record_page
from voicediag.formats import session_folder
from voicediag.live.microphone.serving import GONE, KINDS, WEB, Studio
from voicediag.live.microphone.take import LOST
from voicediag.live.recorder_process import STOPPED

RECORD = (sys.executable, "-c", "from voicediag.cli import main; main()", "record", "--browser", "--no-open")


@asynccontextmanager
async def serving(tmp_path):
    studio = Studio(lambda: tmp_path / "a.vds", tmp_path / "voice.wav")
    runner = web.AppRunner(studio.application())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield studio, f"http://127.0.0.1:{runner.addresses[0][1]}/{studio.token}/"
    finally:
        await runner.cleanup()


def asked(tmp_path, *requests):
    """The answers to requests, each a path below the page's and headers."""

    async def run():
        async with serving(tmp_path) as (_, address), aiohttp.ClientSession() as client:
            return [await answer(client, address + path, headers) for path, headers in requests]

    async def answer(client, url, headers):
        async with client.get(url, headers=headers) as got:
            return got.status, got.headers, await got.text()

    return asyncio.run(run())


def test_the_page_and_all_that_it_loads_are_served_under_a_strict_policy(tmp_path):
    for status, headers, body in asked(tmp_path, ("", {}), *((name, {}) for name in KINDS)):
        assert status == 200
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert not re.search(r"(src|href)=\"https?:", body)
    assert {path.name for path in WEB.iterdir()} >= set(KINDS)


STRANGERS = [
    ("../wrong-token/", {}, 403),
    ("", {"Host": "evil.example"}, 403),
    ("", {"Origin": "https://evil.example"}, 403),
    ("stream", {"Origin": "https://evil.example"}, 403),
    ("..%2f..%2fpyproject.toml", {}, 404),
    ("take.py", {}, 404),
]


def test_strangers_get_nothing(tmp_path):
    answers = asked(tmp_path, *((path, headers) for path, headers, _ in STRANGERS))
    assert [status for status, _, _ in answers] == [status for _, _, status in STRANGERS]
    assert all(body.startswith("voicediag: ") for _, _, body in answers)


def test_one_page_records_at_a_time_and_its_end_ends_the_serving(tmp_path):
    async def run():
        async with serving(tmp_path) as (studio, address), aiohttp.ClientSession() as client:
            async with client.ws_connect(address + "stream") as first:
                await first.send_json(begin())
                assert (await first.receive_json())["type"] == "recording"
                async with client.ws_connect(address + "stream") as second:
                    assert (await second.receive()).data == 1013
                await first.send_bytes(chunk(0))
                await first.send_json({"type": "end", "chunks": 1})
                assert (await first.receive_json())["type"] == "ended"
            await studio.over.wait()
            return studio.folders

    assert asyncio.run(run()) == [tmp_path / "a.vds"]
    assert (tmp_path / "a.vds" / "user-captured.flac").is_file()


def test_a_page_whose_connection_breaks_comes_back_and_goes_on_where_it_was(tmp_path):
    async def run():
        async with serving(tmp_path) as (_, address):
            async with aiohttp.ClientSession() as client:
                page = await client.ws_connect(address + "stream")
                await page.send_json(begin())
                token = (await page.receive_json())["resume"]
                for number in range(40):
                    await page.send_bytes(chunk(number))
                assert (await page.receive_json())["came"] == 25
                # Without a word of farewell, as a tunnel breaks.
                page._response.connection.transport.abort()
            async with aiohttp.ClientSession() as client:
                stranger = await client.ws_connect(address + "stream?resume=guessed")
                assert (await stranger.receive()).data == GONE
                page = await client.ws_connect(address + f"stream?resume={token}")
                told = await page.receive_json()
                assert told["type"] == "resumed"
                assert 25 <= told["came"] <= 40
                for number in range(told["came"], 60):
                    await page.send_bytes(chunk(number))
                await page.send_json({"type": "end", "chunks": 60})
                while (await page.receive_json())["type"] != "ended":
                    pass

    asyncio.run(run())
    session = session_folder.read(tmp_path / "a.vds")
    assert session.problems == ()
    assert session.capture.sequence.tolist() == list(range(60))
    track = session.tracks["user-captured"]
    assert np.array_equal(np.rint(track.source.read(0, track.frames) * 32_768), samples(*range(60)))


def test_a_page_that_does_not_come_back_is_waited_for_and_then_told_of(tmp_path, monkeypatch):
    monkeypatch.setattr("voicediag.live.microphone.serving.PATIENCE_S", 0.01)

    async def run():
        async with serving(tmp_path) as (studio, address):
            async with aiohttp.ClientSession() as client:
                page = await client.ws_connect(address + "stream")
                await page.send_json(begin())
                await page.receive_json()
                await page.send_bytes(chunk(0))
                page._response.connection.transport.abort()
            await studio.over.wait()

    asyncio.run(run())
    assert [problem.what for problem in session_folder.read(tmp_path / "a.vds").problems] == [LOST]


def test_a_page_that_sends_faster_than_the_recorder_writes_waits_and_loses_nothing(tmp_path):
    async def run():
        async with serving(tmp_path) as (studio, address), aiohttp.ClientSession() as client:
            studio.recording.most_waiting = 100 * FRAMES
            async with client.ws_connect(address + "stream") as page:
                await page.send_json(begin())
                await page.receive_json()
                for number in range(2_000):
                    await page.send_bytes(chunk(number))
                await page.send_json({"type": "end", "chunks": 2_000})
                await page.receive_json()

    asyncio.run(run())
    session = session_folder.read(tmp_path / "a.vds")
    assert session.problems == ()
    assert session.capture.sequence.tolist() == list(range(2_000))


@contextmanager
def recording(folder, *options):
    command = (*RECORD, "--out", str(folder), *options)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process, re.search(r"http://\S+/", process.stdout.readline())[0]
        finally:
            process.kill()


async def sent(address, chunks, *, end):
    async with aiohttp.ClientSession() as client, client.ws_connect(address + "stream", autoping=False) as socket:
        await socket.send_json(begin())
        await socket.receive_json()
        for number in range(chunks):
            await socket.send_bytes(chunk(number))
        await end(socket)


def test_the_command_checks_what_it_recorded_once_the_page_stops(tmp_path):
    async def stop(socket):
        await socket.send_json({"type": "end", "chunks": 150})
        await socket.receive_json()

    with recording(tmp_path / "a.vds") as (process, address):
        asyncio.run(sent(address, 150, end=stop))
        said, _ = process.communicate(timeout=60)
    assert f"Recorded: {tmp_path / 'a.vds'}" in said
    assert "user-captured 48 kHz" in said


def test_a_server_that_is_killed_loses_nothing_that_had_come(tmp_path):
    sound = tmp_path / "a.vds" / "user-captured.pcm"

    async def taken(socket):
        """The answer to a ping comes once all before it was taken."""
        await socket.ping()
        while (await socket.receive()).type is not aiohttp.WSMsgType.PONG:
            pass

    async def kill(socket):
        while not sound.is_file() or sound.stat().st_size < 2 * 100 * FRAMES:
            await taken(socket)
        # Another 85 ms of sound, which the server has and the disk need not have.
        for number in range(100, 104):
            await socket.send_bytes(chunk(number))
        await taken(socket)
        process.kill()

    with recording(tmp_path / "a.vds") as (process, address):
        asyncio.run(sent(address, 100, end=kill))
        # The recorder has the same output, which ends when it has closed the folder.
        process.communicate(timeout=60)
    session = session_folder.read(tmp_path / "a.vds")
    assert session.tracks["user-captured"].frames == 104 * FRAMES
    assert session.capture.frame.size == 104
    assert [problem.what for problem in session.problems] == [STOPPED]


def test_what_cannot_be_recorded_or_played_is_refused(tmp_path, capsys):
    (tmp_path / "a.vds").mkdir()
    for out, wav, said in ((tmp_path, tmp_path / "none.wav", "none.wav"), (tmp_path / "a.vds", None, "which exists")):
        with pytest.raises(SystemExit, match="2"):
            record_page(out, wav=wav, port=0, opens=False, as_json=False)
        assert said in capsys.readouterr().err
