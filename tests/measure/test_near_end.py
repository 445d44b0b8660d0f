import numpy as np
import pytest
from scenes import RATE_HZ, voice

from voicediag.measure.near_end import near_end
from voicediag.measure.single_talk import SingleTalk

EVERYWHERE = SingleTalk(window_s=0.25, agent=np.zeros(80, np.bool_), user=np.ones(80, np.bool_))


def test_half_the_amplitude_is_six_decibels_and_no_other_spectrum():
    found = near_end(voice(1), voice(1) / 2, EVERYWHERE, rate_hz=RATE_HZ)
    assert found.level_db == pytest.approx(-6.02, abs=0.01)
    assert found.spectrum_db == pytest.approx(0, abs=0.01)
    assert found.speech_s == 20


def test_a_changed_spectrum_shows_beside_the_level():
    noise = np.random.default_rng(3).standard_normal(20 * RATE_HZ).astype(np.float32) / 10
    spectrum = np.fft.rfft(noise)
    # Of nine bands those above 1,800 Hz, the last four, become 20 dB weaker.
    spectrum[1_800 * 20 :] /= 10
    found = near_end(noise, np.fft.irfft(spectrum).astype(np.float32), EVERYWHERE, rate_hz=RATE_HZ)
    kept = (1_800 - 150) / (7_000 - 150)
    level_db = 10 * np.log10(kept + (1 - kept) / 100)
    assert found.level_db == pytest.approx(level_db, abs=0.2)
    assert found.spectrum_db == pytest.approx(np.sqrt((5 * level_db**2 + 4 * (20 + level_db) ** 2) / 9), abs=0.5)


def test_a_user_who_is_hardly_alone_says_nothing():
    talk = SingleTalk(window_s=0.25, agent=np.zeros(80, np.bool_), user=np.arange(80) < 7)
    assert near_end(voice(1), voice(1), talk, rate_hz=RATE_HZ) is None
