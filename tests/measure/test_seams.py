import numpy as np
import pytest
import soxr

from voicediag import signals
from voicediag.measure import seams
from voicediag.spans import Span


def voice(rate_hz):
    return signals.speech_like(duration_s=12, rate_hz=rate_hz, level_db=-24, seed=4).samples


def torn(rates, frames):
    sound = voice(rates[0])
    parts = [soxr.resample(sound[start : start + frames], *rates) for start in range(0, sound.size, frames)]
    return np.concatenate(parts).astype(np.float32)


@pytest.mark.parametrize(
    ("rates", "frames", "period_s"),
    [
        ((24_000, 16_000), 480, 0.02),
        ((16_000, 24_000), 160, 0.01),
        ((8_000, 16_000), 320, 0.04),
        # 512 frames at 48 kHz are 170.67 at 16 kHz, and soxr makes 171 of them.
        ((48_000, 16_000), 512, 171 / 16_000),
    ],
)
def test_the_period_of_chunks_is_found(rates, frames, period_s):
    found = seams.steady([torn(rates, frames)], rates[1])
    assert found.period_s == pytest.approx(period_s, abs=1e-9)
    assert found.sureness > 20
    assert found.contrast > 3
    assert found.height_nats > 0.5


def test_answers_that_begin_anew_are_put_together():
    one = torn((24_000, 16_000), 480)
    parts = [one[begin : begin + 40_000] for begin in (37, 50_011, 100_003)]
    assert seams.steady(parts, 16_000).period_s == pytest.approx(0.02)


def test_one_stream_has_no_seams():
    found = seams.steady([soxr.resample(voice(24_000), 24_000, 16_000).astype(np.float32)], 16_000)
    assert found.sureness < 8
    assert found.height_nats < 0.3


def test_clicks_out_of_step_are_no_chunks():
    sound = voice(16_000)
    sound[np.random.default_rng(1).integers(0, sound.size, 500)] += 0.3
    assert seams.steady([sound], 16_000).sureness < 8


def test_of_frames_that_are_repeated_now_and_then_few_stand_out():
    sound = voice(16_000)
    again = signals.repeat_frames(sound, rate_hz=16_000, within=Span(0, 12), per_second=5, seed=2).samples
    assert seams.steady([again], 16_000).share < 0.62
    assert seams.steady([torn((24_000, 16_000), 480)], 16_000).share > 0.7


def test_a_tone_that_hums_along_is_no_seam():
    sound = voice(16_000)
    sound += signals.sine(frequency_hz=50, duration_s=sound.size / 16_000, rate_hz=16_000, peak=0.05)[: sound.size]
    found = seams.steady([sound], 16_000)
    assert found.sureness < 12 or found.contrast < 3 or found.height_nats < 0.3


def test_too_little_is_not_told():
    assert seams.steady([], 16_000) is None
    assert seams.steady([np.zeros(8_000, np.float32)], 16_000) is None


def test_chunks_are_named_with_the_rates_that_make_them():
    assert seams.chunks(171 / 16_000, 16_000) == [(256, 24_000), (512, 48_000)]
    assert (480, 24_000) in seams.chunks(0.02, 16_000)
    assert seams.chunks(0.0123, 16_000) == []
