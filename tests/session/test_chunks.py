"""Which chunks of the agent's sound belong to one answer."""

import pytest

from voicediag.session import SessionBuilder


def builder_with(*steps):
    builder = SessionBuilder("test")
    for at_s, step in steps:
        if isinstance(step, int):
            builder.audio_received(at_s, frames=step, rate_hz=24_000)
        elif step in ("turn-complete", "speech-started", "interrupted"):
            builder.cue(step, at_s)
        else:
            builder.mark(step, at_s)
    return builder


def test_chunks_follow_each_other_in_the_stream():
    chunks = builder_with((1.0, 960), (1.04, 960), (1.08, 480)).build().chunks
    assert chunks.firsts.tolist() == [0, 960, 1920]
    assert chunks.ends.tolist() == [960, 1920, 2400]
    assert chunks.at_s.tolist() == [1.0, 1.04, 1.08]
    assert chunks.rate_hz == 24_000


@pytest.mark.parametrize("between", ["turn-complete", "interrupted", "speech-started", "tool-call", "asked"])
def test_what_is_said_between_ends_an_answer(between):
    chunks = builder_with((1.0, 960), (1.5, between), (2.0, 960), (2.1, 960)).build().chunks
    assert [(part.start, part.stop) for part in chunks.each_answer()] == [(0, 1), (1, 3)]


@pytest.mark.parametrize("between", ["resumable", "going-away"])
def test_a_handle_ends_nothing(between):
    chunks = builder_with((1.0, 960), (1.5, between), (2.0, 960)).build().chunks
    assert [(part.start, part.stop) for part in chunks.each_answer()] == [(0, 2)]


def test_a_wire_that_tells_no_end_of_turn_says_so():
    assert not builder_with((1.0, 960), (1.5, "asked")).build().chunks.ended
    assert not builder_with((1.0, 960), (1.5, "interrupted")).build().chunks.ended
    assert builder_with((1.0, 960), (1.5, "turn-complete")).build().chunks.ended


def test_without_sound_there_are_none():
    assert SessionBuilder("test").build().chunks is None
