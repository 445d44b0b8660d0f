"""The builder puts turns where they were said, whatever the order in which words, sound and cues come."""

import numpy as np
import pytest

from voicediag.errors import InputError
from voicediag.session import ArraySource, Clock, Cue, Problem, SessionBuilder, Track
from voicediag.session.builder import MOST_PROBLEMS
from voicediag.session.layout import Layout
from voicediag.spans import Span


def second(builder, at_s, seconds=1.0):
    """A second of the agent's sound arrives at once."""
    builder.audio_received(at_s, frames=round(24_000 * seconds), rate_hz=24_000)


def turns(builder):
    return [(turn.role, turn.text, turn.span, turn.learnt_from) for turn in builder.build().turns]


def test_an_agents_turn_lies_where_its_sound_was_heard():
    builder = SessionBuilder("x")
    builder.words("agent", "Hello", 2.0)
    second(builder, 2.1)
    builder.words("agent", " there.", 2.15)
    second(builder, 2.2)
    builder.cue("turn-complete", 2.3)
    assert turns(builder) == [("agent", "Hello there.", Span(2.1, 4.1), "audio")]


def test_two_turns_of_the_agent_end_each_with_its_own_sound():
    builder = SessionBuilder("x")
    for at_s, text in ((1.0, "One."), (61.0, "Two.")):
        second(builder, at_s)
        builder.words("agent", text, at_s)
        builder.cue("turn-complete", at_s + 0.1)
    assert turns(builder) == [("agent", "One.", Span(1, 2), "audio"), ("agent", "Two.", Span(61, 62), "audio")]


def test_an_interrupted_turn_ends_where_it_was_interrupted():
    builder = SessionBuilder("x")
    second(builder, 1.0, seconds=10)
    builder.words("agent", "A long story", 1.0)
    builder.cue("interrupted", 3.5)
    builder.words("agent", "Sorry.", 6.0)
    second(builder, 6.0)
    assert [(text, span) for _, text, span, _ in turns(builder)] == [
        ("A long story", Span(1, 3.5)),
        ("Sorry.", Span(6, 7)),
    ]


def test_an_agents_words_without_sound_lie_where_they_came():
    builder = SessionBuilder("x")
    builder.words("agent", "Text only", 4.0)
    builder.words("agent", ".", 4.5, done=True)
    assert turns(builder) == [("agent", "Text only.", Span(4, 4.5), "arrival")]


def test_a_users_words_that_come_while_the_agent_answers_are_one_turn():
    builder = SessionBuilder("x")
    builder.words("user", "mince", 5.0)
    for number in range(4):
        second(builder, 5.1 + number / 5)
        builder.words("user", f" {number}", 5.15 + number / 5)
    assert [text for _, text, _, _ in turns(builder)] == ["mince 0 1 2 3"]


def test_a_user_who_speaks_again_after_the_answer_begins_another_turn():
    builder = SessionBuilder("x")
    builder.words("user", "hello", 5.0)
    second(builder, 5.1)
    builder.words("user", "stop", 8.0)
    assert [text for _, text, _, _ in turns(builder)] == ["hello", "stop"]


def test_a_user_who_is_not_answered_goes_on():
    builder = SessionBuilder("x")
    builder.words("user", "well", 5.0)
    builder.words("user", ", hm", 9.0)
    assert turns(builder) == [("user", "well, hm", Span(5, 9), "arrival")]


def test_a_users_turn_lies_where_the_provider_heard_it():
    builder = SessionBuilder("x")
    builder.audio_sent(0.1, frames=2_400, rate_hz=24_000)
    for number in range(1, 100):
        builder.audio_sent(0.1 + number / 10, frames=2_400, rate_hz=24_000)
    builder.cue("speech-started", 1.2, audio_ms=1_000)
    builder.cue("speech-stopped", 3.1, audio_ms=2_500)
    # The user speaks again before the transcript of the first words is there.
    builder.cue("speech-started", 3.2, audio_ms=3_000)
    builder.words("user", "Good day.", 3.4, done=True)
    assert turns(builder) == [("user", "Good day.", Span(1, 2.5), "vad")]


def test_a_place_in_the_sound_that_was_sent_moves_with_a_hole_in_the_capture():
    builder = SessionBuilder("x")
    builder.audio_sent(1.0, frames=16_000, rate_hz=16_000)
    builder.audio_sent(6.0, frames=16_000, rate_hz=16_000)
    builder.cue("speech-started", 6.1, audio_ms=1_500)
    assert builder.build().cues == (Cue(kind="speech-started", at_s=6.1, audio_s=5.5),)


def test_a_track_that_lies_by_its_clock_says_where_its_places_are():
    builder = SessionBuilder("x")
    builder.audio_sent(9.0, frames=16_000, rate_hz=16_000)
    second(builder, 9.0)
    builder.words("agent", "Hi.", 9.0)
    builder.cue("speech-started", 9.1, audio_ms=500)
    for name, rate_hz in (("user-sent", 16_000), ("agent-received", 24_000)):
        source = ArraySource(np.zeros(rate_hz, np.float32), rate_hz)
        builder.add_track(Track(name=name, source=source, clock=Clock(offset_s=3)))
    session = builder.build()
    assert session.cues[0].audio_s == 3.5
    assert session.turns[0].span == Span(3, 4)


@pytest.mark.parametrize("audio_ms", [-1, 1e300, 10**12])
def test_a_place_outside_of_any_session_is_no_place(audio_ms):
    builder = SessionBuilder("x")
    builder.cue("speech-started", 1.0, audio_ms=audio_ms)
    assert builder.build().cues[0].audio_s is None


def test_a_layout_that_the_reader_knows_is_left_alone():
    builder = SessionBuilder("x")
    known = Layout(24_000)
    known.put(240_000, 24_000, first=0)
    builder.downlink = known
    second(builder, 1.0)
    builder.words("agent", "Late.", 1.0)
    builder.cue("interrupted", 1.1)
    assert turns(builder) == [("agent", "Late.", Span(10, 11), "audio")]


def test_building_does_not_end_what_is_still_being_said():
    builder = SessionBuilder("x")
    builder.words("agent", "One", 1.0)
    assert turns(builder)[0][1] == "One"
    builder.words("agent", " two", 1.1)
    assert [text for _, text, _, _ in turns(builder)] == ["One two"]


def test_turns_come_in_order_of_time_and_blank_ones_not_at_all():
    builder = SessionBuilder("x")
    builder.words("agent", "second", 2.0, done=True)
    builder.words("user", "first", 1.0, done=True)
    builder.words("user", "  ", 3.0, done=True)
    assert [text for _, text, _, _ in turns(builder)] == ["first", "second"]


def test_tracks_come_in_the_order_of_the_taps_and_once():
    builder = SessionBuilder("x")
    for name in ("agent-played", "user-sent"):
        builder.add_track(Track(name=name, source=ArraySource(np.zeros(8_000, np.float32), 8_000)))
    session = builder.build()
    assert list(session.tracks) == ["user-sent", "agent-played"]
    assert (session.heard.name, session.spoken.name) == ("user-sent", "agent-played")
    assert session.first("user-captured", "agent-played").name == "agent-played"
    assert session.duration_s == 1.0
    with pytest.raises(InputError, match="user-sent twice"):
        builder.add_track(session.heard)


def test_a_session_without_tracks_lasts_no_time():
    session = SessionBuilder("x").build()
    assert (session.duration_s, session.heard, session.spoken, list(session.wire)) == (0.0, None, None, [])


def test_what_is_known_is_described_and_what_is_not_is_left_out():
    builder = SessionBuilder("x")
    builder.describe({"provider": "gemini-live", "model": None})
    assert builder.build().provenance == {"provider": "gemini-live"}


def test_problems_beyond_a_page_are_counted():
    builder = SessionBuilder("x")
    for number in range(MOST_PROBLEMS + 7):
        builder.problem("log", f"line {number}")
    problems = builder.build().problems
    assert len(problems) == MOST_PROBLEMS + 1
    assert problems[-1] == Problem(where="x", what="7 more problems are not listed")


def test_a_long_session_of_cues_and_turns_is_built_in_no_time():
    builder = SessionBuilder("x")
    for number in range(20_000):
        builder.cue("speech-started", number, audio_ms=number)
        builder.cue("speech-stopped", number, audio_ms=number)
        builder.words("user", "a", number, done=True)
    assert len(builder.build().turns) == 20_000
