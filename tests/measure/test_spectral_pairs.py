import numpy as np
import pytest
from resamplers import hold, linear

from voicediag import signals
from voicediag.measure.spectral_pairs import cells


def gains(samples, rate_hz, shift_hz):
    """The gain from each source to its target, by source."""
    pairs = cells([(0.0, samples.astype(np.float32))], rate_hz).pairs(shift_hz)
    return dict(zip(pairs.source_hz, pairs.cross / pairs.weight, strict=True))


def noise(rate_hz):
    return signals.noise(duration_s=20, rate_hz=rate_hz, level_db=-20, seed=5)


@pytest.mark.parametrize("resampler", [linear, hold])
@pytest.mark.parametrize("source_hz", [1_000, 2_000, 3_000])
def test_an_image_comes_back_with_the_gain_of_the_closed_form(resampler, source_hz):
    exact = resampler(8_000, 16_000)
    measured = gains(exact.resample(noise(8_000)), 16_000, 8_000)[-source_hz]
    assert abs(measured) == pytest.approx(exact.gain(8_000 - source_hz) / exact.gain(source_hz), rel=0.1)


def test_noise_does_not_come_back():
    pairs = cells([(0.0, noise(16_000))], 16_000).pairs(8_000)
    inside = np.abs(pairs.source_hz) < 3_500
    # The sum of so many cells lies within five standard deviations.
    assert np.max(np.abs(pairs.cross[inside]) / np.sqrt(pairs.weight[inside])) < 5


def test_stretches_keep_their_own_time():
    sound = linear(8_000, 16_000).resample(noise(8_000)).astype(np.float32)
    # Cut at a frame where the images' phase has not come round.
    parts = [(0.0, sound[:80_001]), (80_001 / 16_000, sound[80_001:])]
    whole, cut = (cells(stretches, 16_000).pairs(8_000) for stretches in ([(0.0, sound)], parts))
    at = list(whole.source_hz).index(-3_000)
    assert abs(cut.cross[at] / cut.weight[at]) == pytest.approx(abs(whole.cross[at] / whole.weight[at]), rel=0.05)


def test_silence_has_no_cells():
    assert cells([(0.0, np.zeros(16_000, np.float32))], 16_000) is None
    assert cells([(0.0, np.zeros(10, np.float32))], 16_000) is None
