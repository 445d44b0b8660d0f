"""What is kept of the wire: what is about the session itself, and of the model's answers the first."""

from voicediag.session import SessionBuilder
from voicediag.session.landmarks import MOST_MARKS


def kinds(builder):
    return [(mark.kind, mark.at_s) for mark in builder.build().marks]


def sound(builder, at_s):
    builder.passed("down", at_s, "serverContent")
    builder.audio_received(at_s, frames=2_400, rate_hz=24_000)


def test_no_message_no_mark():
    assert SessionBuilder("x").build().marks == ()


def test_only_the_first_answer_after_each_wait_is_kept():
    builder = SessionBuilder("x")
    for at_s in (1.0, 1.1):
        sound(builder, at_s)
    builder.passed("up", 2.0, "clientContent")
    builder.mark("asked", 2.0)
    for at_s in (3.0, 3.1, 3.2):
        sound(builder, at_s)
    assert kinds(builder) == [("asked", 2.0), ("answered", 3.0), ("last-down", 3.2), ("last-up", 2.0)]


def test_a_tool_call_answers_and_is_waited_for_in_its_turn():
    builder = SessionBuilder("x")
    builder.mark("asked", 1.0)
    builder.mark("tool-call", 2.0, id="f1", name="weather")
    sound(builder, 3.0)
    found = [(mark.kind, mark.id, mark.at_s) for mark in builder.build().marks[:-1]]
    assert found == [("asked", "", 1.0), ("answered", "", 2.0), ("tool-call", "f1", 2.0), ("answered", "", 3.0)]


def test_a_users_words_answer_nothing():
    builder = SessionBuilder("x")
    builder.mark("ready", 1.0)
    builder.words("user", "hello", 2.0)
    builder.words("agent", "Hi.", 3.0)
    assert kinds(builder) == [("ready", 1.0), ("answered", 3.0)]


def test_an_interruption_knows_how_much_had_come():
    builder = SessionBuilder("x")
    sound(builder, 1.0)
    builder.passed("down", 1.1, "serverContent")
    builder.cue("interrupted", 1.1)
    mark = builder.build().marks[0]
    assert (mark.kind, mark.message, mark.received) == ("interrupted", "serverContent", 2_400)


def test_of_the_handles_in_a_row_the_newest_is_kept():
    builder = SessionBuilder("x")
    for at_s in (1.0, 2.0, 3.0):
        builder.mark("resumable", at_s)
    assert kinds(builder) == [("resumable", 3.0)]


def test_a_log_of_garbage_does_not_fill_the_memory():
    builder = SessionBuilder("x")
    for number in range(MOST_MARKS + 10):
        builder.mark("error", number)
    assert len(builder.build().marks) == MOST_MARKS
