"""Layouts against a slow twin that knows the place of every single frame."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicediag.session import ArraySource
from voicediag.session.layout import CAPTURE_SLACK_S, PLAYOUT_SLACK_S, Capture, Layout, PlacedSource, Playout

RATE_HZ = 100


class Twin:
    """The session frame of each stream frame, or None where it was cut; one entry for each frame."""

    def __init__(self, slack):
        self.slack = slack
        self.places = []

    @property
    def end(self):
        return max((place + 1 for place in self.places if place is not None), default=None)

    def put(self, begin, frames):
        end = self.end
        if end is not None and begin <= end + self.slack:
            begin = end
        self.places += range(max(0, begin), max(0, begin) + frames)

    def cut(self, at):
        self.places = [place if place is not None and place < at else None for place in self.places]

    def sound(self, stream):
        out = np.zeros(self.end or 0, np.float32)
        for frame, place in enumerate(self.places):
            if place is not None:
                out[place] = stream[frame]
        return out


@st.composite
def plays(draw):
    """Chunks that arrive and interruptions, in order of time: (tick, frames, or None for a flush)."""
    tick, events = 0, []
    for _ in range(draw(st.integers(1, 12))):
        tick += draw(st.integers(0, 60))
        events.append((tick, draw(st.one_of(st.none(), st.integers(0, 50)))))
    return events


def played(events):
    """The layout and its twin, fed with the same."""
    layout, twin = Playout(RATE_HZ), Twin(PLAYOUT_SLACK_S * RATE_HZ)
    for tick, frames in events:
        if frames is None:
            layout.flush(tick / RATE_HZ)
            twin.cut(tick)
        else:
            layout.arrive(tick / RATE_HZ, frames)
            if frames:
                twin.put(tick, frames)
    return layout, twin


def stream_of(frames):
    return np.arange(1, frames + 1, dtype=np.float32) / (frames + 1)


@given(plays())
def test_a_playout_plays_what_its_twin_plays(events):
    layout, twin = played(events)
    stream = stream_of(len(twin.places))
    source = PlacedSource(ArraySource(stream, RATE_HZ), layout)
    np.testing.assert_array_equal(source.read(0, source.frames), twin.sound(stream))


@given(plays(), st.integers(0, 400), st.integers(0, 400))
def test_any_window_is_cut_from_the_whole(events, start, frames):
    layout, twin = played(events)
    stream = stream_of(len(twin.places))
    source = PlacedSource(ArraySource(stream, RATE_HZ), layout)
    np.testing.assert_array_equal(source.read(start, frames), twin.sound(stream)[start : start + frames])


@given(plays(), st.integers(0, 300), st.integers(0, 300))
def test_a_stretch_reaches_from_the_first_to_the_last_frame_that_was_kept(events, first, frames):
    layout, twin = played(events)
    kept = [place for place in twin.places[first : first + frames] if place is not None]
    assert layout.stretch_of(first, first + frames) == ((kept[0], kept[-1] + 1) if kept else None)


@given(plays(), st.integers(0, 300))
def test_a_frame_that_was_kept_lies_where_its_twin_lies(events, frame):
    layout, twin = played(events)
    place = twin.places[frame] if frame < len(twin.places) else None
    if place is not None:
        assert layout.place_of(frame) == place


@st.composite
def sends(draw):
    tick, events = 0, []
    for _ in range(draw(st.integers(1, 12))):
        tick += draw(st.integers(0, 80))
        events.append((tick, draw(st.integers(1, 40))))
    return events


@given(sends())
def test_a_capture_places_each_chunk_before_it_was_sent(events):
    layout, twin = Capture(RATE_HZ), Twin(CAPTURE_SLACK_S * RATE_HZ)
    for tick, frames in events:
        layout.send(tick / RATE_HZ, frames)
        twin.put(tick - frames, frames)
    stream = stream_of(len(twin.places))
    source = PlacedSource(ArraySource(stream, RATE_HZ), layout)
    np.testing.assert_array_equal(source.read(0, source.frames), twin.sound(stream))


def test_jitter_of_the_sender_is_absorbed():
    layout = Capture(16_000)
    for number, late_s in enumerate([0.001, 0.03, 0.0, 0.2, 0.01]):
        layout.send((number + 1) * 0.04 + late_s, 640)
    assert layout.counts == [5 * 640]


def test_a_pause_of_the_sender_stays_a_hole():
    layout = Capture(16_000)
    layout.send(0.04, 640)
    layout.send(1.04, 640)
    assert layout.begins == [0, 16_000]


def test_speech_that_comes_faster_than_it_is_heard_is_queued_end_to_end():
    layout = Playout(24_000)
    for number in range(10):
        layout.arrive(1 + number * 0.01, 24_000)
    assert (layout.begins, layout.counts) == ([24_000], [240_000])


def test_an_interruption_cuts_what_was_not_heard_yet():
    layout = Playout(24_000)
    layout.arrive(1, 240_000)
    layout.flush(3)
    layout.arrive(5, 24_000)
    assert layout.stretch_of(0, 240_000) == (24_000, 72_000)
    assert layout.stretch_of(240_000, 264_000) == (120_000, 144_000)


def test_a_turn_ends_with_its_sound_and_not_where_the_next_begins():
    layout = Playout(24_000)
    layout.arrive(1, 24_000)
    layout.arrive(60, 24_000)
    assert layout.stretch_of(0, 24_000) == (24_000, 48_000)


def test_frames_that_a_log_names_twice_are_placed_once():
    layout = Layout(RATE_HZ)
    layout.put(0, 50, first=0)
    layout.put(200, 50, first=0)
    layout.put(300, 50, first=25)
    assert layout.stretch_of(0, 75) == (0, 350)
    assert sum(layout.counts) == 75


def test_a_placed_source_gives_no_more_than_is_asked_for_however_long_it_is():
    layout = Layout(48_000)
    layout.put(10**15, 100, first=0)
    source = PlacedSource(ArraySource(np.ones(100, np.float32), 48_000), layout)
    assert source.frames == 10**15 + 100
    assert source.read(10**14, 1_000).tolist() == [0.0] * 1_000
    assert source.read(10**15 + 99, 10**15).tolist() == [1.0]


def test_a_stream_that_breaks_off_is_silent_from_there():
    layout = Layout(RATE_HZ)
    layout.put(0, 10)
    source = PlacedSource(ArraySource(np.ones(4, np.float32), RATE_HZ), layout)
    assert source.read(0, 10).tolist() == [1.0] * 4 + [0.0] * 6


@pytest.mark.parametrize("frame", [0, 99, 10**9])
def test_an_empty_layout_answers_with_the_start(frame):
    assert Layout(RATE_HZ).place_of(frame) == 0
    assert Layout(RATE_HZ).stretch_of(0, frame) is None


def test_a_senders_clock_tells_of_frames_that_were_never_sent():
    timed, untimed = Capture(8_000), Capture(8_000)
    # 20 ms each; the third is lost, and the fourth comes late by the network.
    for at_s, starts_s in ((0.12, 0.1), (0.14, 0.12), (0.19, 0.16), (0.2, 0.18)):
        timed.send(at_s, 160, starts_s=starts_s)
        untimed.send(at_s, 160)
    assert (timed.begins, timed.counts) == ([800, 1_280], [320, 320])
    assert (untimed.begins, untimed.counts) == ([800], [640])


def test_a_senders_clock_that_counts_otherwise_is_not_believed():
    capture = Capture(8_000)
    for number in range(3):
        # Samples in place of seconds.
        capture.send(1 + 0.02 * number, 160, starts_s=160 * number)
    assert (capture.begins, capture.counts) == ([7_840], [480])
