"""A player in a page: what goes there, and whether what it tells back names the right frames."""

import struct

import numpy as np
import pytest
import soxr
from hypothesis import given
from hypothesis import strategies as st

from voicediag.live.talk.page_player import PagePlayer

RATE_HZ, PAGE_HZ = 24_000, 48_000
SECOND_NS = 1_000_000_000


class Page:
    """A page that keeps what it was sent."""

    def __init__(self):
        self.said, self.positions, self.pieces = [], [], []
        self.player = PagePlayer(rate_hz=RATE_HZ, page_hz=PAGE_HZ, send=self.take, t_ns_of=self.t_ns_of)

    def take(self, message):
        if not isinstance(message, bytes):
            self.said.append(message["type"])
            return
        self.positions.append(int(struct.unpack_from("<d", message)[0]))
        self.pieces.append(np.frombuffer(message, "<i2", offset=8))

    @staticmethod
    def t_ns_of(frame):
        return round(frame * SECOND_NS / PAGE_HZ)

    @property
    def sound(self):
        return np.concatenate(self.pieces)

    def done(self, *log, now_ns=0):
        self.player.told([list(entry) for entry in log], now_ns)
        events = [(event.event, event.t_ns, event.frame, event.frames) for event in self.player.log]
        self.player.log.clear()
        return [event for event in events if event[0] != "queued"]


@pytest.fixture
def page():
    return Page()


def tone(frames, hz=440.0):
    return np.rint(8_000 * np.sin(2 * np.pi * hz * np.arange(frames) / RATE_HZ)).astype("<i2")


def queued(page, sound, t_ns=0):
    for begin in range(0, sound.size, 480):
        page.player.queue(sound[begin : begin + 480].tobytes(), t_ns)


def test_what_comes_in_pieces_is_sent_as_one_resampled_sound(page):
    sound = tone(RATE_HZ)
    queued(page, sound)
    page.player.end_turn()
    assert page.sound.size == 2 * sound.size
    assert page.positions == [0, *np.cumsum([piece.size for piece in page.pieces])[:-1].tolist()]
    whole = soxr.resample(sound / 32_768, RATE_HZ, PAGE_HZ) * 32_768
    # Rounding to 16 bits, and no seam.
    assert np.abs(page.sound - whole).max() <= 1
    assert page.said == ["turn-ended"]


def test_the_end_of_what_was_said_is_fetched_when_nothing_follows(page):
    queued(page, tone(4_800))
    held = 2 * 4_800 - page.sound.size
    page.player.tick(SECOND_NS // 20)
    assert 2 * 4_800 - page.sound.size == held > 0
    page.player.tick(SECOND_NS // 5)
    assert page.sound.size == 2 * 4_800


def test_what_was_played_is_told_in_frames_that_were_received(page):
    queued(page, tone(4_800))
    page.player.end_turn()
    # Half a second into the page's clock; 1,000 of its samples are 500 of the wire.
    assert page.done(("played", 24_000, 0, 1_000), ("played", 25_000, 1_000, 500)) == [
        ("played", SECOND_NS // 2, 0, 500),
        ("played", SECOND_NS // 2 + 1_000 * SECOND_NS // PAGE_HZ, 500, 250),
    ]
    assert page.player.played == 750


def test_sound_that_nobody_shall_hear_keeps_its_number(page):
    queued(page, tone(2_400))
    page.player.skip(tone(480).tobytes(), 7)
    queued(page, tone(2_400))
    page.player.end_turn()
    page.player.log.clear()
    # A run over the seam: the last 100 frames before the hole and the first 100 after it.
    assert page.done(("played", 0, 4_600, 400)) == [
        ("played", 0, 2_300, 100),
        ("played", round(200 * SECOND_NS / PAGE_HZ), 2_880, 100),
    ]


def test_a_flush_is_ordered_at_once_and_its_time_is_told(page):
    queued(page, tone(4_800))
    page.player.flush(3 * SECOND_NS)
    assert page.said == ["flush"]
    told = page.done(("flushed", 48_000, 600, 9_000), ("silent", 48_000, 0, 0), now_ns=3 * SECOND_NS + 12_000_000)
    assert told == [("flushed", SECOND_NS, 300, 4_500)]
    assert page.player.flush_ms == pytest.approx(12.0)


def test_an_underrun_is_counted_in_frames_of_the_wire(page):
    queued(page, tone(4_800))
    page.player.settle()
    assert page.done(("underrun", 12_000, 4_000, 2_400)) == [("underrun", SECOND_NS // 4, 2_000, 1_200)]


json_values = st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8), st.lists)


@given(st.lists(st.lists(json_values, max_size=5) | json_values, max_size=5) | json_values)
def test_no_log_breaks_it(log):
    page = Page()
    queued(page, tone(480))
    page.player.told(log, 0)
    assert all(event.frames >= 0 and event.frame <= 480 for event in page.player.log if event.event != "underrun")


def test_a_page_that_is_loaded_anew_is_sent_what_the_one_before_had_not_played(page):
    queued(page, tone(24_000))
    page.player.settle()
    whole = page.sound
    page.done(("played", 0, 0, 20_000))
    page.positions.clear()
    page.pieces.clear()
    page.player.again(SECOND_NS)
    assert page.positions[0] == 20_000
    assert np.array_equal(page.sound, whole[20_000:])


def test_what_was_to_be_flushed_is_not_played_after_all_by_a_page_that_is_loaded_anew(page):
    queued(page, tone(24_000))
    page.player.flush(0)
    queued(page, tone(4_800), SECOND_NS)
    page.player.end_turn()
    before = len(page.sound) - 9_600
    page.positions.clear()
    page.said.clear()
    page.player.again(2 * SECOND_NS)
    assert page.positions[0] == before == 48_000
    assert page.said == ["turn-ended"]
    flushed = [event for event in page.done() if event[0] == "flushed"]
    assert (flushed[0][2], sum(event[3] for event in flushed)) == (0, 24_000)
