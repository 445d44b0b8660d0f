import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenes import RATE_HZ, agent_voice, room, voice

from voicediag import signals
from voicediag.measure.delay import EARLIEST_S, GRID_HZ, LATEST_S, DelayMeter, lag_curve


def groups_of(mic, speaker, *, block=160_000, mic_rate_hz=RATE_HZ, speaker_rate_hz=RATE_HZ):
    meter = DelayMeter(mic_rate_hz, speaker_rate_hz)
    for start in range(0, max(mic.size, speaker.size), block):
        meter.push(mic[start : start + block], speaker[start : start + block])
    return meter.result()


@pytest.mark.parametrize("delay_ms", [-300, 0, 12.5, 380, 2_200, 4_900])
def test_a_pure_delay_is_read_to_a_tenth_of_a_millisecond(delay_ms):
    agent = agent_voice(1)
    shift = round(delay_ms * RATE_HZ / 1_000)
    mic = np.roll(agent, shift) * np.float32(0.1)
    lags = [group.lag_s * 1_000 for group in groups_of(mic, agent)]
    assert np.median(lags) == pytest.approx(delay_ms, abs=0.1)


def test_a_polarity_that_is_inverted_has_the_same_lag():
    agent = agent_voice(1)
    straight, inverted = (groups_of(sign * np.roll(agent, 1_600), agent) for sign in (1, -1))
    assert [group.lag_s for group in inverted] == pytest.approx([group.lag_s for group in straight], abs=1e-4)


def test_a_jump_of_the_delay_is_followed():
    agent = agent_voice(2, duration_s=40)
    mic = room(3, duration_s=40)
    mic[: 20 * RATE_HZ] += np.roll(agent, 1_600)[: 20 * RATE_HZ]
    mic[20 * RATE_HZ :] += np.roll(agent, 2_400)[20 * RATE_HZ :]
    lags = [round(group.lag_s * 1_000) for group in groups_of(mic, agent)]
    assert lags[0] == 100
    assert lags[-1] == 150


def test_strangers_stay_below_every_echo():
    strangers = [group.strength for group in groups_of(voice(4), agent_voice(5))]
    echo = [group.strength for group in groups_of(np.roll(agent_voice(5), 800) + room(6), agent_voice(5))]
    assert max(strangers) < 10 < min(echo)


@settings(max_examples=8)
@given(block=st.integers(300, 70_000))
def test_the_cut_into_blocks_changes_nothing(block):
    agent = agent_voice(7, duration_s=8)
    mic = np.roll(agent, 900) + room(8, duration_s=8)
    whole, cut = groups_of(mic, agent, block=mic.size), groups_of(mic, agent, block=block)
    assert [group.span for group in whole] == [group.span for group in cut]
    # The resampler rounds each chunk by itself; a lag is the same to a microsecond.
    assert [group.lag_s for group in cut] == pytest.approx([group.lag_s for group in whole], abs=1e-6)


def test_a_silent_far_end_has_no_groups():
    assert groups_of(voice(1), np.zeros(RATE_HZ * 20, np.float32)) == ()


def test_a_lag_curve_of_white_noise_peaks_at_the_shift(rng):
    reach = round((2.0 - EARLIEST_S + LATEST_S) * GRID_HZ)
    speaker = rng.standard_normal(2 * GRID_HZ).astype(np.float32)
    mic = np.zeros(reach, np.float32)
    begin = round((0.2 - EARLIEST_S) * GRID_HZ)
    mic[begin : begin + 2 * GRID_HZ] = speaker
    curve = lag_curve(mic, speaker)
    assert curve.argmax() / GRID_HZ + EARLIEST_S == pytest.approx(0.2, abs=1 / GRID_HZ)


def test_different_rates_share_one_clock():
    agent = signals.speech_like(duration_s=12, rate_hz=48_000, seed=9).samples
    mic = np.roll(agent, 4_800)[::3].copy()
    lags = [g.lag_s for g in groups_of(mic, agent, block=10**9, mic_rate_hz=16_000, speaker_rate_hz=48_000)]
    assert np.median(lags) == pytest.approx(0.1, abs=2e-4)
