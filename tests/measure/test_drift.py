import numpy as np
import pytest

from voicediag.measure.drift import MOST_ERROR_PPM, drift, spread_s

NONE = np.zeros(0)


def track(duration_s, *, ppm=0.0, noise_s=2e-5, seed=1):
    times_s = np.arange(0, duration_s, 0.125)
    noise = np.random.default_rng(seed).normal(0, noise_s, times_s.size)
    return times_s, 0.2 + ppm * 1e-6 * times_s + noise


@pytest.mark.parametrize("ppm", [-500.0, 0.0, 50.0])
def test_a_line_is_its_slope(ppm):
    found = drift(*track(30, ppm=ppm), breaks_s=NONE)
    assert found.ppm == pytest.approx(ppm, abs=1)
    assert found.error_ppm < 1


def test_a_step_that_is_known_is_no_slope():
    times_s, lags_s = track(30, ppm=20)
    lags_s[times_s > 12] -= 0.01
    assert drift(times_s, lags_s, breaks_s=np.array([12.0])).ppm == pytest.approx(20, abs=2)
    assert abs(drift(times_s, lags_s, breaks_s=NONE).ppm or 1_000) > 100


def test_some_wrong_lags_do_not_count():
    times_s, lags_s = track(30, ppm=20)
    lags_s[100:104] += 0.004
    assert drift(times_s, lags_s, breaks_s=NONE).ppm == pytest.approx(20, abs=1)


def test_the_error_holds_what_it_promises():
    # A normal law keeps 95 % within two standard errors; the lags here have one.
    found = [drift(*track(20, ppm=30, noise_s=2e-4, seed=seed), breaks_s=NONE) for seed in range(100)]
    assert np.mean([abs(each.ppm - 30) <= 2 * each.error_ppm for each in found]) >= 0.85


def test_a_slow_wander_widens_the_error_until_nothing_is_told():
    times_s, lags_s = track(40)
    found = drift(times_s, lags_s + 0.01 * np.sin(2 * np.pi * times_s / 25), breaks_s=NONE)
    assert found.ppm is None
    assert found.error_ppm > MOST_ERROR_PPM
    assert "unevenly" in found.reason
    assert spread_s(found.rest_s) == pytest.approx(0.02, abs=0.003)


@pytest.mark.parametrize("duration_s", [0.0, 5.0])
def test_a_short_track_has_no_slope(duration_s):
    found = drift(*track(duration_s), breaks_s=NONE)
    assert found.ppm is None
    assert found.error_ppm is None
    assert "only" in found.reason


def test_nothing_has_no_spread():
    assert spread_s(NONE) is None
