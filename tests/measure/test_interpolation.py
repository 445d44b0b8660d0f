import numpy as np
import pytest
import soxr
from resamplers import cubic, equal_ripple, hold, linear
from scipy.integrate import quad

from voicediag import signals
from voicediag.measure import interpolation
from voicediag.measure.spectral_pairs import cells


def voice(rate_hz):
    return signals.speech_like(duration_s=12, rate_hz=rate_hz, level_db=-24, seed=3).samples


def told(samples, rate_hz):
    return interpolation.likeliest(cells([(0.0, np.asarray(samples, np.float32))], rate_hz))


@pytest.mark.parametrize(
    ("resampler", "kind"), [(linear, "linear"), (hold, "hold"), (cubic, "cubic")], ids=["linear", "hold", "cubic"]
)
@pytest.mark.parametrize("rates", [(8_000, 16_000), (16_000, 24_000)])
def test_what_was_between_the_samples_is_named_with_the_rates(resampler, kind, rates):
    found = told(resampler(*rates).resample(voice(rates[0])), rates[1])
    assert (found.kind, found.made_hz, found.rate_hz) == (kind, *rates)
    assert found.sureness > 20
    assert found.agreement > 0.9
    assert found.alias_db is None


def test_a_rate_that_is_lowered_lets_aliases_in_by_the_law():
    exact = linear(24_000, 16_000)
    found = told(exact.resample(voice(24_000)), 16_000)
    assert (found.kind, found.made_hz, found.rate_hz) == ("linear", 24_000, 16_000)
    assert found.alias_db == pytest.approx(20 * np.log10(exact.gain(10_000)), abs=0.01)
    assert found.scale == pytest.approx(1, abs=0.3)


def test_what_a_good_resampler_made_later_hides_nothing():
    raised = linear(8_000, 16_000).resample(voice(8_000))
    found = told(soxr.resample(raised, 16_000, 24_000), 24_000)
    assert (found.kind, found.made_hz, found.rate_hz) == ("linear", 8_000, 16_000)


@pytest.mark.parametrize("rates", [(8_000, 16_000), (24_000, 16_000), (44_100, 16_000), (16_000, 24_000)])
@pytest.mark.parametrize("how", ["soxr", "FIR"])
def test_a_filter_is_not_blamed(rates, how):
    sound = voice(rates[0])
    made = soxr.resample(sound, *rates) if how == "soxr" else equal_ripple(*rates).resample(sound)
    found = told(made, rates[1])
    assert found is None or found.sureness < 6 or found.agreement < 0.6


def test_the_images_are_as_loud_as_the_closed_form_says():
    # Of white noise below 3.2 kHz, brought from 8 to 16 kHz by straight lines.
    white = soxr.resample(
        signals.noise(duration_s=20, rate_hz=6_400, level_db=-20, seed=2), 6_400, 8_000, quality="VHQ"
    )
    exact = linear(8_000, 16_000)
    found = told(exact.resample(white), 16_000)
    kept, image = (quad(lambda hz, at=at: exact.gain(abs(at - hz)) ** 2, 250, 3_200)[0] for at in (0, 8_000))
    assert found.image_db == pytest.approx(10 * np.log10(image / (kept + image)), abs=1.5)


@pytest.mark.parametrize(("resampler", "kind"), [(linear, "linear"), (hold, "hold"), (cubic, "cubic")])
@pytest.mark.parametrize("rates", [(8_000, 16_000), (24_000, 16_000), (44_100, 16_000)])
def test_the_laws_are_the_closed_forms(resampler, kind, rates):
    exact, at = resampler(*rates), np.array([0.0, 1_000.0, 5_000.0, 13_000.0])
    assert np.abs(interpolation.law(kind, at, *rates)) == pytest.approx([exact.gain(hz) for hz in at], abs=1e-9)
