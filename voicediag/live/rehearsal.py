"""A live session on this machine, with no key and no microphone: an app that hears itself, its provider, the relay.

The app is a speakerphone whose echo canceller is off. It talks through the relay to an emulated Gemini Live, plays what
comes in, and sends on what its microphone hears: a quiet room, a user who asks now and then, and its own loudspeaker.
Everything runs in real time over real sockets, and the relay records it as it would record any other app.
"""

from __future__ import annotations

import asyncio
import base64
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from voicediag.formats.pcm import FULL_SCALE, decode
from voicediag.live import emulator
from voicediag.spans import Span

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    import aiohttp
    import soxr

    from voicediag.session import Samples

MIC_HZ: Final = 16_000
SPEAKER_HZ: Final = 24_000
TICK_S: Final = 0.02
MODEL: Final = "models/gemini-2.5-flash-native-audio"
# Where the demo session's user speaks, alone, and how loud the question is here.
ASKED_S: Final = 0.95
LOUDEST: Final = 0.5
# The user asks again this long after the question before.
ASKS_EVERY_S: Final = 4.5
# Above the echo and below the user: the provider of this session is not fooled, so that only the echo is at fault.
# Sound comes faster than it is played, as from the real services, so that the phone never runs dry.
SCENARIO: Final = emulator.Scenario(speed=3.0, vad=emulator.Vad(threshold_dbfs=-34.0, silence_ms=400))


@dataclass(slots=True)
class Speakerphone:
    """A loudspeaker and the microphone beside it, tick by tick.

    Parameters
    ----------
    echo_ms : float
        How much later than it is played the microphone hears the loudspeaker.
    erl_db : float
        How much weaker.
    room_dbfs : float
        Level of the room's own noise.
    """

    echo_ms: float = 120.0
    erl_db: float = 14.0
    room_dbfs: float = -62.0
    _to_mic: soxr.ResampleStream = field(init=False, repr=False)
    _queue: bytearray = field(default_factory=bytearray)
    _asks: Samples = field(init=False, repr=False)
    _ticks: int = 0
    _heard: Samples = field(default_factory=lambda: np.zeros(0, np.float32))
    _random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(20_261_121))

    def __post_init__(self) -> None:
        """Lay the way from the loudspeaker to the microphone."""
        import soxr

        self._heard = np.zeros(round(self.echo_ms * MIC_HZ / 1_000), np.float32)
        self._to_mic = soxr.ResampleStream(SPEAKER_HZ, MIC_HZ, 1)
        self._asks = _question()

    def queue(self, sound: bytes) -> None:
        """Take sound to play, 16-bit at `SPEAKER_HZ`."""
        self._queue += sound

    def flush(self) -> None:
        """Throw away what was not played yet."""
        self._queue.clear()

    def tick(self) -> bytes:
        """Play `TICK_S` and return what the microphone heard meanwhile, 16-bit at `MIC_HZ`."""
        size = 2 * round(TICK_S * SPEAKER_HZ)
        played = bytes(self._queue[:size]).ljust(size, b"\0")
        del self._queue[:size]
        self._heard = np.concatenate((self._heard, self._to_mic.resample_chunk(decode(played, "pcm_16"))))
        frames = round(TICK_S * MIC_HZ)
        echo = np.zeros(frames, np.float32)
        echo[: min(frames, self._heard.size)] = self._heard[:frames]
        self._heard = self._heard[frames:]
        room = self._random.standard_normal(frames) * 10 ** (self.room_dbfs / 20)
        mic = room + echo * 10 ** (-self.erl_db / 20) + self._user(frames)
        return np.clip(np.rint(mic * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype("<i2").tobytes()

    def _user(self, frames: int) -> Samples:
        """Return what the user says in this tick."""
        at = round(self._ticks * TICK_S % ASKS_EVERY_S * MIC_HZ) - round(ASKS_EVERY_S / 2 * MIC_HZ)
        self._ticks += 1
        said = np.zeros(frames, np.float32)
        if 0 <= at < self._asks.size:
            piece = self._asks[at : at + frames]
            said[: piece.size] = piece
        return said


def _question() -> Samples:
    """Return the user's question in the demo session."""
    from voicediag.formats.demo import load_demo

    session = load_demo()
    track = session.tracks["user-sent"]
    asked = track.read(Span(ASKED_S, ASKED_S + 1.0))
    return asked / np.float32(np.abs(asked).max() / LOUDEST)


def rehearse(out: Path, *, duration_s: float, on_tick: Callable[[float], None] = lambda _: None) -> Path:
    """Hold a session of `duration_s` and return the folder that the relay recorded it into.

    Parameters
    ----------
    out : Path
        Where the relay makes its folder.
    on_tick : callable
        Called with the seconds that have passed.
    """
    before = set(out.glob("*.vds"))
    asyncio.run(_rehearse(out, duration_s, on_tick))
    (folder,) = set(out.glob("*.vds")) - before
    return folder


async def _rehearse(out: Path, duration_s: float, on_tick: Callable[[float], None]) -> None:
    import aiohttp

    async with emulator.serving("gemini", SCENARIO) as provider, _relaying(provider.base_url, out) as port:
        method = "google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"
        async with (
            aiohttp.ClientSession() as client,
            client.ws_connect(f"http://127.0.0.1:{port}/ws/{method}?key=rehearsal-key") as socket,
        ):
            await _talk(socket, duration_s, on_tick)


async def _talk(socket: aiohttp.ClientWebSocketResponse, duration_s: float, on_tick: Callable[[float], None]) -> None:
    transcribed: dict[str, Any] = {"inputAudioTranscription": {}, "outputAudioTranscription": {}}
    await socket.send_json({"setup": {"model": MODEL, **transcribed}})
    await socket.receive()
    greeting = {"turns": [{"role": "user", "parts": [{"text": "Hello."}]}], "turnComplete": True}
    await socket.send_json({"clientContent": greeting})
    phone = Speakerphone()
    playing = asyncio.create_task(_play(socket, phone))
    clock = asyncio.get_running_loop().time
    begin = clock()
    for tick in range(round(duration_s / TICK_S)):
        # Absolute deadlines: a sleep after every chunk would fall behind by what each chunk takes.
        await asyncio.sleep(max(0.0, begin + tick * TICK_S - clock()))
        sound = base64.b64encode(phone.tick()).decode()
        await socket.send_json({"realtimeInput": {"audio": {"data": sound, "mimeType": f"audio/pcm;rate={MIC_HZ}"}}})
        on_tick(tick * TICK_S)
    playing.cancel()


async def _play(socket: aiohttp.ClientWebSocketResponse, phone: Speakerphone) -> None:
    """Queue what comes in, and stop when the service says that it was interrupted."""
    async for message in socket:
        content: dict[str, Any] = json.loads(message.data).get("serverContent", {})
        for part in content.get("modelTurn", {}).get("parts", ()):
            if "inlineData" in part:
                phone.queue(base64.b64decode(part["inlineData"]["data"]))
        if content.get("interrupted"):
            phone.flush()


@asynccontextmanager
async def _relaying(upstream: str, out: Path) -> AsyncIterator[int]:
    """Relay on a free port while the context lasts."""
    from aiohttp import web

    from voicediag.live.relay import Relay

    runner = web.AppRunner(Relay(upstream=upstream, out=out, provider="gemini").application(), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()
