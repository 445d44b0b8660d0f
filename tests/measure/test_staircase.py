import numpy as np
import pytest

from voicediag.measure.staircase import staircase


@pytest.mark.parametrize(
    ("frames", "rate_hz"), [(128, 48_000), (512, 44_100), (480, 48_000), (256, 16_000), (1_024, 48_000)]
)
def test_whole_multiples_name_their_buffer(frames, rate_hz):
    buffer_ms = 1_000 * frames / rate_hz
    noise = np.random.default_rng(3).normal(0, 0.02, 8)
    sizes = buffer_ms * np.array([1, 2, 1, 1, 3, 1, 2, 1]) + noise
    found = staircase(sizes.tolist(), rate_hz=rate_hz)
    assert found.buffer_ms == pytest.approx(buffer_ms)
    assert (found.buffer_frames, found.buffer_rate_hz) == (frames, rate_hz)
    assert found.lost_ms == pytest.approx(12 * buffer_ms, abs=0.3)
    assert found.residual_ms < 0.05


def test_ten_milliseconds_are_a_buffer_of_the_tracks_own_rate():
    assert staircase([10.0] * 4, rate_hz=44_100).buffer_frames == 441
    assert staircase([10.0] * 4, rate_hz=16_000).buffer_rate_hz == 48_000


def test_sizes_of_no_buffer_name_none():
    named = 0
    for seed in range(200):
        sizes = np.random.default_rng(seed).uniform(3, 40, 6)
        named += staircase(sizes.tolist(), rate_hz=48_000).buffer_frames is not None
    # The limit is one in a hundred.
    assert named <= 6


@pytest.mark.parametrize("sizes", [[], [10.0], [10.0, 10.0]])
def test_one_or_two_steps_decide_nothing(sizes):
    found = staircase(sizes, rate_hz=48_000)
    assert found.buffer_ms is None
    assert found.steps == len(sizes)
    assert found.lost_ms == sum(sizes)
