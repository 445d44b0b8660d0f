"""A conversation of a page, without a browser: an emulated service on one side, a client's socket on the other."""

import asyncio
import json
import struct
from contextlib import asynccontextmanager

import aiohttp
import numpy as np
import pytest
from aiohttp import web
from page_messages import FRAMES, RATE_HZ, begin

import voicediag as vd
from voicediag.live import emulator
from voicediag.live.microphone.serving import GONE
from voicediag.live.rehearsal import SCENARIO
from voicediag.live.talk import serving
from voicediag.live.talk.gauge import Judges
from voicediag.live.talk.partner import Partner
from voicediag.live.talk.watching import Watching

KEY = "sk-" + "unspoken" * 4
CHUNK_S = FRAMES / RATE_HZ


class Counter:
    """A gauge that counts."""

    def __init__(self, rate_hz, model):
        self.told = {"rate_hz": rate_hz, "model": model, "samples": 0, "meanings": 0, "marks": 0}

    def sound(self, mic, played):
        assert len(mic) == len(played)
        self.told["samples"] += len(mic) // 2

    def meant(self, _event, _at_s):
        self.told["meanings"] += 1

    def marked(self, _at_s):
        self.told["marks"] += 1

    def state(self):
        return dict(self.told)


@asynccontextmanager
async def studio(tmp_path, partner, folder=None):
    judges = Judges(gauge=Counter, check=lambda folder: {"looked_at": folder.name})
    talking = serving.TalkStudio(
        folder or (lambda: tmp_path / "a.vds"),
        tmp_path / "none.wav",
        files=serving.FILES,
        partner=partner,
        judges=judges,
    )
    async with partner.address() as talking.address:
        runner = web.AppRunner(talking.application())
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}/{talking.token}/"
        finally:
            await runner.cleanup()


class Tab:
    """A page that plays at once what it is sent, and speaks when it is told to."""

    def __init__(self, socket):
        self.socket, self.said, self.frame, self.sequence = socket, [], 0, 0
        self.queue, self.everything, self.logs, self.chunks = [], [], [], []

    async def listen(self):
        async for message in self.socket:
            self.everything.append(message.data)
            if message.type is aiohttp.WSMsgType.BINARY:
                position = int(struct.unpack_from("<d", message.data)[0])
                self.queue.append((position, np.frombuffer(message.data, "<i2", offset=8)))
                continue
            told = json.loads(message.data)
            self.said.append(told)
            if told["type"] == "flush":
                left = [["flushed", self.frame, position, sound.size] for position, sound in self.queue]
                self.queue.clear()
                await self.log(*left, ["silent", self.frame, 0, 0])

    async def log(self, *entries):
        self.logs.append(entries)
        await self.socket.send_json({"type": "player", "log": entries})

    async def speak(self, seconds, level=0.0, late_ms=1):
        loop = asyncio.get_running_loop()
        for _ in range(round(seconds / CHUNK_S)):
            due_s = loop.time() + CHUNK_S
            played = np.zeros(FRAMES, "<i2")
            if self.queue:
                position, sound = self.queue.pop(0)
                part, rest = sound[:FRAMES], sound[FRAMES:]
                played[: part.size] = part
                if rest.size:
                    self.queue.insert(0, (position + part.size, rest))
                await self.log(["played", self.frame, position, part.size])
            mic = np.rint(32_767 * level * np.sin(np.arange(FRAMES) / 20)).astype("<i2")
            wall_ms = 1.8e12 + self.frame / RATE_HZ * 1_000
            head = struct.pack("<IIdddI4x", self.sequence, FRAMES, self.frame, wall_ms, wall_ms + late_ms, 1)
            self.chunks.append(head + mic.tobytes() + played.tobytes())
            await self.socket.send_bytes(self.chunks[-1])
            self.sequence, self.frame = self.sequence + 1, self.frame + FRAMES
            await asyncio.sleep(max(0.0, due_s - loop.time()))

    def of(self, kind):
        return [told for told in self.said if told["type"] == kind]

    async def until(self, kind):
        async with asyncio.timeout(20):
            while not self.of(kind):  # noqa: ASYNC110 - the page's own loop has no event
                await asyncio.sleep(0.01)
        return self.of(kind)[-1]


async def talked(address):
    """A greeting, a question, its answer, and words that break into it."""
    async with aiohttp.ClientSession() as client, client.ws_connect(f"{address}stream") as socket:
        tab = Tab(socket)
        listening = asyncio.create_task(tab.listen())
        await socket.send_json(begin("agent"))
        await tab.until("recording")
        for seconds, level in ((0.3, 0.0), (0.6, 0.2), (1.4, 0.0), (0.4, 0.2)):
            await tab.speak(seconds, level)
        await socket.send_json({"type": "mark", "text": "here"})
        await tab.speak(0.3)
        await socket.send_json({"type": "end", "chunks": tab.sequence})
        await tab.until("checked")
        await listening
    return tab


@pytest.mark.parametrize("provider", ["gemini", "openai"])
def test_a_conversation_is_held_and_all_four_tracks_are_kept(tmp_path, provider):
    async def run():
        async with emulator.serving(provider, SCENARIO) as service:
            partner = Partner(provider=provider, base_url=service.base_url, key=KEY)
            async with studio(tmp_path, partner) as address:
                return await talked(address)

    tab = asyncio.run(run())
    assert tab.of("recording")[0]["speaks"] == provider
    state = tab.of("state")[-1]
    assert 0 < state["samples"] <= tab.frame
    assert (state["rate_hz"], state["marks"]) == (RATE_HZ, 1)
    assert tab.of("checked") == [{"type": "checked", "looked_at": "a.vds"}]
    assert state["flush_ms"] < 500
    session = vd.load(tmp_path / "a.vds")
    assert session.problems == ()
    assert list(session.tracks) == ["user-captured", "user-sent", "agent-received", "agent-played"]
    assert session.tracks["user-captured"].frames == session.tracks["agent-played"].frames == tab.frame
    assert {event.event for event in session.playback} >= {"queued", "played", "flushed"}
    assert len([line for line in session.capture.told if line.get("mark") == {"text": "here"}]) == 1
    assert [turn.role for turn in session.turns if turn.role == "agent"]
    sent = sum(event.audio.frames for event in session.wire if event.audio and event.audio.track == "user-sent")
    # Nothing is sent before the service has agreed to the session.
    assert sent / session.tracks["user-sent"].rate_hz == pytest.approx(tab.frame / RATE_HZ - 0.15, abs=0.15)
    assert KEY not in json.dumps(tab.said)
    assert not any(KEY.encode() in file.read_bytes() for file in (tmp_path / "a.vds").iterdir())


async def begun(client, address, query=""):
    """A tab that has begun to talk, what listens for it, and what it was answered."""
    socket = await client.ws_connect(f"{address}stream{query}")
    tab = Tab(socket)
    listening = asyncio.create_task(tab.listen())
    await socket.send_json(begin("agent"))
    return tab, listening, await tab.until("recording")


async def ended(tab, listening):
    await tab.socket.send_json({"type": "end", "chunks": tab.sequence})
    await tab.until("checked")
    await listening


def sound_of(tab):
    """What a tab holds of the agent, by its positions."""
    return {position: bytes(sound) for position, sound in tab.queue}


@pytest.mark.parametrize("speaks", ["gemini", "openai"])
def test_the_emulator_speaks_as_it_is_asked_to(tmp_path, speaks):
    async def run():
        partner = Partner(speaks=speaks)
        async with studio(tmp_path, partner) as address, aiohttp.ClientSession() as client:
            tab, listening, told = await begun(client, address)
            await tab.speak(0.1)
            await ended(tab, listening)
            return told

    told = asyncio.run(run())
    assert (told["provider"], told["speaks"]) == ("emulator", speaks)
    assert vd.load(tmp_path / "a.vds").provenance["provider"].startswith(speaks)


def test_a_page_whose_connection_breaks_is_told_all_that_it_did_not_hear(tmp_path):
    async def run():
        async with studio(tmp_path, Partner()) as address, aiohttp.ClientSession() as client:
            tab, listening, told = await begun(client, address)
            await tab.speak(0.5)
            tab.socket._response.connection.transport.abort()
            await listening
            # Meanwhile the agent goes on greeting; this page says that it has heard the first two messages.
            socket = await client.ws_connect(f"{address}stream?resume={told['resume']}&heard=2")
            again = Tab(socket)
            listening = asyncio.create_task(again.listen())
            resumed = await again.until("resumed")
            again.sequence, again.frame = tab.sequence, tab.frame
            # What was on the way when it broke the page sends once more, as its Worker does.
            for chunk in tab.chunks[resumed["came"] :]:
                await socket.send_bytes(chunk)
            for entries in tab.logs[resumed["said"] - 1 :]:
                await again.log(*entries)
            await again.speak(1.0)
            await ended(again, listening)
        return tab, again, resumed

    tab, again, resumed = asyncio.run(run())
    assert 0 < resumed["came"] <= tab.sequence
    session = vd.load(tmp_path / "a.vds")
    assert session.problems == ()
    assert session.capture.sequence.tolist() == list(range(again.sequence))
    # From the third message on it is told everything once more, and in order.
    assert tab.everything[2:] == again.everything[1 : 1 + len(tab.everything) - 2]


def test_a_page_that_is_loaded_anew_goes_on_and_what_lies_between_is_said(tmp_path):
    async def run():
        async with studio(tmp_path, Partner()) as address, aiohttp.ClientSession() as client:
            tab, listening, told = await begun(client, address)
            await tab.speak(0.8)
            unplayed = sound_of(tab)
            await tab.socket.close(code=1001)
            await listening
            stranger = await client.ws_connect(f"{address}stream?again=guessed")
            assert (await stranger.receive()).data == GONE
            again, listening, answer = await begun(client, address, f"?again={told['resume']}")
            await again.speak(0.1)
            resent = sound_of(again)
            await again.speak(0.5)
            await ended(again, listening)
        return tab, again, answer, unplayed, resent

    tab, again, answer, unplayed, resent = asyncio.run(run())
    assert (answer["path"], answer["provider"]) == (str(tmp_path / "a.vds"), "emulator")
    session = vd.load(tmp_path / "a.vds")
    assert len([event for event in session.wire if event.kind == "open"]) == 1
    assert [problem.what.split(":")[0] for problem in session.problems][:1] == ["the page was loaded anew"]
    log = session.capture
    assert log.sequence.tolist() == [*range(tab.sequence), *range(again.sequence)]
    frames = session.tracks["user-captured"].frames
    assert frames > tab.frame + again.frame
    # What the page before had not played is played now: the same sound under the same positions.
    assert unplayed
    assert max(unplayed) in resent or not resent
    assert all(resent.get(position, sound) == sound for position, sound in list(unplayed.items())[1:])


def test_a_page_that_is_left_for_good_is_not_waited_for_when_another_one_comes(tmp_path, monkeypatch):
    monkeypatch.setattr(serving, "RELOAD_S", 60.0)
    names = iter("ab")

    async def run():
        folder = lambda: tmp_path / f"{next(names)}.vds"  # noqa: E731 - one line
        async with studio(tmp_path, Partner(), folder) as address, aiohttp.ClientSession() as client:
            tab, listening, _ = await begun(client, address)
            await tab.speak(0.1)
            await tab.socket.close(code=1001)
            await listening
            other, listening, told = await begun(client, address)
            await other.speak(0.1)
            await ended(other, listening)
        return told

    assert asyncio.run(run())["path"] == str(tmp_path / "b.vds")
    assert vd.load(tmp_path / "a.vds").capture.first("end")["how"] == "left"


def test_what_comes_too_late_to_be_answered_is_not_sent_and_said(tmp_path):
    async def run():
        async with studio(tmp_path, Partner()) as address, aiohttp.ClientSession() as client:
            tab, listening, _ = await begun(client, address)
            await tab.speak(0.3)
            await tab.speak(0.5, late_ms=4_000)
            await tab.speak(0.3)
            await ended(tab, listening)

    asyncio.run(run())
    (problem,) = vd.load(tmp_path / "a.vds").problems
    assert problem.what.startswith("0.5 s of the microphone were not sent to the agent")


def first_words(partner, tmp_path):
    """What a page hears first of a studio with such a partner."""

    async def run():
        async with (
            studio(tmp_path, partner) as address,
            aiohttp.ClientSession() as client,
            client.ws_connect(f"{address}stream") as socket,
        ):
            await socket.send_json(begin("agent"))
            return await socket.receive_json()

    return asyncio.run(run())


def test_a_service_that_cannot_be_reached_is_said_before_anything_is_recorded(tmp_path):
    said = first_words(Partner(provider="openai", base_url="http://127.0.0.1:9/v1", key=KEY), tmp_path)
    assert said["type"] == "refused"
    assert "WebSocket at http://127.0.0.1:9" in said["why"]
    assert not list(tmp_path.iterdir())


def test_a_gauge_that_fails_ends_its_numbers_and_nothing_else():
    class Broken(Counter):
        def state(self):
            raise ValueError("no number")

    problems = []
    asyncio.run(Watching(gauge=Broken(1, ""), tell=problems.append, problem=problems.append).run())
    assert problems == ["the meters shown stopped: ValueError: no number"]


def test_what_waits_for_a_slow_gauge_is_bounded():
    problems = []
    watching = Watching(gauge=Counter(1, ""), tell=problems.append, problem=problems.append)
    for _ in range(501):
        watching.sound(b"", b"")
    assert len(problems) == 1
    assert "did not keep up" in problems[0]
