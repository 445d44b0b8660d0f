"""Closed forms: what a tone's level, frequency and overload must be."""

import numpy as np
import pytest

from voicediag.errors import InputError
from voicediag.signals import noise, overload_share, sine, sine_level_db, sweep


def level_db(samples):
    return 10 * np.log10(np.mean(np.square(samples, dtype=np.float64)))


def test_a_full_scale_sine_lies_three_db_below_one():
    tone = sine(frequency_hz=1_000, duration_s=1, rate_hz=16_000)
    assert tone.dtype == np.float32
    assert tone.shape == (16_000,)
    assert level_db(tone) == pytest.approx(-3.0103, abs=1e-3)
    assert sine_level_db(1.0) == pytest.approx(-3.0103, abs=1e-4)
    assert sine_level_db(0.5) == pytest.approx(-9.0309, abs=1e-4)


def test_a_sine_starts_at_its_phase_and_has_its_frequency():
    tone = sine(frequency_hz=250, duration_s=1, rate_hz=8_000, peak=0.5, phase_rad=np.pi / 2)
    assert tone[0] == pytest.approx(0.5)
    assert int(np.argmax(np.abs(np.fft.rfft(tone)))) == 250


def test_a_sine_of_twice_full_scale_overloads_two_thirds_of_the_time():
    # asin(1/2) = pi/6, so 1 - 2/pi * pi/6 = 2/3.
    assert overload_share(2.0) == pytest.approx(2 / 3)
    tone = sine(frequency_hz=7, duration_s=1, rate_hz=48_000, peak=2.0)
    assert np.mean(np.abs(tone) > 1) == pytest.approx(2 / 3, abs=1e-3)
    assert overload_share(1.0) == 0


def test_a_tone_at_half_the_rate_is_refused():
    with pytest.raises(InputError, match="below 8000 Hz"):
        sine(frequency_hz=8_000, duration_s=1, rate_hz=16_000)


def test_a_sweep_passes_the_geometric_mean_half_way():
    # Counted in rising zero crossings: the phase is start * T / ln(r) * (r^(t/T) - 1) turns.
    found = sweep(start_hz=100, end_hz=6_400, duration_s=2, rate_hz=48_000)
    crossings = np.flatnonzero((found[:-1] < 0) & (found[1:] >= 0))
    middle = crossings[np.searchsorted(crossings, 48_000) + np.array([-4, 4])]
    assert 8 / (np.diff(middle)[0] / 48_000) == pytest.approx(800, rel=0.01)
    assert crossings.size == pytest.approx(200 / np.log(64) * 63, abs=1.5)


@pytest.mark.parametrize("exponent", [0, 1, 2])
def test_noise_has_exactly_its_level(exponent):
    found = noise(duration_s=1, rate_hz=16_000, level_db=-60, seed=1, exponent=exponent)
    assert level_db(found) == pytest.approx(-60, abs=1e-4)


def test_pink_noise_carries_the_same_power_in_each_octave():
    found = noise(duration_s=30, rate_hz=16_000, level_db=-20, seed=2, exponent=1)
    power = np.abs(np.fft.rfft(found)) ** 2
    frequency = np.fft.rfftfreq(found.size, 1 / 16_000)
    octave = [power[(frequency >= low) & (frequency < 2 * low)].sum() for low in (250, 2_000)]
    assert 10 * np.log10(octave[0] / octave[1]) == pytest.approx(0, abs=0.2)


def test_the_same_seed_makes_the_same_noise():
    made = [noise(duration_s=0.1, rate_hz=8_000, level_db=-30, seed=seed) for seed in (5, 5, 6)]
    assert np.array_equal(made[0], made[1])
    assert not np.array_equal(made[0], made[2])
