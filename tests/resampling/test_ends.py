import numpy as np
import pytest

from voicediag.resampling import evaluate

FULL = 32_768


def sharp(samples):
    """Every third sample, with an overshoot of 20 % at each step."""
    samples = np.asarray(samples, dtype=np.float64)
    return (1.2 * samples - 0.2 * np.concatenate([np.zeros(3), samples[:-3]]))[::3]


def wrapping(samples):
    return (sharp(samples).astype(np.int64) & 0xFFFF).astype(np.uint16).view(np.int16)


def saturating(samples):
    return np.clip(np.round(sharp(samples)), -FULL, FULL - 1).astype(np.int16)


def test_an_overshoot_that_wraps():
    report = evaluate(wrapping, 48_000, 16_000, sample_type="int16", live=False)
    assert report.wraps
    # 100 steps a second for half a second, each over by one sample.
    assert report.ends.wraps == pytest.approx(100, abs=2)
    assert report.grade == "F"
    assert "np.clip" in report.remedy
    assert "wrap around" in report.sentence


def test_one_that_saturates():
    assert not evaluate(saturating, 48_000, 16_000, sample_type="int16", live=False).wraps


@pytest.mark.parametrize(("rounded", "offset_lsb"), [(np.round, 0.0), (np.floor, -0.5)])
def test_rounding_to_one_side(rounded, offset_lsb):
    def resample(samples):
        return rounded(samples[::3] * FULL).astype(np.int16)

    report = evaluate(resample, 48_000, 16_000, sample_type="float64", live=False)
    assert report.numbers["offset_lsb"].value == pytest.approx(offset_lsb, abs=0.03)


def test_dithered_silence():
    draw = np.random.default_rng(3)

    def resample(samples):
        return samples[::3] + draw.integers(-1, 2, len(samples[::3])) / FULL

    report = evaluate(resample, 48_000, 16_000, sample_type="float64", live=False)
    assert 0.5 < report.ends.noisy_silence / report.ends.silence_samples < 0.8
    assert "digital silence" in " ".join(report.notes)


def test_samples_that_are_no_number():
    def resample(samples):
        out = samples[::3].copy()
        out[7::50_000] = np.nan
        return out

    report = evaluate(resample, 48_000, 16_000, live=False, sample_type="float64")
    assert report.grade == "F"
    assert report.ends.not_finite > 0
    assert "no numbers" in report.sentence
