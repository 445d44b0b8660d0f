"""Real voices at known speeds: what was planted is found, and what is right is left alone."""

from functools import cache

import numpy as np
import pytest
import soxr
from scenes import RECORDINGS, voice

import voicediag as vd
from voicediag.detect import voices
from voicediag.measure import activity, voice_rate

# None of these voices was fitted.
SPOKEN = {
    "studio": ("clean/reading-coach", "user-sent"),
    "reader": ("clean/directory", "user-sent"),
    "synthetic": ("self-hearing-loop/hotel", "agent-received"),
}


@cache
def speech(name):
    """Some 8 s of speech at 24 kHz, its pauses cut out."""
    path, tap = SPOKEN[name]
    track = vd.load(RECORDINGS / f"{path}.vds").tracks[tap]
    samples = track.read(track.span)
    spans = activity.by_level(samples, rate_hz=track.rate_hz).spans
    parts = [samples[int(s.start_s * track.rate_hz) : int(s.end_s * track.rate_hz)] for s in spans]
    return soxr.resample(np.concatenate(parts), track.rate_hz, 24_000).astype(np.float32)


@pytest.mark.parametrize("name", SPOKEN)
@pytest.mark.parametrize(
    ("made_hz", "declared_hz"), [(16_000, 24_000), (24_000, 16_000), (48_000, 16_000), (8_000, 24_000)]
)
def test_a_wrong_rate_is_named(name, made_hz, declared_hz):
    samples = soxr.resample(speech(name), 24_000, made_hz)
    rate = voice_rate.listen(samples, declared_hz, voices.others_hz(declared_hz))
    assert rate.margin_nats > voices.FAR.value
    assert rate.actual_hz == made_hz
    assert rate.speed == pytest.approx(declared_hz / made_hz, rel=0.3)


@pytest.mark.parametrize("name", SPOKEN)
@pytest.mark.parametrize("declared_hz", [8_000, 16_000, 24_000, 48_000])
def test_a_right_rate_is_left_alone(name, declared_hz):
    samples = soxr.resample(speech(name), 24_000, declared_hz)
    rate = voice_rate.listen(samples, declared_hz, voices.others_hz(declared_hz))
    assert rate.margin_nats < voices.SAFE.value
    assert rate.speed == pytest.approx(1, rel=0.2)


@pytest.mark.parametrize("seed", range(3))
def test_noise_that_moves_like_speech_is_no_voice_at_another_rate(seed):
    rate = voice_rate.listen(voice(seed), 16_000, voices.others_hz(16_000))
    assert rate.margin_nats < voices.FAR.value


def test_too_little_is_not_judged():
    rate = voice_rate.listen(np.zeros(16_000, np.float32), 16_000, voices.others_hz(16_000))
    assert (rate.stretches, rate.speed, rate.margin_nats) == (0, None, 0.0)


@pytest.mark.parametrize("declared_hz", [8_000, 16_000, 24_000, 44_100, 48_000])
def test_neighbouring_rates_are_not_told_apart(declared_hz):
    others = voices.others_hz(declared_hz)
    assert all(max(hz / declared_hz, declared_hz / hz) >= 1.45 for hz in others)
    assert others
