"""The features of a voice, against what a sound of known pitch and level must show."""

import numpy as np
import pytest

from voicediag.measure import voice_features
from voicediag.measure.voice_features import BANDS, LAGS, PITCH_HZ, STRETCH, WIDTH

SECONDS = 3.0


def buzz(pitch_hz, rate_hz=24_000):
    """A train of pulses, its harmonics up to 3.5 kHz."""
    at_s = np.arange(round(SECONDS * rate_hz)) / rate_hz
    count = int(3_500 // pitch_hz)
    return (sum(np.cos(2 * np.pi * pitch_hz * n * at_s) for n in range(1, count + 1)) / (2 * count)).astype(np.float32)


@pytest.mark.parametrize("pitch_hz", [70, 100, 150, 220, 330])
def test_a_pitch_lies_in_its_lag(pitch_hz):
    (stretch,) = voice_features.stretches(buzz(pitch_hz), 24_000)
    edges = np.geomspace(*PITCH_HZ, LAGS + 1)
    group = int(np.searchsorted(-edges, -pitch_hz)) - 1
    strength = stretch[:, BANDS:].mean(axis=0)
    # Twice the lag repeats as well as once: the first group that repeats fully is the pitch.
    assert np.flatnonzero(strength > 0.7)[0] in {group - 1, group}


def test_level_and_microphone_leave_no_trace():
    speech = buzz(120) * (1 + np.sin(2 * np.pi * 4 * np.arange(72_000) / 24_000)).astype(np.float32)
    quiet = voice_features.stretches(speech * np.float32(0.01), 24_000)
    assert np.allclose(voice_features.stretches(speech, 24_000), quiet, atol=1e-3)


@pytest.mark.parametrize("frames", [0, 1, 511, 512, 16_000])
def test_too_little_sound_has_no_stretch(frames):
    assert voice_features.stretches(np.zeros(frames, np.float32), 8_000).shape == (0, STRETCH, WIDTH)


def test_silence_is_finite():
    assert np.isfinite(voice_features.stretches(np.zeros(40_000, np.float32), 16_000)).all()
