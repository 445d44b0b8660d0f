import math

import numpy as np
import pytest
from scenes import RATE_HZ, agent_voice, room, voice

from voicediag import signals
from voicediag.measure.echo_kind import KindMarks, echo_kind
from voicediag.measure.echo_response import DIRECT_S, EARLY_S, LATE_S

PHONE_HZ = 8_000


def response_of(ratio_db):
    """Return a room whose direct sound lies `ratio_db` above the tail, which falls by 60 dB in 0.3 s."""
    return signals.impulse_response(rate_hz=RATE_HZ, rt60_s=0.3, direct_to_reverberant_db=ratio_db, seed=4)


def echo_of(agent, *, delay_ms, ratio_db=None, erl_db=6.0):
    """Return the echo of an agent through a room, or through none."""
    response = None if ratio_db is None else response_of(ratio_db)
    return signals.leak(agent, rate_hz=RATE_HZ, delay_ms=delay_ms, erl_db=erl_db, response=response).echo


def energy_db(response, begin_s, end_s):
    """Return the energy of a part of a response over that of its direct sound."""
    begin, end = (round(at * RATE_HZ) for at in (begin_s, end_s))
    return 10 * math.log10(np.sum(response[begin:end] ** 2) / np.sum(response[: round(DIRECT_S * RATE_HZ)] ** 2))


def kind_of(mic, agent, delay_ms):
    return echo_kind(mic.astype(np.float32), agent, rate_hz=RATE_HZ, lag_s=delay_ms / 1_000)


@pytest.mark.parametrize("ratio_db", [3.0, 9.0])
@pytest.mark.parametrize("delay_ms", [0.0, 40.0, 420.0])
def test_a_room_has_a_tail_of_its_size_however_late(ratio_db, delay_ms):
    agent = agent_voice(1)
    found = kind_of(echo_of(agent, delay_ms=delay_ms, ratio_db=ratio_db) + room(3, level_db=-90), agent, delay_ms)
    assert found.kind == "acoustic"
    assert found.is_linear
    response = response_of(ratio_db)
    assert found.response.early_db == pytest.approx(energy_db(response, *EARLY_S), abs=1)
    assert found.response.late_db == pytest.approx(energy_db(response, *LATE_S), abs=1)
    assert found.response.arrival_s == pytest.approx(delay_ms / 1_000, abs=0.001)


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


def test_under_a_talker_the_room_is_still_seen():
    agent = agent_voice(1)
    mic = echo_of(agent, delay_ms=60, ratio_db=3.0) + voice(7, level_db=-20)
    assert kind_of(mic, agent, 60).kind == "acoustic"


def test_what_a_talker_hides_cannot_be_told():
    agent = agent_voice(1)
    mic = echo_of(agent, delay_ms=60, ratio_db=3.0, erl_db=30.0) + voice(7, level_db=-12) + room(8, level_db=-45)
    found = kind_of(mic, agent, 60)
    assert found.kind is None
    assert not found.is_linear


def hybrid_of(agent, delay_ms, *, ends_ms=12.0):
    """Return an echo of a telephone's hybrid: reflections of equal strength that end at once."""
    by, taps = round(delay_ms * PHONE_HZ / 1_000), np.zeros(round((delay_ms + ends_ms) * PHONE_HZ / 1_000))
    taps[by] = 0.3
    signs = np.random.default_rng(3).choice((-1.0, 1.0), taps.size - by - 8)
    taps[by + 8 :] = 0.3 * 10 ** (-8 / 20) / np.sqrt(signs.size) * signs
    return np.convolve(agent, taps)[: agent.size]


def test_a_hybrid_ends_at_once():
    agent = agent_voice(1)[::2]
    mic = (hybrid_of(agent, 80.0) + room(3, level_db=-90)[::2]).astype(np.float32)
    found = echo_kind(mic, agent, rate_hz=PHONE_HZ, lag_s=0.080)
    assert found.kind == "hybrid"
    assert found.response.early_db == pytest.approx(-8, abs=2)


def test_a_wide_band_is_no_telephone():
    agent = agent_voice(1)
    taps = np.zeros(round(0.012 * RATE_HZ))
    taps[0] = 0.3
    taps[64:] = (
        0.3 * 10 ** (-8 / 20) / np.sqrt(taps.size - 64) * np.random.default_rng(3).choice((-1, 1), taps.size - 64)
    )
    mic = np.convolve(agent, taps)[: agent.size] + room(3, level_db=-90)
    assert kind_of(mic, agent, 0).kind == "acoustic"


def test_the_marks_can_be_moved():
    agent = agent_voice(1)
    mic = (echo_of(agent, delay_ms=60, ratio_db=3.0) + room(3, level_db=-90)).astype(np.float32)
    strict = KindMarks(linear_fit=1.1, least_fit=1.1)
    assert not echo_kind(mic, agent, rate_hz=RATE_HZ, lag_s=0.060, marks=strict).is_linear


@pytest.mark.parametrize("frames", [0, 1_000, 20_000])
def test_too_little_sound_has_no_kind(frames):
    agent = agent_voice(1)[:frames]
    found = kind_of(agent / 2, agent, 0)
    assert found.kind is None


def test_silence_has_no_kind():
    assert kind_of(np.zeros(20 * RATE_HZ), agent_voice(1), 0).kind is None
    assert kind_of(voice(1), np.zeros(20 * RATE_HZ, np.float32), 0).kind is None
