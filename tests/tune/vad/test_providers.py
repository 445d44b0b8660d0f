import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicediag.measure.speech import InCall
from voicediag.tune.vad import ActivityDetection, ServerVad, VadIterator, simulated, swept

STEP_S = 0.1
SETTINGS = [
    ServerVad(silence_duration_ms=200),
    ServerVad(threshold=0.05, prefix_padding_ms=0),
    ActivityDetection(prefix_padding_ms=250, silence_duration_ms=300),
    ActivityDetection(prefix_padding_ms=0, silence_duration_ms=0, start_of_speech_sensitivity="low"),
    VadIterator(),
]
TRACKS = st.lists(st.tuples(st.floats(0, 1, width=32), st.integers(1, 9)), max_size=15).map(
    lambda runs: [level for level, count in runs for _ in range(count)]
)


def told(settings, *runs):
    """The events of a track of runs of windows, each of 0.1 s, in whole milliseconds."""
    track = [level for level, count in runs for _ in range(count)]
    (events,) = simulated(InCall(step_s=STEP_S, probability=track), settings)
    return [(one.kind, round(one.time_s * 1000), round(one.known_s * 1000)) for one in events]


def test_openai_counts_the_padding_and_the_silence_in():
    # Speech from 1.0 to 2.0 s: audio_start_ms = 1000 - 300, audio_end_ms = 2000 + 500.
    assert told(ServerVad(), (0, 10), (1, 10), (0, 10)) == [("start", 700, 1100), ("stop", 2500, 2500)]


def test_openai_cuts_the_padding_where_the_sound_begins():
    assert told(ServerVad(), (0, 1), (1, 10))[0] == ("start", 0, 200)


def test_a_wait_within_a_window_is_over_at_its_end():
    assert told(ServerVad(silence_duration_ms=410), (1, 5), (0, 10))[1] == ("stop", 910, 1000)


def test_a_pause_shorter_than_the_silence_ends_nothing():
    assert len(told(ServerVad(), (1, 5), (0, 4), (1, 5), (0, 4))) == 1
    assert len(told(ServerVad(), (1, 5), (0, 5), (1, 5), (0, 4))) == 3


def test_a_low_threshold_still_lets_a_turn_end():
    assert [kind for kind, *_ in told(ServerVad(threshold=0.1), (0.2, 5), (0, 9))] == ["start", "stop"]


def test_gemini_asks_for_speech_before_it_starts():
    asks = ActivityDetection(prefix_padding_ms=300, silence_duration_ms=500)
    assert told(asks, (0, 10), (1, 2), (0, 10), (1, 10), (0, 5)) == [("start", 2200, 2500), ("stop", 3200, 3700)]


@pytest.mark.parametrize(("sensitivity", "starts"), [("high", 1), ("low", 0)])
def test_gemini_hears_more_at_high_sensitivity(sensitivity, starts):
    asks = ActivityDetection(prefix_padding_ms=0, silence_duration_ms=500, start_of_speech_sensitivity=sensitivity)
    assert len(told(asks, (0.6, 10))) == starts


@pytest.mark.parametrize(("sensitivity", "events"), [("high", 2), ("low", 1)])
def test_gemini_ends_sooner_at_high_sensitivity(sensitivity, events):
    asks = ActivityDetection(prefix_padding_ms=0, silence_duration_ms=500, end_of_speech_sensitivity=sensitivity)
    assert len(told(asks, (1, 10), (0.25, 10))) == events


@given(st.integers(0, 900))
def test_the_padding_delays_gemini_and_not_openai(prefix_ms):
    track = (0, 10), (1, 12)
    kind, time_ms, known_ms = told(ServerVad(prefix_padding_ms=prefix_ms), *track)[0]
    assert (kind, time_ms, known_ms) == ("start", 1000 - prefix_ms, 1100)
    asks = ActivityDetection(prefix_padding_ms=prefix_ms, silence_duration_ms=500)
    assert told(asks, *track)[0] == ("start", 1000, 1000 + 100 * max(1, math.ceil(prefix_ms / 100)))


@given(
    st.integers(0, 20).flatmap(
        lambda size: st.lists(TRACKS.map(lambda t: (t * size + [0.0] * size)[:size]), min_size=1, max_size=3)
    )
)
def test_many_at_once_are_as_each_alone(tracks):
    heard = InCall(step_s=STEP_S, probability=np.array(tracks, np.float32))
    together = swept(heard, SETTINGS)
    for one, phases in zip(SETTINGS, together, strict=True):
        for track, events in zip(tracks, phases, strict=True):
            assert simulated(InCall(step_s=STEP_S, probability=track), one) == (events,)


@given(TRACKS)
def test_starts_and_stops_take_turns_and_are_known_in_order(track):
    for settings in SETTINGS:
        (events,) = simulated(InCall(step_s=STEP_S, probability=track), settings)
        assert [one.kind for one in events] == [("start", "stop")[at % 2] for at in range(len(events))]
        known = [one.known_s for one in events]
        assert known == sorted(known)
        assert all(0 <= one.time_s <= len(track) * STEP_S + 1 for one in events)


def test_a_phase_moves_every_time():
    heard = InCall(step_s=STEP_S, probability=[[0, 1, 1, 0, 0, 0]] * 2, first_s=(0.0, 0.025))
    settings = ActivityDetection(prefix_padding_ms=0, silence_duration_ms=200)
    first, second = simulated(heard, settings)
    assert len(first) == 2
    for a, b in zip(first, second, strict=True):
        assert (b.time_s - a.time_s, b.known_s - a.known_s) == pytest.approx((0.025, 0.025))


def test_a_window_that_is_no_number_is_neither_speech_nor_silence():
    assert told(ServerVad(), (float("nan"), 9), (1, 1), (float("nan"), 9)) == [("start", 600, 1000)]
