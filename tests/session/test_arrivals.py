"""When the agent's sound came: a stretch for each answer."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from voicediag.session import SessionBuilder
from voicediag.session.arrivals import MOST_ARRIVALS, arrivals
from voicediag.session.chunks import Chunks

HZ = 24_000


def sound(builder, at_s, frames=2_400):
    builder.passed("down", at_s, "serverContent")
    builder.audio_received(at_s, frames=frames, rate_hz=HZ)


def stretches(builder):
    return [(came.first_s, came.last_s) for came in builder.build().arrivals]


def test_messages_of_one_answer_are_one_stretch():
    builder = SessionBuilder("x")
    for at_s in (1.0, 1.05, 1.1):
        sound(builder, at_s)
    builder.cue("turn-complete", 1.2)
    sound(builder, 4.0)
    assert stretches(builder) == [(1.0, 1.1), (4.0, 4.0)]


def test_a_tool_call_parts_what_came_before_from_what_comes_after():
    builder = SessionBuilder("x")
    sound(builder, 1.0)
    builder.mark("tool-call", 2.0)
    builder.mark("tool-result", 3.0)
    sound(builder, 4.0)
    assert stretches(builder) == [(1.0, 1.0), (4.0, 4.0)]


def test_a_stretch_lies_where_it_was_heard():
    builder = SessionBuilder("x")
    sound(builder, 1.0, frames=HZ)
    sound(builder, 1.1, frames=HZ)
    (came,) = builder.build().arrivals
    assert (came.span.start_s, came.span.end_s) == (1.0, 3.0)


def test_sound_that_goes_on_is_the_same_answer_whatever_was_said_meanwhile():
    builder = SessionBuilder("x")
    sound(builder, 1.0, frames=HZ)
    builder.cue("speech-started", 1.3)
    sound(builder, 1.4, frames=HZ)
    (came,) = builder.build().arrivals
    assert (came.first_s, came.last_s, came.span.end_s) == (1.0, 1.4, 3.0)


def test_where_no_message_ends_an_answer_a_pause_does():
    builder = SessionBuilder("x")
    for at_s in (1.0, 1.05, 2.1, 5.0):
        sound(builder, at_s, frames=HZ)
    # Three seconds have come by 2.1 s and are played until 4 s.
    assert stretches(builder) == [(1.0, 2.1), (5.0, 5.0)]


def test_without_sound_there_is_none():
    builder = SessionBuilder("x")
    builder.cue("turn-complete", 1.0)
    assert stretches(builder) == []


def chunked(at_s):
    frames = np.arange(len(at_s), dtype=np.int64)
    times = np.array(at_s, np.float64)
    return Chunks(rate_hz=HZ, at_s=times, firsts=frames, ends=frames + 1, answers=frames, ended=True)


def test_garbage_does_not_fill_the_memory():
    assert len(arrivals(chunked(range(MOST_ARRIVALS + 10)), lambda *_: None)) == MOST_ARRIVALS


@given(st.lists(st.floats(-10, 100), min_size=1, max_size=30))
def test_in_whatever_order_they_passed_each_has_its_time(at_s):
    found = arrivals(chunked(at_s), lambda *_: None)
    assert [one.first_s for one in found] == at_s
    assert all(one.first_s <= one.last_s for one in found)
