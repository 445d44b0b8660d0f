"""Players with a cushion: the ladder of a published case, and answers that are worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicediag.measure.cushion import Adaptive, heard_from, knee, silence_before

# The gaps that aplisay/llm-agent#249 measured in six minutes of a call, in ms: 39 of them, 1.79 s in all.
LADDER = [20] * 20 + [30] * 9 + [40] * 2 + [50] + [60] * 2 + [140, 150, 160, 210, 210]
LENGTHS = np.full(50, 0.04)


def stalled(*late_ms):
    """Chunks in real time, of which those from the tenth, twentieth ... on come so much late, and catch up."""
    at_s = np.arange(50) * 0.04
    for number, late in enumerate(late_ms, 1):
        at_s[10 * number] += late / 1_000
    return np.maximum.accumulate(at_s)


def silences(at_s, **how):
    return silence_before(heard_from(at_s, LENGTHS, **how), LENGTHS)


def test_the_published_ladder_gives_the_published_cushion():
    assert (len(LADDER), sum(LADDER)) == (39, 1_790)
    told = knee(np.array(LADDER) / 1_000)
    assert (told.cushion_s, told.covered, told.all_s) == (pytest.approx(0.06), 34, pytest.approx(0.22))


@pytest.mark.parametrize(
    ("needed_ms", "cushion_ms", "covered"),
    [([600], 600, 1), ([200] * 9 + [900], 200, 9), ([20, 40, 60, 80, 100, 120], 120, 6), ([1_200, 1_400], 1_400, 2)],
)
def test_the_knee_by_hand(needed_ms, cushion_ms, covered):
    told = knee(np.array(needed_ms) / 1_000)
    assert (round(told.cushion_s * 1_000), told.covered) == (cushion_ms, covered)


@pytest.mark.parametrize(
    ("needed_ms", "cushion_ms", "covered"),
    [([600], None, 0), ([200] * 9 + [900], 200, 9), ([60, 900, 1_200], None, 1), ([60, 900], 60, 1), ([400], 400, 1)],
)
def test_no_cushion_is_longer_than_somebody_would_wait_for(needed_ms, cushion_ms, covered):
    told = knee(np.array(needed_ms) / 1_000, most_s=0.4)
    assert told.cushion_s == (cushion_ms and pytest.approx(cushion_ms / 1_000))
    assert (told.covered, told.all_s) == (covered, pytest.approx(max(needed_ms) / 1_000))


def test_what_the_player_keeps_already_costs_nothing():
    assert knee(np.array([0.11, 0.3]), base_s=0.1).cushion_s == pytest.approx(0.3)
    assert knee(np.zeros(0)) is None


def test_a_cushion_shortens_each_gap_by_itself():
    for cushion_ms in (0, 30, 90):
        gaps = silences(stalled(90), cushion_s=cushion_ms / 1_000)
        assert gaps[10] == pytest.approx((90 - cushion_ms) / 1_000)
        assert np.delete(gaps, 10) == pytest.approx(0)


def test_who_waited_once_has_waited():
    # The second stall is 30 ms longer than the first, which the player is behind already.
    gaps = silences(stalled(60, 90), cushion_s=0.0)
    assert (gaps[10], gaps[20]) == (pytest.approx(0.06), pytest.approx(0.03))


def test_who_refills_waits_longer_and_less_often():
    gaps = silences(stalled(60, 90), cushion_s=0.05, refills=True)
    assert (gaps[10], gaps[20]) == (pytest.approx(0.06), 0)


def test_an_adaptive_player_learns_what_it_sees():
    player = Adaptive()
    assert player.target_s == pytest.approx(0.08)
    jitter = np.arange(50) * 0.04
    jitter[1::5] += 0.11
    player.heard_from(np.maximum.accumulate(jitter), LENGTHS)
    # A fifth of the chunks comes 110 ms late: the 95th percentile lies in the sixth bucket of 20 ms.
    assert player.target_s == pytest.approx(0.12)
    for _ in range(4):
        player.heard_from(np.arange(50) * 0.04, LENGTHS)
    assert player.target_s == pytest.approx(0.02)


@given(st.lists(st.tuples(st.floats(0, 0.5), st.floats(0.001, 0.5)), min_size=1, max_size=40), st.floats(0, 1))
def test_more_cushion_is_never_more_silence(chunks, cushion_s):
    steps, lengths_s = np.array(chunks).T
    at_s = np.cumsum(steps)
    less, more = (
        silence_before(heard_from(at_s, lengths_s, cushion_s=each), lengths_s).sum() for each in (0, cushion_s)
    )
    assert more <= less + 0.001 * len(chunks) + 1e-9
