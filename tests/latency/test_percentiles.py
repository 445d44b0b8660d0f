"""Percentiles by the nearest rank, as a table of ranks has them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicediag.latency import percentiles


def test_nothing_to_divide_by_is_none():
    found = percentiles([None, None])
    assert (found.count, found.p50_ms, found.p90_ms, found.p95_ms) == (0, None, None, None)


@pytest.mark.parametrize(
    ("count", "ranks"), [(1, (1, 1, 1)), (3, (2, 3, 3)), (10, (5, 9, 10)), (20, (10, 18, 19)), (100, (50, 90, 95))]
)
def test_each_is_a_time_that_was_measured(count, ranks):
    found = percentiles(range(count, 0, -1))
    assert (found.count, found.p50_ms, found.p90_ms, found.p95_ms) == (count, *ranks)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=200))
def test_agrees_with_numpy(times):
    found = percentiles(times)
    expected = np.percentile(times, (50, 90, 95), method="inverted_cdf")
    assert [found.p50_ms, found.p90_ms, found.p95_ms] == list(expected)
