"""The pace of chunks: expected values follow from how the chunks were sent."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicediag.measure.pacing import pacing, runs
from voicediag.signals import pacings

STALL_S, PAUSE_S = 0.5, 0.5


def frames(seconds, length_s=0.02):
    return np.full(round(seconds / length_s), length_s)


def measured(paced, *parts):
    return pacing(paced.at_s, paced.lengths_s, parts or [slice(0, paced.at_s.size)], stall_s=STALL_S)


@pytest.mark.parametrize("speed", [1.0, 2.0, 4.0])
def test_absolute_deadlines_have_no_drift_and_no_jitter(speed):
    pace = measured(pacings.absolute(frames(20), speed=speed))
    # In a second of arrival `speed` seconds of sound come.
    assert pace.slope == pytest.approx(1 - speed)
    assert pace.underfeed == pytest.approx(1 - speed)
    assert pace.jitter_p99_s == pytest.approx(0, abs=1e-9)
    assert (pace.stalls, pace.interval_s) == (0, pytest.approx(0.02 / speed))


@pytest.mark.parametrize("overhead_ms", [0.2, 1.3, 11.25])
def test_a_sleep_that_is_too_long_adds_up(overhead_ms):
    pace = measured(pacings.sleeping(frames(40), overhead_s=overhead_ms / 1_000, seed=1, spread=0.0))
    lost = overhead_ms / (20 + overhead_ms)
    assert pace.slope == pytest.approx(lost)
    assert pace.underfeed == pytest.approx(lost)
    assert pace.interval_s == pytest.approx(0.02 + overhead_ms / 1_000)
    assert pace.gained_s == pytest.approx(1_999 * overhead_ms / 1_000)
    assert pace.jitter_p99_s == pytest.approx(0, abs=1e-9)


def test_jitter_leaves_the_slope_alone():
    sent = pacings.sleeping(frames(60), overhead_s=0.001, seed=1)
    pace = measured(pacings.jittered(sent, sigma_s=0.02, seed=2))
    assert pace.slope == pytest.approx(1 / 21, rel=0.02)


def test_jitter_is_what_lies_above_the_least():
    at_s = pacings.absolute(frames(20, 0.1)).at_s.copy()
    at_s[5::10] += 0.08
    pace = pacing(at_s, frames(20, 0.1), [slice(0, 200)], stall_s=STALL_S)
    assert (pace.jitter_p50_s, pace.jitter_p99_s) == (pytest.approx(0, abs=1e-9), pytest.approx(0.08))
    assert pace.slope == pytest.approx(0, abs=1e-9)


def test_a_stall_that_ends_in_a_burst_is_told():
    sent = pacings.stalled(pacings.absolute(frames(20)), stalls=[(4.99, 1.0), (11.99, 0.7)])
    pace = measured(sent)
    # The chunk of 4.98 s was heard until 5 s, and the next one came at 5.99 s.
    assert (pace.stalls, pace.bursts) == (2, 2)
    assert pace.longest_stall_s == pytest.approx(0.99)


def test_a_stall_that_nothing_makes_up_has_no_burst():
    at_s = pacings.absolute(frames(20)).at_s.copy()
    at_s[500:] += 2.0
    pace = pacing(at_s, frames(20), [slice(0, 1_000)], stall_s=STALL_S)
    assert (pace.stalls, pace.bursts, pace.longest_stall_s) == (1, 0, pytest.approx(2.0))


def test_short_frames_that_are_waited_for_carry_the_excess():
    # 50 ms go out as 20, 20 and 10 ms, one every 20 ms.
    pace = measured(pacings.framed(0.05, frame_s=0.02, messages=200))
    assert pace.short_share == pytest.approx(1)
    assert pace.underfeed == pytest.approx(1 / 6, rel=0.01)
    assert measured(pacings.sleeping(frames(20), overhead_s=0.002, seed=1)).short_share == 0


def test_chunks_that_never_came_are_whole_chunks_late():
    lossy = pacings.jittered(
        pacings.lossy(pacings.absolute(frames(40, 0.04)), share=0.1, seed=3), sigma_s=0.002, seed=4
    )
    assert measured(lossy).skipped_share > 0.9
    drift = pacings.jittered(pacings.sleeping(frames(40), overhead_s=0.002, seed=5), sigma_s=0.02, seed=6)
    assert measured(drift).skipped_share < 0.5


def test_a_run_ends_where_nothing_makes_up_a_pause():
    at_s = pacings.absolute(frames(20)).at_s.copy()
    at_s[500:] += 3.0
    assert runs(at_s, frames(20), pause_s=PAUSE_S) == [slice(0, 500), slice(500, 1_000)]
    stalled = pacings.stalled(pacings.absolute(frames(20)), stalls=[(5.0, 3.0)])
    assert runs(stalled.at_s, stalled.lengths_s, pause_s=PAUSE_S) == [slice(0, 1_000)]


@pytest.mark.parametrize("stall_s", [3.0, 15.0])
def test_one_stall_is_a_step_and_no_slope(stall_s):
    # Ten seconds, of which the second half comes at once; from 15 s on the burst makes up less than half of it.
    at_s = pacings.absolute(frames(10)).at_s.copy()
    at_s[250:] = np.maximum(at_s[250:], at_s[250] + stall_s)
    pace = pacing(at_s, frames(10), [slice(0, at_s.size)], stall_s=STALL_S)
    assert (pace.slope, pace.stalls) == (pytest.approx(0, abs=1e-9), 1)
    assert pace.longest_stall_s == pytest.approx(stall_s)


def test_runs_are_measured_apart():
    at_s = pacings.absolute(frames(20)).at_s.copy()
    at_s[500:] += 3.0
    pace = pacing(at_s, frames(20), runs(at_s, frames(20), pause_s=PAUSE_S), stall_s=STALL_S)
    assert (pace.stalls, pace.slope, pace.wall_s) == (0, pytest.approx(0, abs=1e-9), pytest.approx(2 * 499 * 0.02))


def test_one_chunk_has_no_pace():
    assert pacing(np.zeros(1), np.ones(1), [slice(0, 1)], stall_s=STALL_S) is None
    assert runs(np.zeros(0), np.zeros(0), pause_s=PAUSE_S) == []


@given(
    steps=st.lists(st.tuples(st.floats(-10, 1_000), st.floats(0, 100)), min_size=2, max_size=60),
    cut=st.integers(1, 60),
)
def test_garbage_has_a_pace_too(steps, cut):
    at_s, lengths_s = np.array(steps).T
    cut = min(cut, at_s.size)
    pace = pacing(np.cumsum(at_s), lengths_s, [slice(0, cut), slice(cut, at_s.size)], stall_s=STALL_S)
    assert pace is None or np.isfinite([pace.slope, pace.jitter_p99_s, pace.underfeed, pace.skipped_share]).all()
    assert len(runs(np.cumsum(at_s), lengths_s, pause_s=PAUSE_S)) >= 1
