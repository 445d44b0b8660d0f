import math

import numpy as np
import pytest
from scenes import RATE_HZ, agent_voice, room, voice

from voicediag import signals
from voicediag.measure.echo_kind import TAIL_S, echo_kind


def echo_of(agent, *, delay_ms, ratio_db=None, erl_db=6.0):
    """Return the echo of an agent through a room whose direct sound lies `ratio_db` above the tail, or through none."""
    response = None
    if ratio_db is not None:
        response = signals.impulse_response(rate_hz=RATE_HZ, rt60_s=0.3, direct_to_reverberant_db=ratio_db, seed=4)
    return signals.leak(agent, rate_hz=RATE_HZ, delay_ms=delay_ms, erl_db=erl_db, response=response).echo


def kind_of(mic, agent, delay_ms):
    return echo_kind(mic.astype(np.float32), agent, rate_hz=RATE_HZ, lag_s=delay_ms / 1_000)


@pytest.mark.parametrize("ratio_db", [3.0, 9.0])
@pytest.mark.parametrize("delay_ms", [0.0, 40.0, 420.0])
def test_a_room_has_a_tail_of_its_size_however_late(ratio_db, delay_ms):
    agent = agent_voice(1)
    found = kind_of(echo_of(agent, delay_ms=delay_ms, ratio_db=ratio_db) + room(3, level_db=-90), agent, delay_ms)
    # Of a tail that falls by 60 dB in 0.3 s, what lies between two times is known.
    within = math.exp(-math.log(1e6) * TAIL_S[0] / 0.3) - math.exp(-math.log(1e6) * TAIL_S[1] / 0.3)
    assert found.kind == "acoustic"
    assert found.tail_db == pytest.approx(-ratio_db + 10 * math.log10(within), abs=2)
    assert found.is_linear


@pytest.mark.parametrize(("delay_ms", "kind"), [(0.0, "loopback"), (2.0, "loopback"), (30.0, "line"), (420.0, "line")])
def test_a_wire_has_none(delay_ms, kind):
    agent = agent_voice(2)
    found = kind_of(echo_of(agent, delay_ms=delay_ms) + room(3, level_db=-90), agent, delay_ms)
    assert found.kind == kind
    assert found.is_linear


def test_what_a_suppressor_leaves_has_holes():
    agent, rng = agent_voice(1), np.random.default_rng(5)
    echo = echo_of(agent, delay_ms=60, ratio_db=3.0)
    # It lets through a quarter of the frames of 40 ms, with phases of its own.
    frame = round(0.04 * RATE_HZ)
    frames = np.fft.rfft(echo[: echo.size // frame * frame].reshape(-1, frame))
    passed = rng.random((len(frames), 1)) < 0.25
    left = frames * passed * np.exp(2j * np.pi * rng.random(frames.shape))
    found = kind_of(np.fft.irfft(left, frame).ravel() + room(6)[: left.shape[0] * frame], agent, 60)
    assert found.kind == "residual"
    assert not found.is_linear


def test_under_a_talker_it_cannot_be_told():
    agent = agent_voice(1)
    mic = echo_of(agent, delay_ms=60, ratio_db=3.0, erl_db=15.0) + voice(7, level_db=-20)
    assert kind_of(mic, agent, 60).kind is None


@pytest.mark.parametrize("frames", [0, 1_000, 20_000])
def test_too_little_sound_has_no_kind(frames):
    agent = agent_voice(1)[:frames]
    found = kind_of(agent / 2, agent, 0)
    assert found.kind is None


def test_silence_has_no_kind():
    assert kind_of(np.zeros(20 * RATE_HZ), agent_voice(1), 0).kind is None
    assert kind_of(voice(1), np.zeros(20 * RATE_HZ, np.float32), 0).kind is None
