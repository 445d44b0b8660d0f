import importlib.util
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scenes import RATE_HZ, RECORDINGS, agent_voice, room, session_of, voice

import voicediag as vd
from voicediag import signals
from voicediag.errors import InputError
from voicediag.session import ArraySource, Track
from voicediag.spans import Span
from voicediag.tune import cancellers
from voicediag.tune.canceller import try_out

installed = pytest.mark.skipif(
    importlib.util.find_spec("pywebrtc_audio") is None, reason="no pywebrtc-audio here; make test brings it"
)


@pytest.fixture
def tenth(monkeypatch):
    """A canceller that takes off 20 dB of everything."""
    made = replace(cancellers.CANCELLERS["aec3"], package="numpy", run=lambda mic, _speaker, _delay_ms: mic / 10)
    monkeypatch.setattr(cancellers, "CANCELLERS", {"aec3": made})


@cache
def call(*, delay_ms=120.0, erl_db=6.0, leaks=True):
    """Return 40 s in which the agent speaks first and the user then."""
    agent, user = agent_voice(1, duration_s=40), voice(2, duration_s=40)
    agent[22 * RATE_HZ :] = 0
    user[: 24 * RATE_HZ] = 0
    response = signals.impulse_response(rate_hz=RATE_HZ, rt60_s=0.2, direct_to_reverberant_db=3.0, seed=3)
    echo = signals.leak(agent, rate_hz=RATE_HZ, delay_ms=delay_ms, erl_db=erl_db, response=response).echo
    mic = user + room(4, duration_s=40) + (echo if leaks else 0)
    return session_of({"user-captured": mic.astype(np.float32), "agent-played": agent})


def test_what_is_taken_off_is_what_the_canceller_took(tenth):
    result = try_out(call())
    assert result.erle.steady_db == pytest.approx(20, abs=0.01)
    assert result.near.level_db == pytest.approx(-20, abs=0.01)
    assert result.after == pytest.approx(result.before / 10)
    assert result.echo.delay_ms == pytest.approx(120, abs=2)
    assert "falls by 20 dB" in result.sentence
    assert "voice changes by -20.0 dB" in result.sentence


@installed
def test_a_real_canceller_takes_off_the_echo_and_leaves_the_user():
    result = try_out(call())
    # With ten real recordings of a far end alone AEC3 reached a median of 21 dB, and 6 dB with the worst of them.
    assert result.erle.steady_db > 15
    assert result.erle.converged_s < 3
    assert result.near.level_db == pytest.approx(0, abs=1)
    assert result.sentence.startswith("With WebRTC AEC3 (pywebrtc-audio")


@installed
def test_no_echo_is_nothing_to_take_off():
    result = try_out(call(leaks=False))
    assert "holds no echo of agent-played" in result.sentence
    assert result.erle.windows == 0
    assert result.near.level_db == pytest.approx(0, abs=1)


@installed
@pytest.mark.parametrize("delay_ms", [-200.0, 700.0])
def test_an_echo_out_of_reach_is_brought_within_it_and_says_so(delay_ms):
    result = try_out(call(delay_ms=delay_ms))
    assert result.moved_ms == pytest.approx(delay_ms - 60, abs=2)
    assert result.erle.steady_db > 15
    assert "had to be moved" in result.sentence


@installed
def test_a_recording_is_tried_as_it_is():
    result = try_out(vd.load(RECORDINGS / "echo-leak" / "speakerphone-187ms.vds"))
    assert (result.mic, result.speaker) == ("user-sent", "agent-played")
    assert result.erle.steady_db > 15
    assert result.before.size == result.after.size


@installed
def test_tracks_of_other_rates_are_brought_to_one():
    agent = signals.speech_like(duration_s=20, rate_hz=24_000, seed=6, level_db=-24).samples
    echo = signals.leak(agent, rate_hz=24_000, delay_ms=150, erl_db=6).echo
    tracks = {
        "user-sent": Track(name="user-sent", source=ArraySource(echo[::3].copy(), 8_000)),
        "agent-played": Track(name="agent-played", source=ArraySource(agent, 24_000)),
    }
    assert try_out(vd.session.Session(source="test", tracks=tracks)).erle.steady_db > 15


def test_only_the_part_that_was_asked_for_is_tried(tenth):
    result = try_out(call(), within=Span(10.0, 20.0))
    assert result.before.size == 10 * RATE_HZ


def test_an_agent_that_hardly_speaks_is_not_judged(tenth):
    agent = agent_voice(1)
    agent[2 * RATE_HZ :] = 0
    mic = signals.leak(agent, rate_hz=RATE_HZ, delay_ms=100, erl_db=6).echo + voice(9)
    result = try_out(session_of({"user-sent": mic.astype(np.float32), "agent-played": agent}))
    assert result.erle.steady_db is None
    assert "cannot be told" in result.sentence


@pytest.mark.parametrize(
    ("tracks", "missing"), [({"user-sent": voice(1)}, "agent"), ({"agent-played": agent_voice(1)}, "user")]
)
def test_a_session_of_one_side_is_refused(tracks, missing):
    with pytest.raises(InputError, match=f"without one of the {missing}"):
        try_out(session_of(tracks))
