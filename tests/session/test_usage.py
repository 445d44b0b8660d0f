"""How counts add up: each, turn by turn, or as a running sum."""

from hypothesis import given
from hypothesis import strategies as st

from voicediag.session import SessionBuilder, Tally, Tokens, Usage
from voicediag.session.usage import MOST_USAGES, UsageLog


def take(builder, at_s, count, counted):
    tally = Tally(asked=Tokens(audio=count))
    builder.used("response", at_s, counted=counted, model="", tally=tally)


def counts(builder):
    return [usage.tally.asked.audio for usage in builder.build().usage]


def test_responses_add_up_by_the_sessions_model():
    builder = SessionBuilder("x")
    builder.describe({"model": "m"})
    take(builder, 1.0, 5, "each")
    take(builder, 2.0, 7, "each")
    assert counts(builder) == [5, 7]
    assert {usage.model for usage in builder.build().usage} == {"m"}


def test_of_one_turn_the_last_counts_and_turns_add_up():
    builder = SessionBuilder("x")
    take(builder, 1.0, 5, "turn")
    take(builder, 1.1, 8, "turn")
    builder.cue("turn-complete", 1.2)
    take(builder, 2.0, 20, "turn")
    assert counts(builder) == [8, 20]


def test_counts_that_come_after_the_end_of_their_turn_are_not_lost():
    builder = SessionBuilder("x")
    for at_s, count in ((1.0, 5), (2.0, 7), (3.0, 9)):
        builder.cue("turn-complete", at_s)
        take(builder, at_s + 0.1, count, "turn")
    assert counts(builder) == [5, 7, 9]


def test_a_tool_call_is_a_request_of_its_own():
    builder = SessionBuilder("x")
    take(builder, 1.0, 5, "turn")
    builder.mark("tool-call", 1.0)
    take(builder, 2.0, 8, "turn")
    assert counts(builder) == [5, 8]


def test_of_a_running_sum_the_last_counts_and_connections_add_up():
    builder = SessionBuilder("x")
    for count in (1, 2, 3):
        take(builder, float(count), count, "running")
    builder.mark("setup", 4.0)
    take(builder, 5.0, 4, "running")
    assert counts(builder) == [3, 4]


def test_of_too_many_the_sum_is_kept():
    log = UsageLog()
    for number in range(MOST_USAGES + 5):
        log.take(Usage(at_s=number, kind="response", model="m", tally=Tally(asked=Tokens(text=1))), "each")
    assert len(log.usages) == MOST_USAGES
    assert sum(usage.tally.asked.text for usage in log.usages) == MOST_USAGES + 5


tokens = st.builds(Tokens, text=st.integers(0, 9), audio=st.integers(0, 9), image=st.integers(0, 9))


@given(st.lists(st.builds(Tally, asked=tokens, answered=tokens, unattributed=st.integers(0, 9)), max_size=5))
def test_a_sum_has_all_of_it(tallies):
    assert sum(tallies, start=Tally()).tokens == sum(tally.tokens for tally in tallies)
