import numpy as np
import pytest
from scenes import RATE_HZ, agent_voice, room, voice

from voicediag import signals
from voicediag.measure.single_talk import WINDOW_S, single_talk

THIRD_S = 20.0


@pytest.fixture(scope="module")
def stems():
    """A minute in which first the agent speaks, then the user, then both; the echo is as loud as the user."""
    agent = agent_voice(1, duration_s=3 * THIRD_S)
    agent[round(THIRD_S * RATE_HZ) : round(2 * THIRD_S * RATE_HZ)] = 0
    user = voice(2, duration_s=3 * THIRD_S)
    user[: round(THIRD_S * RATE_HZ)] = 0
    response = signals.impulse_response(rate_hz=RATE_HZ, rt60_s=0.3, direct_to_reverberant_db=3.0, seed=3)
    return agent, signals.leak(agent, rate_hz=RATE_HZ, delay_ms=120, erl_db=6, response=response).echo, user


@pytest.fixture(scope="module")
def call(stems):
    agent, echo, user = stems
    return echo + user + room(4, duration_s=3 * THIRD_S), agent


def thirds(mask):
    size = round(THIRD_S / WINDOW_S)
    return [float(mask[at : at + size].mean()) for at in (0, size, 2 * size)]


def test_each_is_alone_where_nobody_else_speaks(call):
    talk = single_talk(*call, rate_hz=RATE_HZ, lag_s=0.120)
    alone, user, _ = thirds(talk.agent)
    # A quarter of speech is pauses.
    assert alone > 0.6
    assert user == 0
    alone, user, _ = thirds(talk.user)
    assert alone == 0
    assert user > 0.6
    assert talk.agent_s == pytest.approx(np.count_nonzero(talk.agent) * WINDOW_S)


def test_who_talks_over_the_agent_is_not_taken_for_the_echo(call, stems):
    talk = single_talk(*call, rate_hz=RATE_HZ, lag_s=0.120)
    size = round(WINDOW_S * RATE_HZ)
    echo, user = (np.mean(stem.reshape(-1, size).astype(np.float64) ** 2, axis=1) for stem in stems[1:])
    later = np.arange(echo.size) * WINDOW_S >= 2 * THIRD_S
    spoken = later & (echo > np.percentile(echo, 95) / 300)
    assert talk.agent[spoken & (user > echo / 3)].mean() < 0.15
    assert talk.agent[spoken & (user < echo / 100)].mean() > 0.7


def test_without_an_echo_the_agent_is_never_alone(call):
    talk = single_talk(voice(7, duration_s=3 * THIRD_S), call[1], rate_hz=RATE_HZ, lag_s=None)
    assert not talk.agent.any()
    assert thirds(talk.user)[1] > 0.5


@pytest.mark.parametrize("frames", [0, 100, RATE_HZ // 2])
def test_short_and_silent_sound_has_nobody(frames):
    silent = np.zeros(frames, np.float32)
    talk = single_talk(silent, silent, rate_hz=RATE_HZ, lag_s=0.1)
    assert not talk.agent.any()
    assert not talk.user.any()


def test_a_lag_beyond_the_sound_has_no_echo():
    agent = agent_voice(1)
    assert not single_talk(voice(2), agent, rate_hz=RATE_HZ, lag_s=60.0).agent.any()


@pytest.mark.parametrize("rate_hz", [8_000, 48_000])
def test_other_rates_hold_the_same_windows(rate_hz):
    agent = signals.speech_like(duration_s=20, rate_hz=rate_hz, seed=6, level_db=-24).samples
    echo = signals.leak(agent, rate_hz=rate_hz, delay_ms=50, erl_db=10).echo
    noise = signals.noise(duration_s=20, rate_hz=rate_hz, level_db=-70, seed=1, exponent=1.0)
    assert single_talk(echo + noise, agent, rate_hz=rate_hz, lag_s=0.05).agent.mean() > 0.5
