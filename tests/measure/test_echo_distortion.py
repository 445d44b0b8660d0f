"""Expected values: what a limiter adds to Gaussian noise (Bussgang, MIT RLE report 216, 1952)."""

import math

import numpy as np
import pytest
from scenes import RATE_HZ, agent_voice, room, voice
from scipy.signal import fftconvolve

from voicediag import signals
from voicediag.measure.echo_distortion import distortion
from voicediag.measure.echo_response import echo_response

LATE = 1_600


def added_to(mic, speaker):
    """Return what is read."""
    mic, lag_s = np.pad(mic, (LATE, 0))[: speaker.size].astype(np.float32), LATE / RATE_HZ
    response = echo_response(mic, speaker, rate_hz=RATE_HZ, lag_s=lag_s)
    return distortion(mic, speaker, rate_hz=RATE_HZ, lag_s=lag_s, response=response)


def bursts(rng, *, sigma):
    """Return two seconds of noise in three, for 18 s."""
    noise = rng.standard_normal(18 * RATE_HZ) * sigma
    noise[np.arange(noise.size) // RATE_HZ % 3 == 2] = 0
    return noise.astype(np.float32)


def excess_db(limit):
    """Return the power of noise of spread 1 that is limited, over that of its linear part."""
    linear = math.erf(limit / math.sqrt(2))
    power = linear - math.sqrt(2 / math.pi) * limit * math.exp(-(limit**2) / 2) + limit**2 * (1 - linear)
    return 10 * math.log10(power / linear**2)


@pytest.mark.parametrize("limit", [0.25, 0.5, 1.0])
def test_a_limiter_adds_what_theory_says(rng, limit):
    noise = bursts(rng, sigma=0.1)
    tail = signals.impulse_response(rate_hz=RATE_HZ, rt60_s=0.2, direct_to_reverberant_db=6.0, seed=4)
    mic = fftconvolve(np.clip(noise, -0.1 * limit, 0.1 * limit), tail)[: noise.size] / 2
    found = added_to(mic + rng.standard_normal(mic.size) * 1e-5, noise)
    assert found.excess_db == pytest.approx(excess_db(limit), abs=0.25)
    assert 10 ** (found.excess_db / 10) == pytest.approx(1 + 10 ** (found.distortion_db / 10))
    assert found.most_off_db == pytest.approx(found.excess_db - found.distortion_db)


def test_a_loudspeaker_that_follows_adds_nothing():
    agent = agent_voice(1)
    assert added_to(agent / 4 + room(3, level_db=-80), agent).excess_db < 0.1


def test_a_user_in_between_adds_nothing():
    agent = agent_voice(1)
    near = voice(7, level_db=-30)
    near[np.arange(near.size) // RATE_HZ % 6 < 4] = 0
    found = added_to(agent / 4 + near + room(3, level_db=-80), agent)
    assert found is None or found.excess_db < 0.6


def test_too_little_of_it_is_not_told():
    agent = agent_voice(1)
    agent[RATE_HZ:] = 0
    assert added_to(agent / 4 + room(3, level_db=-80), agent_voice(1)) is None
