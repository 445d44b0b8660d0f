"""The spectrogram against tones of known place, time and level."""

import numpy as np
import pytest

from voicediag.measure.spectrogram import spectrogram

RATE_HZ = 16_000


def tone(hz, seconds, amplitude=1.0):
    return (amplitude * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE_HZ)) / RATE_HZ)).astype(np.float32)


@pytest.mark.parametrize("dbfs", [0, -40])
@pytest.mark.parametrize("hz", [1_000, 4_000])
def test_a_tone_is_in_its_row_at_its_level(hz, dbfs):
    levels = spectrogram(tone(hz, 2.0, 10 ** (dbfs / 20)), rate_hz=RATE_HZ, columns=50, rows=257)
    assert levels.shape == (257, 50)
    middle = levels[:, 25]
    assert int(middle.argmax()) == hz * 512 // RATE_HZ
    assert middle.max() == pytest.approx(dbfs, abs=0.1)
    # A Hann window is silent two frequencies away from a tone that fits it.
    assert middle[hz * 512 // RATE_HZ + 4] < dbfs - 60


def test_sound_is_in_its_column():
    sound = np.concatenate([np.zeros(RATE_HZ, np.float32), tone(1_000, 1.0), np.zeros(2 * RATE_HZ, np.float32)])
    loudest = spectrogram(sound, rate_hz=RATE_HZ, columns=40, rows=64).max(axis=0)
    assert np.flatnonzero(loudest > -6).tolist() == list(range(10, 20))
    assert loudest[30] == -120


@pytest.mark.parametrize("frames", [0, 1, 100, 16_000])
def test_short_sound_has_its_columns_too(frames):
    levels = spectrogram(np.zeros(frames, np.float32), rate_hz=RATE_HZ, columns=30, rows=20)
    assert levels.shape == (20, 30)
    assert (levels == -120).all()
