import numpy as np
import pytest
import soxr
from resamplers import iir, linear

from voicediag import signals
from voicediag.measure import folding


def sounds(rate_hz, seed=8):
    """Noise that falls by 6 dB an octave, as voices do: what is folded must not be the louder part."""
    return signals.noise(duration_s=6, rate_hz=rate_hz, level_db=-20, seed=seed, exponent=2)


def told(first, second, rates):
    return folding.between([(first.astype(np.float32), second.astype(np.float32))], *rates)


@pytest.mark.parametrize("late", [0, 7])
@pytest.mark.parametrize("rates", [(48_000, 16_000), (24_000, 8_000), (16_000, 8_000)])
def test_each_n_th_sample_folds_all_of_it(rates, late):
    sound = sounds(rates[0])
    found = told(sound, sound[late :: rates[0] // rates[1]], rates)
    # Of 48 kHz sources from two sides fall on one place, and each is the other's noise.
    assert found.gain_db == pytest.approx(0, abs=0.5)
    assert found.sureness > 50


def test_what_is_folded_is_as_loud_as_the_sound_was_there():
    # The power between a and b Hz goes by 1/a - 1/b; below 20 Hz there is none, and windows of 20 ms see none below 50.
    sound = signals.sine(frequency_hz=1_000, duration_s=6, rate_hz=16_000, peak=0.1)
    sound = sound + 0.01 * sounds(16_000) / np.std(sounds(16_000))
    high = soxr.resample(soxr.resample(sound, 16_000, 8_000, quality="VHQ"), 8_000, 16_000, quality="VHQ")
    above = np.std(sound - high[: sound.size])
    found = told(sound, sound[::2], (16_000, 8_000))
    # From 4 to 5 kHz nothing is counted: of 1/4 - 1/8 what is left is 1/5 - 1/7.6.
    share = (1 / 5 - 1 / 7.6) / (1 / 4 - 1 / 8)
    assert found.folded_db == pytest.approx(20 * np.log10(above / np.std(sound)) + 10 * np.log10(share), abs=1.5)


def test_a_filter_s_rejection_is_read_off():
    # A Butterworth of fourth order at 0.8 of half the rate: its mean gain over the sources.
    exact = iir(48_000, 16_000)
    found = told(sounds(48_000), exact.resample(sounds(48_000)), (48_000, 16_000))
    sources = np.arange(10_000, 15_700, 50)
    gains = [exact.gain(hz) for hz in sources]
    assert 20 * np.log10(min(gains)) < found.gain_db < 20 * np.log10(max(gains))


def test_straight_lines_fold_by_their_law():
    exact = linear(24_000, 16_000)
    found = told(sounds(24_000), exact.resample(sounds(24_000)), (24_000, 16_000))
    assert 20 * np.log10(exact.gain(11_400)) < found.gain_db < 20 * np.log10(exact.gain(10_000))


@pytest.mark.parametrize("rates", [(48_000, 16_000), (24_000, 16_000), (24_000, 8_000), (44_100, 16_000)])
def test_a_good_resampler_folds_nothing(rates):
    sound = sounds(rates[0])
    found = told(sound, soxr.resample(sound, *rates), rates)
    assert found.sureness < 4
    assert found.bound_db < -40


def test_what_holds_other_sound_is_not_compared():
    assert told(sounds(48_000), sounds(16_000, seed=9), (48_000, 16_000)) is None
    assert folding.between([], 48_000, 16_000) is None
    assert told(np.zeros(48_000), np.zeros(16_000), (48_000, 16_000)) is None
