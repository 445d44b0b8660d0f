"""Noise that is louder on both sides of a place than within it, with edges of known course."""

import numpy as np
import pytest

from voicediag.measure.gap_fill import FALLS_S, RATE_HZ, STEPS_S, WIDTH, fill_features

COURSE = len(STEPS_S) - 1
FALLS = slice(COURSE, COURSE + len(FALLS_S))
OTHER = COURSE + len(FALLS_S)
SIDES = 2 * OTHER
START, END = 8_000, 11_200


def coloured(frames, seed):
    """Return noise that falls by 6 dB an octave, of which the fill is made."""
    white = np.random.default_rng(seed).normal(0, 1, frames)
    return np.convolve(white, 0.9 ** np.arange(60), "same")


def seen(fall_s=0.0, over_db=20.0, by=1):
    """Return the features of a place whose sides fall within a time from so many dB over the fill."""
    at_s = np.arange(20_000) / RATE_HZ
    falling = np.clip((START / RATE_HZ - at_s) / max(fall_s, 1e-9) + 0.5, 0, 1)
    rising = np.clip((at_s - END / RATE_HZ) / max(fall_s, 1e-9) + 0.5, 0, 1)
    sound = 1e-3 * coloured(20_000, 1) * 10 ** (over_db * np.maximum(falling, rising) / 20)
    samples = np.repeat(sound.astype(np.float32), by)
    return fill_features(samples, np.array([START * by]), np.array([END * by]), rate_hz=RATE_HZ * by)[0]


@pytest.mark.parametrize("by", [1, 3])
def test_the_course_is_told_in_db_over_the_fill(by):
    course = 20 * seen(over_db=18.0, by=by)[:COURSE]
    outside = np.array(STEPS_S[1:]) <= -0.001
    inside = np.array(STEPS_S[:-1]) >= 0.001
    assert course[outside] == pytest.approx(18, abs=3.5)
    assert course[inside] == pytest.approx(0, abs=3.5)


def test_a_step_is_likelier_than_any_slower_fall_and_the_other_way_round():
    step, slow = seen()[FALLS], seen(fall_s=0.016)[FALLS]
    assert step[0] > 1
    assert (step[2:] < 0).all()
    assert slow[FALLS_S.index(0.016)] > 0


def test_both_edges_are_looked_at_from_outside():
    told = seen()
    assert told[FALLS] == pytest.approx(told[OTHER:][FALLS], abs=0.5)
    # Within half a millisecond of an edge the filter still holds both.
    apart = np.abs(np.array(STEPS_S[:-1])) >= 0.0005
    assert told[:COURSE][apart] == pytest.approx(told[OTHER:SIDES][:COURSE][apart], abs=0.3)


def test_where_nothing_stands_out_nothing_is_alike():
    flat, loud = seen(over_db=0.0)[SIDES:], seen()[SIDES:]
    assert flat[0] < 0.5
    assert loud[0] == 1
    assert loud[1] == 1


@pytest.mark.parametrize(("start", "end"), [(0, 10), (90, 100), (0, 100), (50, 51)])
def test_what_lies_beyond_the_sound_is_silence(start, end):
    told = fill_features(np.ones(100, np.float32), np.array([start]), np.array([end]), rate_hz=8_000)
    assert told.shape == (1, WIDTH)
    assert np.isfinite(told).all()


def test_no_place_has_no_features():
    none = np.empty(0, np.int64)
    assert fill_features(np.zeros(10, np.float32), none, none, rate_hz=8_000).shape == (0, WIDTH)
