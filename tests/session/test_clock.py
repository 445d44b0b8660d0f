"""A clock against exact fractions."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicediag.errors import InputError
from voicediag.session import Clock, seconds

rates = st.sampled_from([8_000, 11_025, 16_000, 24_000, 44_100, 48_000])
offsets = st.integers(-10_000, 3_600_000).map(lambda ms: ms / 1_000)
drifts = st.integers(-500, 500)


@given(rates, offsets, drifts, st.integers(0, 3 * 3600 * 48_000))
def test_a_frame_comes_back_from_its_time(rate_hz, offset_s, drift_ppm, frame):
    clock = Clock(offset_s=offset_s, drift_ppm=drift_ppm)
    assert clock.frame_at(clock.time_of(frame, rate_hz), rate_hz) == frame


@given(rates, offsets, drifts, st.integers(0, 3 * 3600 * 48_000))
def test_a_time_is_offset_plus_frames_over_the_true_rate(rate_hz, offset_s, drift_ppm, frame):
    true_rate = rate_hz * (1 + Fraction(drift_ppm, 1_000_000))
    want = Fraction(offset_s) + frame / true_rate
    got = Clock(offset_s=offset_s, drift_ppm=drift_ppm).time_of(frame, rate_hz)
    assert abs(Fraction(got) - want) < Fraction(1, 10**9)


def test_a_fast_converter_needs_less_time_for_its_frames():
    # 100 ppm over an hour are 0.36 s.
    ended = Clock(drift_ppm=100).span_of((0, 16_000 * 3_600), 16_000).end_s
    assert ended == pytest.approx(3_600 - 0.36, abs=1e-4)


def test_frames_before_the_track_are_negative():
    assert Clock(offset_s=2).frame_at(1.5, 8_000) == -4_000


@given(st.integers(0, 10**14))
def test_nanoseconds_become_seconds(t_ns):
    assert math.isclose(seconds(t_ns), float(Fraction(t_ns, 10**9)), rel_tol=1e-15)


@pytest.mark.parametrize("offset_s", [math.nan, math.inf, -math.inf, 1e9, -86_401])
def test_an_offset_of_over_a_day_is_refused(offset_s):
    with pytest.raises(InputError, match="within a day"):
        Clock(offset_s=offset_s)


@pytest.mark.parametrize("drift_ppm", [math.nan, math.inf, -1e6, 500_000])
def test_a_drift_that_is_another_rate_is_refused(drift_ppm):
    with pytest.raises(InputError, match="a drift of at most"):
        Clock(drift_ppm=drift_ppm)


@given(st.floats(-86_400, 86_400), st.floats(-100_000, 100_000), rates)
def test_a_clock_that_is_accepted_never_divides_by_zero(offset_s, drift_ppm, rate_hz):
    assert math.isfinite(Clock(offset_s=offset_s, drift_ppm=drift_ppm).time_of(1, rate_hz))
