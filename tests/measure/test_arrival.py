"""Players that run dry: expected values are worked out by hand."""

import numpy as np
import pytest

from voicediag.measure import arrival

CHUNK_S = 0.04


def paced(count, *, speed=1.0):
    return np.arange(count) * CHUNK_S / speed


def lengths(count):
    return np.full(count, CHUNK_S)


def test_in_real_time_nothing_is_late():
    assert arrival.lateness(paced(50), lengths(50)) == pytest.approx(np.zeros(50))


def test_what_comes_faster_is_early():
    # The tenth chunk comes after 0.36 s at real time; at twice the speed after 0.18 s.
    assert arrival.lateness(paced(10, speed=2.0), lengths(10))[-1] == pytest.approx(-0.18)


def test_a_stall_is_one_gap_less_the_cushion():
    at_s = paced(50)
    at_s[20:35] = at_s[20] + 0.6
    late_s = arrival.lateness(at_s, lengths(50))
    for cushion_s in (0.0, 0.1, 0.5):
        gaps_s = arrival.gaps(late_s, cushion_s=cushion_s)
        assert np.flatnonzero(gaps_s > 1e-9).tolist() == [20]
        assert gaps_s[20] == pytest.approx(0.6 - cushion_s)
    assert arrival.gaps(late_s, cushion_s=0.61).max() < 1e-9


def test_a_player_that_has_waited_waits_no_more():
    # Two stalls of 0.3 s, each made up for at once: the second finds the player 0.3 s behind.
    at_s = paced(60)
    at_s[10:18] = np.maximum(at_s[10:18], at_s[10] + 0.3)
    at_s[40:48] = np.maximum(at_s[40:48], at_s[40] + 0.3)
    assert np.flatnonzero(arrival.gaps(arrival.lateness(at_s, lengths(60)), cushion_s=0.0) > 1e-9).tolist() == [10]


def test_chunks_that_never_come_leave_everything_late():
    kept = np.delete(np.arange(50), [10, 20, 30])
    gaps_s = arrival.gaps(arrival.lateness(kept * CHUNK_S, lengths(47)), cushion_s=0.0)
    assert gaps_s[gaps_s > 1e-9] == pytest.approx([CHUNK_S] * 3)


def test_one_chunk_is_never_late():
    assert arrival.gaps(arrival.lateness(np.array([3.0]), np.array([CHUNK_S])), cushion_s=0.0).tolist() == [0.0]
