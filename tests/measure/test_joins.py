"""Joins of sound, whole and with a piece missing."""

import numpy as np
import pytest
import soundfile
from scenes import RECORDINGS

from voicediag import signals
from voicediag.measure.joins import surprise

RATE_HZ = 24_000
CHUNK = 960


def speech(seed):
    return signals.speech_like(duration_s=20, rate_hz=RATE_HZ, level_db=-24, seed=seed).samples


def voice(name):
    return soundfile.read(RECORDINGS / "clean" / f"{name}.vds" / "agent-received.flac", dtype="float32")[0]


def live(told):
    return told[~np.isnan(told)]


def test_a_tone_goes_on_and_one_that_is_cut_does_not():
    tone = (0.3 * np.sin(2 * np.pi * 440 * np.arange(RATE_HZ) / RATE_HZ)).astype(np.float32)
    # 40 ms are 17.6 periods: what follows the seam has another phase.
    cut = np.concatenate((tone[:9_600], tone[9_600 + CHUNK :]))
    assert surprise(tone, np.array([9_600]), rate_hz=RATE_HZ)[0] < 2
    assert surprise(cut, np.array([9_600]), rate_hz=RATE_HZ)[0] > 50


def test_white_noise_is_as_surprising_everywhere():
    # Nothing foretells it: the error is the noise itself, within and beyond.
    noise = np.random.default_rng(1).normal(0, 0.1, RATE_HZ * 10).astype(np.float32)
    told = surprise(noise, np.arange(CHUNK, noise.size - CHUNK, CHUNK), rate_hz=RATE_HZ)
    assert float(np.median(told)) == pytest.approx(1.0, abs=0.25)


@pytest.mark.parametrize("name", ["cooking", "hotel", "library"])
def test_most_seams_stand_out_of_a_voice_and_no_whole_join(name):
    whole = voice(name)
    joins = np.arange(CHUNK, whole.size, CHUNK)
    chunks = np.split(whole, joins)
    lost = range(5, len(chunks) - 1, 10)
    kept = [chunk for number, chunk in enumerate(chunks) if number not in lost]
    seams = np.array([(number - place) * CHUNK for place, number in enumerate(lost)])
    assert np.max(live(surprise(whole, joins, rate_hz=RATE_HZ))) < 4
    assert np.mean(live(surprise(np.concatenate(kept), seams, rate_hz=RATE_HZ)) >= 4) >= 0.5


def test_the_level_does_not_matter_and_silence_says_nothing():
    sound, joins = speech(2), np.arange(CHUNK, 15 * RATE_HZ, CHUNK)
    told, softer = surprise(sound, joins, rate_hz=RATE_HZ), surprise(sound / 2, joins, rate_hz=RATE_HZ)
    both = ~np.isnan(told) & ~np.isnan(softer)
    assert told[both] == pytest.approx(softer[both], rel=0.02)
    assert np.isnan(surprise(np.zeros(RATE_HZ, np.float32), np.array([9_600]), rate_hz=RATE_HZ)).all()


def test_a_join_at_the_edge_says_nothing():
    assert np.isnan(surprise(speech(3), np.array([0, 5, 480_000 - 1, 10**9]), rate_hz=RATE_HZ)).all()
    assert surprise(speech(3), np.zeros(0, np.int64), rate_hz=RATE_HZ).size == 0
