import numpy as np
import pytest

from voicediag.measure.erle import erle
from voicediag.measure.single_talk import SingleTalk

RATE_HZ = 16_000
WINDOW_S = 0.25


def talk_of(agent):
    agent = np.asarray(agent, np.bool_)
    return SingleTalk(window_s=WINDOW_S, agent=agent, user=~agent)


def noise(seconds, level=0.1):
    return (level * np.random.default_rng(1).standard_normal(round(seconds * RATE_HZ))).astype(np.float32)


def test_a_tenth_of_the_amplitude_is_twenty_decibels():
    before = noise(10)
    found = erle(before, before / 10, talk_of([True] * 40), rate_hz=RATE_HZ)
    assert found.erle_db == pytest.approx(np.full(40, 20.0), abs=1e-3)
    assert found.steady_db == pytest.approx(20, abs=1e-3)
    assert found.converged_s == 0
    assert found.before_dbfs == pytest.approx(-20, abs=0.1)
    assert found.after_dbfs == pytest.approx(-40, abs=0.1)


def test_convergence_is_counted_in_the_agents_speech():
    before = noise(20)
    after = before.copy()
    after[8 * RATE_HZ :] /= 10
    # The agent is alone for the first 2 s and from 6 s on: at 8 s it has been so for 4 s.
    alone = [at < 8 or at >= 24 for at in range(80)]
    found = erle(before, after, talk_of(alone), rate_hz=RATE_HZ)
    assert found.converged_s == pytest.approx(4, abs=0.5)
    assert found.times_s[8] == 6


def test_double_talk_is_not_counted():
    before = noise(10)
    after = before / 10
    after[5 * RATE_HZ :] = before[5 * RATE_HZ :]
    found = erle(before, after, talk_of([True] * 20 + [False] * 20), rate_hz=RATE_HZ)
    assert found.windows == 20
    assert found.steady_db == pytest.approx(20, abs=1e-3)


def test_a_canceller_that_does_nothing_never_converges():
    before = noise(10)
    found = erle(before, before, talk_of([True] * 40), rate_hz=RATE_HZ)
    assert found.steady_db == 0
    assert found.converged_s is None


def test_too_little_of_the_agent_alone_says_nothing():
    before = noise(10)
    found = erle(before, before / 10, talk_of([True] * 7 + [False] * 33), rate_hz=RATE_HZ)
    assert found.steady_db is None
    assert found.converged_s is None


def test_silence_has_no_level():
    silent = np.zeros(10 * RATE_HZ, np.float32)
    found = erle(silent, silent, talk_of([True] * 40), rate_hz=RATE_HZ)
    assert found.before_dbfs is None
    assert found.after_dbfs is None
