"""What a wait was spent on: the parts are told apart, and add up to the whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicediag.latency.parts import PARTS, parts


def stop(at_s):
    return (at_s, "speech-stopped", False)


def asked(at_s):
    return (at_s, "asked", False)


def call(at_s):
    return (at_s, "tool-call", False)


def result(at_s, *, awaits_ask=False):
    return (at_s, "tool-result", awaits_ask)


@pytest.mark.parametrize(
    ("events", "spent"),
    [
        ([], {"provider": 4.0}),
        ([stop(10.5)], {"vad_wait": 0.5, "first_chunk": 3.5}),
        ([asked(11.0)], {"ask": 1.0, "first_chunk": 3.0}),
        ([stop(10.5), asked(11.0)], {"vad_wait": 0.5, "ask": 0.5, "first_chunk": 3.0}),
        ([stop(10.5), call(11.5), result(13.0)], {"vad_wait": 0.5, "call": 1.0, "tool": 1.5, "first_chunk": 1.0}),
        (
            [stop(10.5), call(11.0), result(12.0, awaits_ask=True), asked(12.25)],
            {"vad_wait": 0.5, "call": 0.5, "tool": 1.0, "ask": 0.25, "first_chunk": 1.75},
        ),
        ([call(10.5), result(12.0)], {"provider": 0.5, "tool": 1.5, "first_chunk": 2.0}),
        # Two calls at once are open until the second is answered.
        ([call(10.5), call(10.75), result(11.0), result(12.0)], {"provider": 0.5, "tool": 1.5, "first_chunk": 2.0}),
        # A stop of the provider's that the log has before the last word was measured takes no time.
        ([stop(9.5)], {"vad_wait": 0.0, "first_chunk": 4.0}),
    ],
)
def test_each_event_ends_what_was_waited_for(events, spent):
    assert parts(10.0, events, 14.0) == pytest.approx(spent)


kinds = st.sampled_from(["speech-stopped", "asked", "tool-call", "tool-result", "tool-cancelled"])


@given(st.lists(st.tuples(st.floats(0, 30), kinds, st.booleans()), max_size=12), st.floats(0, 20))
def test_whatever_passes_the_parts_add_up(events, waited_s):
    spent = parts(10.0, sorted(events), 10.0 + waited_s)
    assert sum(spent.values()) == pytest.approx(waited_s, abs=1e-9)
    assert all(time_s >= 0 for time_s in spent.values())
    assert spent.keys() <= PARTS.keys()
