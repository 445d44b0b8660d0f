import numpy as np
import pytest
import soxr
from scenes import RATE_HZ, agent_voice, voice

from voicediag.measure.echo_path import PathMeter


def path_of(mic, speaker, *, mic_rate_hz=RATE_HZ, speaker_rate_hz=RATE_HZ):
    meter = PathMeter(mic_rate_hz, speaker_rate_hz)
    meter.push(mic, speaker)
    return meter.result()


@pytest.mark.parametrize("erl_db", [0, 12, 46])
def test_a_plain_gain_is_its_own_loss(erl_db):
    agent = agent_voice(1)
    path = path_of(agent * np.float32(10 ** (-erl_db / 20)), agent)
    assert path.erl_db == pytest.approx(erl_db, abs=0.05)
    assert path.near_share == pytest.approx(0, abs=0.01)


def test_a_talker_six_decibels_above_the_echo_does_not_count_as_echo():
    agent, talker = agent_voice(1), voice(5, level_db=-30)
    path = path_of(agent * np.float32(10 ** (-12 / 20)) + talker, agent)
    assert path.erl_db == pytest.approx(12, abs=1)
    # The echo lies at -24 - 12 dB, the talker at -30 dB: 1 - 1 / (1 + 10^0.6).
    assert path.near_share == pytest.approx(0.8, abs=0.08)


def test_another_voice_is_no_echo():
    path = path_of(voice(5), agent_voice(1))
    assert path.erl_db is None or path.erl_db > 20


@pytest.mark.parametrize("speaker_rate_hz", [8_000, 24_000, 48_000])
def test_the_tracks_may_differ_in_rate(speaker_rate_hz):
    agent = agent_voice(1)
    # Below 3 kHz, so that every rate holds all of it.
    low = soxr.resample(soxr.resample(agent, RATE_HZ, 6_000), 6_000, RATE_HZ)
    speaker = soxr.resample(low, RATE_HZ, speaker_rate_hz).astype(np.float32)
    path = path_of(low.astype(np.float32) * np.float32(0.1), speaker, speaker_rate_hz=speaker_rate_hz)
    assert path.erl_db == pytest.approx(20, abs=0.3)


@pytest.mark.parametrize("seconds", [0, 0.4, 1])
def test_too_little_sound_has_no_path(seconds):
    few = agent_voice(1)[: round(seconds * RATE_HZ)]
    assert path_of(few, few) is None


def test_digital_silence_has_no_path():
    assert path_of(np.zeros(10 * RATE_HZ, np.float32), agent_voice(1)) is None
