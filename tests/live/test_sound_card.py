"""The sound card, with a library in place of `sounddevice` whose stream runs as fast as it is asked."""

import asyncio
import sys
import threading
from types import SimpleNamespace

import numpy as np
import pytest

from voicediag.errors import LiveError
from voicediag.live.client import sound_card
from voicediag.live.client.sound_card import AHEAD, MOST_WAITING, SoundCard

RATE_HZ = 24_000
FRAMES = 480


class Stream:
    """A duplex stream whose microphone hears a constant, and whose loudspeaker keeps what it was given."""

    latency = (0.01, 0.03)
    made: "Stream"

    def __init__(self, *, samplerate, blocksize, channels, dtype, callback):
        assert (samplerate, blocksize, channels, dtype) == (RATE_HZ, FRAMES, 1, "int16")
        self.callback, self.heard, self.is_open = callback, [], False
        Stream.made = self

    def start(self):
        self.is_open = True

    def stop(self):
        self.is_open = False

    def close(self):
        assert not self.is_open

    def run(self, blocks, status=""):
        """Call back on a thread of its own, as a card does."""

        def card():
            for _ in range(blocks):
                out = bytearray(2 * FRAMES)
                self.callback(b"\x00\x10" * FRAMES, memoryview(out), FRAMES, None, status)
                self.heard.append(bytes(out))

        thread = threading.Thread(target=card)
        thread.start()
        thread.join()


class PortAudioError(Exception):
    """What the library raises."""


@pytest.fixture
def library(monkeypatch):
    fake = SimpleNamespace(RawStream=Stream, PortAudioError=PortAudioError)
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    return fake


def test_what_is_played_comes_out_in_order_and_the_microphone_comes_in(library):
    async def hold():
        card = SoundCard(16_000, RATE_HZ)
        card.open()
        card.begin()
        Stream.made.run(AHEAD)
        heard = []
        for number in range(1, 6):
            heard.append(await card.exchange(bytes([number]) * 2 * FRAMES))
            Stream.made.run(1)
        return card.late_s, card.close(), heard

    late_s, problems, heard = asyncio.run(hold())
    assert [block[0] for block in Stream.made.heard] == [0] * AHEAD + [1, 2, 3, 4, 5]
    assert late_s == pytest.approx(0.03 + AHEAD * 0.02)
    assert not problems
    mic = np.frombuffer(b"".join(heard), "<i2")
    # The constant, at two thirds of the rate; the resampler holds its own delay back.
    assert mic[200:] == pytest.approx(0x1000, abs=2)
    assert 5 * 320 - 320 <= mic.size <= 5 * 320


def test_what_the_card_complains_of_is_told(library):
    async def hold():
        card = SoundCard(RATE_HZ, RATE_HZ)
        card.open()
        card.begin()
        Stream.made.run(3, status="input overflow")
        await card.exchange(b"")
        return card.close()

    assert asyncio.run(hold()) == ["the sound card reports input overflow: 3 times"]


def test_a_program_that_hangs_loses_sound_and_says_how_much(library):
    async def hold():
        card = SoundCard(RATE_HZ, RATE_HZ)
        card.open()
        card.begin()
        Stream.made.run(MOST_WAITING + 7)
        await card.exchange(b"")
        return card.close()

    (problem,) = asyncio.run(hold())
    assert problem.endswith("7 times")


def test_a_card_that_stops_is_noticed(library, monkeypatch):
    monkeypatch.setattr(sound_card, "DEAD_S", 0.0)

    async def hold():
        card = SoundCard(RATE_HZ, RATE_HZ)
        card.open()
        card.begin()
        await card.exchange(b"")

    with pytest.raises(LiveError, match="gave nothing"):
        asyncio.run(hold())


def test_without_a_device_it_says_what_is_missing(library):
    def none(**_):
        raise PortAudioError("Error querying device -1")

    library.RawStream = none
    with pytest.raises(LiveError, match="expected a microphone and a loudspeaker, got Error querying device -1"):
        asyncio.run(_opened())


def test_without_the_library_it_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(LiveError, match=r"voicediag\[mic\]"):
        asyncio.run(_opened())


async def _opened():
    SoundCard(RATE_HZ, RATE_HZ).open()
