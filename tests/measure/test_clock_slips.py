import numpy as np
import pytest

from voicediag.measure.clock_slips import clock_slips

RATE_HZ, CHUNK = 48_000, 1_024


def stream(rng, *, seconds=60, slips=(), drift_ppm=0.0, jitter_ms=4.0):
    """Chunk ends, and when each came: its sound's time, what stood still before it, and a delay."""
    ends = np.arange(1, seconds * RATE_HZ // CHUNK) * CHUNK
    due_ms = ends / RATE_HZ * 1_000 * (1 + drift_ppm * 1e-6)
    for at_s, size_ms in slips:
        due_ms = due_ms + size_ms * (ends > at_s * RATE_HZ)
    return ends, due_ms + rng.exponential(jitter_ms, ends.size)


def found(ends, *clocks):
    return clock_slips(ends, clocks, rate_hz=RATE_HZ, least_ms=5.0, drift_ppm=300.0)


def two(rng, **scene):
    """Two clocks that start at other times and see other delays of the same stream."""
    ends, wall = stream(rng, **scene)
    _, arrived = stream(rng, **scene)
    return ends, wall + 1.8e12, arrived


def test_planted_slips_are_found_where_they_are_and_as_long_as_they_are(rng):
    slips = found(*two(rng, slips=((12.3, 10.0), (12.9, 30.0), (40.0, 300.0))))
    assert slips.sizes_ms.sum() == pytest.approx(340, abs=3)
    assert slips.frames[-1] / RATE_HZ == pytest.approx(40.0, abs=0.15)
    assert slips.frames[0] / RATE_HZ == pytest.approx(12.6, abs=0.5)


def test_a_steady_stream_has_none(rng):
    assert found(*two(rng)).frames.size == 0


@pytest.mark.parametrize("drift_ppm", [-200, 200])
def test_a_crystal_that_drifts_does_not_slip(rng, drift_ppm):
    assert found(*two(rng, seconds=300, drift_ppm=drift_ppm)).frames.size == 0


def test_a_queue_that_is_worked_off_is_no_slip(rng):
    ends, wall, arrived = two(rng)
    # For three seconds nothing comes, then all of it at once.
    held = (ends > 20 * RATE_HZ) & (ends < 23 * RATE_HZ)
    wall[held], arrived[held] = wall[held].max(), arrived[held].max()
    assert found(ends, wall, arrived).frames.size == 0


def test_a_wall_clock_that_is_set_anew_is_no_slip(rng):
    ends, wall, arrived = two(rng)
    wall[ends > 30 * RATE_HZ] += 5_000
    assert found(ends, wall, arrived).frames.size == 0


@pytest.mark.parametrize("chunks", [0, 1, 9, 60])
def test_a_stream_too_short_to_tell_says_nothing(rng, chunks):
    ends, wall = stream(rng)
    assert found(ends[:chunks], wall[:chunks]).frames.size == 0
