"""The light for a call that is under way, against echoes of known delay and loss."""

import tracemalloc

import numpy as np
import pytest
from scenes import RATE_HZ, agent_voice, room, voice

from voicediag import signals
from voicediag.measure.echo_stream import MOST_AHEAD_S, STRONG_SIGMAS, EchoMeter

CHUNK = 320


def readings(mic, agent, *, chunk=CHUNK, meter=None):
    """Every reading that differs from the one before, as a call would bring them."""
    meter = meter or EchoMeter(RATE_HZ, RATE_HZ)
    seen = []
    for at in range(0, mic.size, chunk):
        meter.push(mic[at : at + chunk].astype(np.float32), agent[at : at + chunk].astype(np.float32))
        if not seen or meter.now is not seen[-1]:
            seen.append(meter.now)
    return seen


@pytest.mark.parametrize(("delay_ms", "erl_db"), [(30.0, 30.0), (120.0, 12.0), (640.0, 20.0), (-200.0, 15.0)])
def test_two_seconds_of_speech_are_enough(delay_ms, erl_db):
    agent = agent_voice(1)
    mic = signals.leak(agent, rate_hz=RATE_HZ, delay_ms=max(0.0, delay_ms), erl_db=erl_db).echo[: agent.size]
    if delay_ms < 0:
        early = round(-delay_ms * RATE_HZ / 1_000)
        mic, agent = mic[early:], agent[:-early]
    seen = readings(mic + room(5)[: mic.size], agent)
    first = next(now for now in seen if now.verdict != "unjudged")
    assert first.verdict == "echo"
    assert 2.0 <= first.far_end_s < 2.5
    assert first.at_s < 3.2
    assert seen[-1].delay_ms == pytest.approx(delay_ms, abs=1)
    assert seen[-1].erl_db == pytest.approx(erl_db, abs=1)


def test_a_late_echo_is_seen_once_it_has_come():
    agent = agent_voice(1)
    mic = signals.leak(agent, rate_hz=RATE_HZ, delay_ms=2_500, erl_db=18).echo[: agent.size] + room(5)
    seen = readings(mic, agent)
    found = next(now for now in seen if now.verdict == "echo")
    assert found.delay_ms == pytest.approx(2_500, abs=1)
    # The echo of two seconds of speech, and no more than a second besides.
    assert found.at_s < 5.5


@pytest.mark.parametrize("seed", [10, 20, 30])
def test_strangers_never_light_it(seed):
    seen = readings(voice(seed), agent_voice(seed + 1))
    assert {now.verdict for now in seen} == {"unjudged", "clear"}
    assert max(now.strength or 0.0 for now in seen) < 0.75 * STRONG_SIGMAS


def test_a_tone_that_both_hold_is_no_echo():
    tone = signals.sine(frequency_hz=1_000, duration_s=12, rate_hz=RATE_HZ, peak=0.05)
    seen = readings(tone + voice(3, duration_s=12), tone + agent_voice(4, duration_s=12))
    assert {now.verdict for now in seen} == {"unjudged", "clear"}


def test_a_user_who_talks_over_it_does_not_hide_it():
    agent = agent_voice(2)
    mic = signals.leak(agent, rate_hz=RATE_HZ, delay_ms=140, erl_db=18).echo[: agent.size] + voice(12, level_db=-28.0)
    assert readings(mic, agent)[-1].delay_ms == pytest.approx(140, abs=1)


def test_it_goes_out_once_a_canceller_has_converged():
    agent = agent_voice(1, duration_s=40)
    echo = signals.leak(agent, rate_hz=RATE_HZ, delay_ms=120, erl_db=12).echo[: agent.size]
    echo[10 * RATE_HZ :] = 0
    seen = readings(echo + room(5, duration_s=40), agent)
    last = max(now.at_s for now in seen if now.verdict == "echo")
    # Eight seconds of speech, of a voice that speaks for less than half of the time.
    assert 10 <= last <= 10 + 8.5 / 0.4
    assert seen[-1].verdict == "clear"


def test_the_cut_into_chunks_changes_nothing():
    agent = agent_voice(1, duration_s=8)
    mic = signals.leak(agent, rate_hz=RATE_HZ, delay_ms=90, erl_db=12).echo[: agent.size] + room(5, duration_s=8)
    one, other = (readings(mic, agent, chunk=chunk)[-1] for chunk in (320, 5_000))
    assert (one.verdict, one.delay_ms, one.far_end_s) == (other.verdict, other.delay_ms, other.far_end_s)
    assert one.strength == pytest.approx(other.strength, rel=0.01)


def test_rates_may_differ():
    agent = signals.speech_like(duration_s=10, rate_hz=24_000, seed=6, level_db=-24).samples
    mic = signals.leak(agent, rate_hz=24_000, delay_ms=150, erl_db=15).echo[: agent.size : 3]
    meter = EchoMeter(8_000, 24_000)
    for at in range(0, mic.size, 160):
        meter.push(mic[at : at + 160].astype(np.float32), agent[3 * at : 3 * at + 480])
    assert meter.now.delay_ms == pytest.approx(150, abs=1)


def test_before_the_agent_has_spoken_nothing_is_told():
    seen = readings(voice(1), np.zeros(20 * RATE_HZ, np.float32))
    assert {now.verdict for now in seen} == {"unjudged"}
    assert seen[-1].far_end_s == 0


def test_memory_does_not_grow_though_one_track_never_comes():
    meter = EchoMeter(8_000, 8_000)
    second = agent_voice(1, duration_s=1)[::2].copy()
    nothing = np.zeros(0, np.float32)
    tracemalloc.start()
    for _ in range(40):
        meter.push(nothing, second)
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(60):
        meter.push(nothing, second)
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert after - before < 1_000_000
    assert meter.now.at_s >= 100 - MOST_AHEAD_S - 1


def test_samples_that_are_no_numbers_are_silence():
    agent = agent_voice(1, duration_s=8)
    mic = voice(12, duration_s=8)
    mic[RATE_HZ : RATE_HZ + 100] = np.nan
    agent[2 * RATE_HZ] = np.inf
    seen = readings(mic, agent)
    assert {now.verdict for now in seen} == {"unjudged", "clear"}
    assert all(np.isfinite(now.strength) for now in seen if now.strength is not None)
