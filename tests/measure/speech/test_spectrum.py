import numpy as np
import pytest

from voicediag.measure.speech.spectrum import BANDS, DEAD_DB, MARGIN, RATE_HZ, STEP, steps_of

STEPS = 50
TIME_S = np.arange(STEPS * STEP + 2 * MARGIN) / RATE_HZ


def test_a_full_scale_sine_has_0_db_in_its_bands():
    bands, likeness = steps_of(np.sin(2 * np.pi * 1_000 * TIME_S).astype(np.float32))
    assert bands.shape == (STEPS, BANDS)
    power = 10 * np.log10(np.sum(10 ** (bands[10:-10] / 10), axis=1))
    # By Parseval: the Hann window's 1.5 bins, over 400 samples that are padded to 512.
    assert power == pytest.approx(10 * np.log10(1.5 * 512 / 400), abs=0.05)
    assert likeness[10:-10].min() > 0.95


def test_ten_times_softer_is_20_db_less():
    noise = np.random.default_rng(1).standard_normal(TIME_S.size).astype(np.float32) * 0.1
    loud, soft = steps_of(noise), steps_of(noise / 10)
    assert loud[0] - soft[0] == pytest.approx(20, abs=0.05)
    assert loud[1] == pytest.approx(soft[1], abs=1e-3)
    assert np.median(loud[1]) < 0.6


def test_silence_has_the_lowest_level_and_no_likeness():
    bands, likeness = steps_of(np.zeros(TIME_S.size, np.float32))
    assert np.allclose(bands, DEAD_DB)
    assert not likeness.any()
