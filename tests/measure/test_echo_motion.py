import csv
from functools import lru_cache

import numpy as np
import pytest
import soundfile
from scenes import RATE_HZ, agent_voice, room

from voicediag import signals
from voicediag.measure.echo import leak
from voicediag.measure.echo_motion import motion
from voicediag.spans import Span

DELAY_MS = 150.0
LONG_S = 36.0


def reader(samples, rate_hz=RATE_HZ):
    def read(span):
        start, frames = round(span.start_s * rate_hz), round(span.duration_s * rate_hz)
        inside = np.arange(start, start + frames)
        held = (inside >= 0) & (inside < samples.size)
        return np.where(held, samples[np.clip(inside, 0, samples.size - 1)], 0).astype(np.float32)

    return read


def moved(mic, agent, *, lag_s=DELAY_MS / 1_000):
    heard = [(Span(0, agent.size / RATE_HZ), lag_s)]
    return motion(reader(mic), reader(agent), mic_rate_hz=RATE_HZ, speaker_rate_hz=RATE_HZ, heard=heard)


@lru_cache
def echoing(duration_s, **motions):
    agent = rich_agent(duration_s)
    response = signals.impulse_response(rate_hz=RATE_HZ, rt60_s=0.3, direct_to_reverberant_db=0.0, seed=4)
    echo = signals.leak(agent, rate_hz=RATE_HZ, delay_ms=DELAY_MS, erl_db=12, response=response, **motions).echo
    return (echo + room(5, duration_s=agent.size / RATE_HZ)).astype(np.float32)


def without(samples, start_s, lost):
    start = round(start_s * RATE_HZ)
    return np.concatenate((samples[:start], samples[start + lost :]))


@lru_cache
def rich_agent(duration_s):
    """Return an agent who hardly pauses, so that every moment can be told."""
    voices = [agent_voice(seed, duration_s=duration_s) for seed in (1, 51, 101)]
    return np.sum(voices, axis=0).astype(np.float32)


# 30.0 s is where one block of the measurement ends.
@pytest.mark.parametrize("cut_s", [4.0, 12.34, 29.9, 30.05])
def test_a_single_lost_buffer_is_found_where_it_was_lost(cut_s):
    agent = rich_agent(LONG_S)
    (jump,) = moved(without(echoing(LONG_S), cut_s, 160), agent).jumps
    assert jump.at_s == pytest.approx(cut_s, abs=0.15)
    assert jump.size_ms == pytest.approx(-10, abs=0.1)


def test_the_clean_twin_stands_still():
    agent = rich_agent(LONG_S)
    found = moved(echoing(LONG_S), agent)
    assert found.jumps == ()
    assert found.drift_ppm == pytest.approx(0, abs=1)
    assert found.wander_ms == pytest.approx(0, abs=0.1)
    assert np.median(found.delays_ms) == pytest.approx(DELAY_MS, abs=0.5)


def test_a_gap_that_was_filled_with_zeros_leaves_no_step():
    agent = rich_agent(20.0)
    planted = signals.zero_frames(
        echoing(20.0), rate_hz=RATE_HZ, within=Span(0, 20), per_second=1, seed=3, frame_s=0.01
    )
    assert moved(planted.samples, agent).jumps == ()


def test_what_the_reference_loses_makes_the_echo_later():
    agent = rich_agent(20.0)
    (jump,) = moved(echoing(20.0), without(agent, 9.0, 160)).jumps
    assert jump.size_ms == pytest.approx(10, abs=0.1)
    # Dated by the microphone, which hears it a delay later.
    assert jump.at_s == pytest.approx(9.0 + DELAY_MS / 1_000, abs=0.15)


@pytest.mark.parametrize("drift_ppm", [-500.0, -50.0, 100.0, 500.0])
def test_a_skew_of_clocks_is_a_drift_and_no_staircase(drift_ppm):
    agent = rich_agent(LONG_S)
    found = moved(echoing(LONG_S, drift_ppm=drift_ppm), agent)
    assert found.drift_ppm == pytest.approx(drift_ppm, abs=5)
    assert found.drift_error_ppm < 5
    assert found.jumps == ()
    assert found.mic_lost is None


@pytest.mark.parametrize(("frames", "rate_hz"), [(480, 48_000), (512, 48_000), (128, 16_000)])
def test_a_staircase_is_told_by_its_buffer_and_is_no_drift(frames, rate_hz):
    agent, lost = rich_agent(LONG_S), round(frames / rate_hz * RATE_HZ)
    mic = echoing(LONG_S)
    # From behind, so that the times are those of the sound before it was cut.
    for index, cut_s in enumerate((32.0, 28.5, 25.0, 18.2, 11.1, 5.3)):
        mic = without(mic, cut_s, lost * (1 + index % 2))
    found = moved(mic, agent)
    assert len(found.jumps) == 6
    assert (found.mic_lost.buffer_frames, found.mic_lost.buffer_rate_hz) == (frames, rate_hz)
    assert found.mic_lost.lost_ms == pytest.approx(9 * lost / RATE_HZ * 1_000, abs=0.5)
    assert found.reference_lost is None
    assert found.drift_ppm == pytest.approx(0, abs=5)


def test_losses_too_close_to_be_told_apart_are_counted_all_the_same():
    agent, mic = rich_agent(20.0), echoing(20.0)
    # Two a second, and at times three tenths of a second apart.
    for index in range(36, 0, -1):
        mic = without(mic, 1.0 + index / 2 - 0.1 * (index % 3), 160)
    found = moved(mic, agent)
    assert found.mic_lost.buffer_ms == pytest.approx(10)
    assert found.mic_lost.lost_ms == pytest.approx(360, abs=10)


@pytest.mark.parametrize("period_s", [20.0, 40.0])
def test_a_queue_that_breathes_is_no_loss_and_no_drift(period_s):
    agent = rich_agent(40.0)
    found = moved(echoing(40.0, wander_ms=10.5, wander_period_s=period_s), agent)
    assert found.mic_lost is None
    assert found.drift_ppm is None
    assert "unevenly" in found.drift_reason
    assert found.wander_ms == pytest.approx(21, abs=2)


@pytest.mark.parametrize("lost_ms", [100, 400])
def test_a_microphone_that_stood_still_is_found_beyond_what_is_read_at_once(lost_ms):
    agent = rich_agent(20.0)
    (jump,) = moved(without(echoing(20.0), 9.0, lost_ms * RATE_HZ // 1_000), agent).jumps
    assert jump.at_s == pytest.approx(9.0, abs=0.15)
    assert jump.size_ms == pytest.approx(-lost_ms, abs=0.5)


def test_an_echo_that_goes_away_is_no_jump():
    agent = rich_agent(20.0)
    mic = echoing(20.0).copy()
    mic[9 * RATE_HZ :] = room(3, duration_s=11.0)
    assert moved(mic, agent).jumps == ()


def test_it_is_followed_from_the_start_though_the_lag_that_was_said_is_a_later_one():
    agent = rich_agent(20.0)
    mic = without(echoing(20.0), 6.0, 400 * RATE_HZ // 1_000)
    (jump,) = moved(mic, agent, lag_s=DELAY_MS / 1_000 - 0.4).jumps
    assert jump.at_s == pytest.approx(6.0, abs=0.15)
    assert jump.size_ms == pytest.approx(-400, abs=0.5)


def test_an_echo_that_is_heard_for_a_moment_has_no_drift():
    agent = rich_agent(5.0)
    found = moved(echoing(5.0), agent)
    assert found.drift_ppm is None
    assert "only" in found.drift_reason


def test_a_queue_that_jumps_to_and_fro_is_wander_and_no_loss():
    agent, mic = rich_agent(LONG_S), echoing(LONG_S)
    # 10 ms are lost and put back by turns.
    for index, at_s in enumerate((32.0, 28.5, 25.0, 18.2, 11.1, 5.3)):
        start = round(at_s * RATE_HZ)
        back = np.concatenate((mic[:start], mic[start - 160 : start], mic[start:]))
        mic = without(mic, at_s, 160) if index % 2 else back
    found = moved(mic, agent)
    assert len(found.jumps) == 6
    assert found.mic_lost is None
    assert found.reference_lost is None
    assert found.wander_ms == pytest.approx(10, abs=1)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 1e30])
def test_samples_that_are_no_sound_are_silence_or_noise(wrong):
    agent, mic = rich_agent(20.0), echoing(20.0).copy()
    mic[5 * RATE_HZ : 5 * RATE_HZ + 800] = wrong
    assert moved(mic, agent).drift_ppm == pytest.approx(0, abs=5)


def test_nothing_heard_is_nothing_told():
    found = motion(reader(room(1)), reader(room(2)), mic_rate_hz=RATE_HZ, speaker_rate_hz=RATE_HZ, heard=[])
    assert found.drift_ppm is None
    assert found.drift_reason


def test_the_echo_carries_its_motion():
    agent = rich_agent(20.0)
    echo = leak(without(echoing(20.0), 9.0, 160), agent, rate_hz=RATE_HZ)
    assert [jump.size_ms for jump in echo.motion.jumps] == pytest.approx([-10], abs=0.1)
    assert echo.drift_ppm == pytest.approx(0, abs=5)


def test_tracks_of_different_rates_agree():
    agent = signals.speech_like(duration_s=20, rate_hz=24_000, seed=6, level_db=-24).samples
    mic = signals.leak(agent, rate_hz=24_000, delay_ms=DELAY_MS, erl_db=15, drift_ppm=200).echo[::3].copy()
    found = motion(
        reader(mic, 8_000),
        reader(agent, 24_000),
        mic_rate_hz=8_000,
        speaker_rate_hz=24_000,
        heard=[(Span(0, 20), 0.15)],
    )
    assert found.drift_ppm == pytest.approx(200, abs=5)


def test_a_cut_in_a_real_recording_is_found_and_the_recording_itself_stands_still(shared_data):
    folder = shared_data / "echo"
    rows = list(csv.DictReader((folder / "manifest.csv").read_text(encoding="utf-8").splitlines()))
    found = 0
    real = [row for row in rows if row["echo_label"] == "1" and row["recording"] == "real" and row["silver_delay_ms"]]
    for row in real:
        mic, rate_hz = soundfile.read(folder / row["file_mic"], dtype="float32")
        far, far_hz = soundfile.read(folder / row["file_far"], dtype="float32")
        cut = round(5.2 * rate_hz)
        damaged = np.concatenate((mic[:cut], mic[cut + rate_hz // 100 :]))
        whole, echo = (leak(some, far, rate_hz=rate_hz, speaker_rate_hz=far_hz) for some in (mic, damaged))
        assert whole.motion.jumps == (), row["id"]
        near = [jump for jump in echo.motion.jumps if abs(jump.at_s - 5.2) <= 0.15]
        found += [jump.size_ms for jump in near] == pytest.approx([-10], abs=0.5)
    assert found >= 0.9 * len(real) >= 7
