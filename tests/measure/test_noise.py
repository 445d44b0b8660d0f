"""Noise of known level under sound with pauses."""

import math

import numpy as np
import pytest

from voicediag.measure.levels import level
from voicediag.measure.noise import noise_floor, snr_db

RATE_HZ = 16_000


def noise(rng, rms, seconds=10.0):
    return (rms * rng.standard_normal(round(seconds * RATE_HZ))).astype(np.float32)


@pytest.mark.parametrize("rms", [0.01, 0.001, 0.0001])
def test_steady_noise_is_its_own_floor(rng, rms):
    # 320 samples of power spread by sqrt(2 / 320): the 10th percentile lies 0.5 dB under the mean.
    floor = noise_floor(level(noise(rng, rms), rate_hz=RATE_HZ)).noise_floor_dbfs
    assert floor == pytest.approx(20 * math.log10(rms) - 0.5, abs=0.2)


def test_sound_that_pauses_a_fifth_of_the_time_does_not_raise_it(rng):
    samples = noise(rng, 0.001)
    samples.reshape(-1, RATE_HZ)[:, : RATE_HZ * 4 // 5] += noise(rng, 0.1, 8).reshape(10, -1)
    assert noise_floor(level(samples, rate_hz=RATE_HZ)).noise_floor_dbfs == pytest.approx(-60, abs=0.6)


def test_digital_silence_says_nothing_of_the_room(rng):
    samples = np.concatenate([np.zeros(RATE_HZ * 30, dtype=np.float32), noise(rng, 0.001)])
    read = noise_floor(level(samples, rate_hz=RATE_HZ))
    assert read.noise_floor_dbfs == pytest.approx(-60.5, abs=0.2)
    assert (read.hops, read.silent_hops) == (500, 1_500)


def test_an_offset_is_no_noise(rng):
    read = noise_floor(level(noise(rng, 0.001) + np.float32(0.01), rate_hz=RATE_HZ))
    assert read.noise_floor_dbfs == pytest.approx(-60.5, abs=0.6)


def test_a_constant_gives_no_floor():
    assert noise_floor(level(np.full(RATE_HZ * 5, 0.25, dtype=np.float32), rate_hz=RATE_HZ)).noise_floor_dbfs is None


@pytest.mark.parametrize("seconds", [0.0, 0.9])
def test_too_little_sound_gives_no_floor(rng, seconds):
    assert noise_floor(level(noise(rng, 0.001, seconds), rate_hz=RATE_HZ)).noise_floor_dbfs is None


def test_silence_gives_no_floor():
    read = noise_floor(level(np.zeros(RATE_HZ * 5, dtype=np.float32), rate_hz=RATE_HZ))
    assert (read.noise_floor_dbfs, read.hops, read.silent_hops) == (None, 0, 250)


@pytest.mark.parametrize(
    ("speech", "floor", "expected"), [(-26.0, -60.0, 34.0), (None, -60.0, None), (-26.0, None, None)]
)
def test_snr_is_the_distance(speech, floor, expected):
    assert snr_db(active_speech_dbov=speech, noise_floor_dbfs=floor) == expected
