"""Joins of a buzz whose period and phase are known."""

import numpy as np
import pytest

from voicediag.measure.gap_joins import NEAR, PITCH_S, RATE_HZ, join_features

FIRST_LAG = round(PITCH_S[0] * RATE_HZ)
PERIODIC_LEFT, PERIODIC_RIGHT, LAG_LEFT, LAG_RIGHT = 0, 1, 4, 5
AT_LEFT, RANK_AT_LEFT = 9, 10
BY_PERIOD_LEFT, BY_PERIOD_RIGHT = slice(23, 26), slice(26, 29)


def buzz(period, frames):
    """Return harmonics of one pitch with a little noise."""
    phase = 2 * np.pi * np.arange(frames) / period
    harmonics = sum(np.cos(number * phase + number**2) / number for number in range(1, 9))
    return 0.1 * (harmonics + np.random.default_rng(1).normal(0, 0.02, frames))


def joined(rate_hz, *, period_s=0.01, left_out_s=0.0):
    """Return the features of a gap of 60 ms in a buzz of which some is left out in its place."""
    sound = buzz(period_s * rate_hz, rate_hz)
    at, missing = rate_hz // 2, round(left_out_s * rate_hz)
    heard = np.concatenate((sound[:at], np.zeros(rate_hz * 60 // 1_000), sound[at + missing :])).astype(np.float32)
    return join_features(heard, np.array([at]), np.array([at + rate_hz * 60 // 1_000]), rate_hz=rate_hz)[0]


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 24_000, 48_000])
def test_the_pitch_of_both_sides_is_read(rate_hz):
    seen = joined(rate_hz)
    assert min(seen[PERIODIC_LEFT], seen[PERIODIC_RIGHT]) > 0.9
    for column in (LAG_LEFT, LAG_RIGHT):
        assert FIRST_LAG * 2 ** (2 * seen[column]) == pytest.approx(80, abs=1)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 48_000])
def test_a_phase_that_goes_on_is_told_from_one_that_does_not(rate_hz):
    whole, shifted = joined(rate_hz), joined(rate_hz, left_out_s=0.004)
    assert whole[AT_LEFT] > 0.9
    assert whole[RANK_AT_LEFT] <= (2 * NEAR + 1) / 100
    assert shifted[AT_LEFT] < 0.6


def test_what_dies_away_towards_the_place_is_softer_with_each_period():
    # 4 dB in each period of 10 ms, towards the place on its left and away from it on its right.
    steady = buzz(80, 8_000)
    dying = (steady * 10 ** (-0.4 * np.arange(8_000) / 80 / 2)).astype(np.float32)
    places = np.array([400]), np.array([800])
    fading = join_features(dying, *places, rate_hz=8_000)[0]
    level = join_features(steady.astype(np.float32), *places, rate_hz=8_000)[0]
    assert 20 * fading[BY_PERIOD_LEFT] == pytest.approx([-4, -8, -12], abs=0.5)
    assert 20 * fading[BY_PERIOD_RIGHT] == pytest.approx([4, 8, 12], abs=0.5)
    assert 20 * level[23:29] == pytest.approx(0, abs=0.5)


def test_what_lies_beyond_the_sound_is_silence():
    sound = np.ones(100, np.float32)
    seen = join_features(sound, np.array([0, 40]), np.array([60, 100]), rate_hz=8_000)
    assert np.isfinite(seen).all()


def test_no_place_has_no_features():
    none = np.empty(0, np.int64)
    assert len(join_features(np.zeros(10, np.float32), none, none, rate_hz=8_000)) == 0
