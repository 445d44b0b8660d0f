"""How much passed in each second: expected values counted by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicediag.measure.pace import steady


def test_the_pace_of_full_seconds_is_their_mean():
    frames = {0: 100, **dict.fromkeys(range(1, 11), 16_000), 11: 300}
    pace = steady(frames, least_s=8)
    assert (pace.start_s, pace.end_s, pace.rate_hz, pace.drift) == (1, 11, 16_000, 0)


def test_the_longest_run_counts():
    frames = dict.fromkeys(range(12), 8_000) | dict.fromkeys(range(20, 40), 24_000)
    assert steady(frames, least_s=8).rate_hz == 24_000


def test_a_pace_that_changes_drifts():
    frames = {0: 1, **dict.fromkeys(range(1, 6), 12_000), **dict.fromkeys(range(6, 11), 20_000), 11: 1}
    assert steady(frames, least_s=8).drift == pytest.approx(0.5)


@pytest.mark.parametrize(
    "frames", [{}, {3: 10}, dict.fromkeys(range(9), 16_000), dict.fromkeys(range(0, 60, 2), 16_000)]
)
def test_below_the_least_there_is_none(frames):
    assert steady(frames, least_s=8) is None


@given(st.dictionaries(st.integers(0, 90_000), st.integers(0, 10**9), max_size=50), st.integers(-3, 20))
def test_any_count_can_be_paced(frames, least_s):
    pace = steady(frames, least_s=least_s)
    assert pace is None or pace.end_s > pace.start_s
