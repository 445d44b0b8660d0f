import csv
from dataclasses import replace

import numpy as np
import pytest
import soundfile
import soxr
from scenes import RATE_HZ, agent_voice, room, voice
from scipy.signal import fftconvolve

from voicediag import signals
from voicediag.measure.delay import LagGroup
from voicediag.measure.echo import EVEN_SIGMAS, HIDDEN, MARGIN_DB, leak, settled, trace
from voicediag.measure.echo_path import LONG_FRAME_S, PATH_FRAME_S, EchoPath, PathMeter
from voicediag.spans import Span


def group(start_s, lag_s, strength, *, frames=16):
    span = Span(start_s, start_s + 8)
    return LagGroup(span=span, frames=frames, lag_s=lag_s, strength=strength, heard=(span,))


def test_strong_groups_are_an_echo_and_weak_neighbours_that_agree_belong_to_it():
    echo = trace([group(0, 0.2, 30), group(10, 0.205, 6), group(20, 0.9, 6)])
    assert echo.verdict == "echo"
    assert [span.start_s for span in echo.spans] == [0, 10]


def test_weak_groups_alone_are_clear():
    assert trace([group(0, 0.2, 6), group(10, 0.2, 6)]).verdict == "clear"


def test_less_than_two_seconds_is_unjudged_unless_the_peak_is_beyond_chance():
    echo = trace([group(0, 0.2, 9, frames=3)])
    assert echo.verdict == "unjudged"
    assert "1.5 s only" in echo.reason
    assert trace([group(0, 0.2, 12, frames=2)]).verdict == "unjudged"
    assert trace([group(0, 0.2, 12, frames=3)]).verdict == "echo"


def test_one_middling_group_among_many_is_chance_and_two_that_agree_are_not():
    weak = [group(8 * index, 0.1 * index, 4.5) for index in range(4)]
    assert trace([*weak, group(32, 0.2, 8)]).verdict == "clear"
    assert trace([*weak, group(32, 0.2, 8), group(40, 0.201, 6)]).verdict == "echo"


def test_an_echo_too_weak_for_every_group_is_in_all_of_them_together():
    groups = [group(8 * index, 0.1 * index, 4.5) for index in range(6)]
    whole = group(0, 0.25, 9, frames=96)
    assert trace(groups).verdict == "clear"
    echo = trace(groups, whole)
    assert echo.verdict == "echo"
    assert echo.delay_ms == pytest.approx(250)
    assert len(echo.spans) == 1


def test_tones_that_fit_at_many_lags_are_unjudged():
    echo = trace([replace(group(0, 0.2, 50), rival=48.0)])
    assert echo.verdict == "unjudged"
    assert "tones" in echo.reason


def test_no_far_end_is_unjudged():
    assert trace([]).verdict == "unjudged"


def test_path_of_a_plain_gain_is_its_gain():
    agent = agent_voice(1)
    meter = PathMeter(RATE_HZ, RATE_HZ)
    meter.push((agent * np.float32(0.1)).astype(np.float32), agent)
    path = meter.result()
    assert path.erl_db == pytest.approx(20, abs=0.05)
    assert path.near_share == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("near_db", [-34.0, -24.0])
def test_path_is_not_moved_by_a_talker(near_db):
    agent = agent_voice(1, duration_s=40)
    mic = agent * np.float32(0.1) + voice(2, level_db=near_db, duration_s=40)
    meter = PathMeter(RATE_HZ, RATE_HZ)
    meter.push(mic.astype(np.float32), agent)
    assert meter.result().erl_db == pytest.approx(20, abs=1)


def test_path_of_strangers_has_no_loss_to_speak_of():
    meter = PathMeter(RATE_HZ, RATE_HZ)
    meter.push(room(3), agent_voice(1))
    path = meter.result()
    # The room lies 42 dB below the agent: what is left of it by chance must lie far below that.
    assert path.erl_db is None or path.erl_db > 46


def test_path_of_a_stretch_too_short_is_none():
    meter = PathMeter(RATE_HZ, RATE_HZ)
    meter.push(np.ones(8_000, np.float32), np.ones(8_000, np.float32))
    assert meter.result() is None


def test_leak_reads_two_arrays():
    agent = agent_voice(4)
    mic = signals.leak(agent, rate_hz=RATE_HZ, delay_ms=250, erl_db=15).echo + room(5)
    echo = leak(mic.astype(np.float32), agent, rate_hz=RATE_HZ)
    assert echo.delay_ms == pytest.approx(250, abs=0.5)
    assert echo.erl_db == pytest.approx(15, abs=0.5)


def test_strangers_are_clear_with_a_bound():
    echo = leak(voice(4), agent_voice(5), rate_hz=RATE_HZ)
    assert echo.verdict == "clear"
    assert echo.bound_db > 15


def test_a_loss_that_chance_could_have_made_is_not_told():
    groups = [group(0, 0.2, 30)]

    def path_at(_spans, lag_s, **_frames):
        return EchoPath(erl_db=20.0 + MARGIN_DB - 0.1 if lag_s != 0.2 else 20.0, near_share=0.5)

    echo = settled(trace(groups), groups, path_at)
    assert echo.verdict == "echo"
    assert echo.erl_db is None


def test_a_probability_rises_from_what_a_talker_hides_and_is_not_told_where_nothing_is():
    assert trace([group(0, 0.2, 0.0)]).probability == pytest.approx(HIDDEN, abs=1e-6)
    assert trace([group(0, 0.2, EVEN_SIGMAS)]).probability == pytest.approx((1 + HIDDEN) / 2)
    assert trace([group(0, 0.2, 7.0)]).probability > 0.99
    assert trace([]).probability is None


def test_a_room_that_rings_for_a_second_loses_a_tenth_of_a_decibel_in_long_frames(rng):
    agent = agent_voice(4, duration_s=40)
    tail = rng.standard_normal(RATE_HZ) * 10 ** (-3 * np.arange(RATE_HZ) / RATE_HZ)
    ringing = fftconvolve(agent, tail)[: agent.size]
    ringing *= np.sqrt(np.square(agent).sum() / np.square(ringing).sum()) * 10 ** (-20 / 20)
    losses = []
    for frame_s in (PATH_FRAME_S, LONG_FRAME_S):
        meter = PathMeter(RATE_HZ, RATE_HZ, frame_s)
        meter.push(ringing.astype(np.float32), agent)
        losses.append(meter.result().erl_db)
    assert losses[0] > losses[1] > 19.5
    assert losses[1] == pytest.approx(20, abs=1)


@pytest.mark.parametrize("drift_ppm", [-1_400, -700, 300, 1_000])
def test_an_echo_of_clocks_that_run_apart_is_found_and_its_loss_measured_along_its_way(drift_ppm):
    agent = agent_voice(4, duration_s=40)
    still = signals.leak(agent, rate_hz=RATE_HZ, delay_ms=250, erl_db=15).echo
    moved = skewed(still, drift_ppm) + room(5, duration_s=41)[: skewed(still, drift_ppm).size]
    echo = leak(moved.astype(np.float32), agent, rate_hz=RATE_HZ)
    assert echo.verdict == "echo"
    assert echo.drift_ppm == pytest.approx(drift_ppm, abs=2)
    assert echo.erl_db == pytest.approx(15, abs=1)


def test_an_echo_that_only_drifting_clocks_show_is_found_though_it_is_as_loud_as_the_room():
    agent = agent_voice(4, duration_s=20)
    noise = room(5, duration_s=21, level_db=-45)
    moved = skewed(signals.leak(agent, rate_hz=RATE_HZ, delay_ms=250, erl_db=30).echo, 700)
    echo = leak((moved + noise[: moved.size]).astype(np.float32), agent, rate_hz=RATE_HZ)
    assert (echo.verdict, round(echo.delay_ms)) == ("echo", pytest.approx(257, abs=7))


def test_strangers_of_clocks_that_run_apart_are_strangers():
    agent = agent_voice(7, duration_s=40)
    assert leak(skewed(agent_voice(8, duration_s=40), 700), agent, rate_hz=RATE_HZ).verdict == "clear"


def test_a_reference_that_was_scaled_twice_still_shows_its_echo_and_noise_so_soft_is_unjudged():
    agent = agent_voice(4, duration_s=20)
    mic = signals.leak(agent, rate_hz=RATE_HZ, delay_ms=250, erl_db=15).echo + room(5, duration_s=20)
    echo = leak(mic, (agent * 10 ** (-42 / 20)).astype(np.float32), rate_hz=RATE_HZ)
    assert (echo.verdict, round(echo.delay_ms)) == ("echo", 250)
    assert echo.erl_db == pytest.approx(15 - 42, abs=1)
    soft = leak(mic, room(9, duration_s=20, level_db=-70), rate_hz=RATE_HZ)
    assert (soft.verdict, "-60 dBFS" in soft.reason) == ("unjudged", True)


def test_noise_before_the_first_word_is_no_speech():
    agent, noise = agent_voice(4, duration_s=20), room(9, duration_s=12, level_db=-66)
    padded = np.concatenate((noise, agent))
    mic = signals.leak(padded, rate_hz=RATE_HZ, delay_ms=250, erl_db=15).echo + room(5, duration_s=32)
    plain = np.concatenate((np.zeros_like(noise), agent))
    assert leak(mic, padded, rate_hz=RATE_HZ).far_end_s == leak(mic, plain, rate_hz=RATE_HZ).far_end_s


@pytest.mark.parametrize("period_s", [8, 20])
def test_the_loss_is_measured_along_a_delay_that_slides_and_turns(period_s):
    echo = leak(*slid(lambda at: 1_100e-6 * np.minimum(at % period_s, period_s - at % period_s)), rate_hz=RATE_HZ)
    assert echo.drift_ppm is None
    assert echo.erl_db == pytest.approx(24, abs=0.3)


def test_a_delay_that_swings_too_fast_to_be_followed_has_no_loss_and_says_why():
    echo = leak(*slid(lambda at: 0.021 * (1 + np.sin(2 * np.pi * at / 9))), rate_hz=RATE_HZ)
    assert echo.verdict == "echo"
    assert echo.motion.is_too_fast
    assert echo.erl_db is None


def test_losses_so_dense_that_no_lag_lasts_are_an_echo_in_steps_and_a_sound_that_both_repeat_is_not(rng):
    agent = agent_voice(4, duration_s=18)
    mic = signals.leak(agent, rate_hz=RATE_HZ, delay_ms=150, erl_db=20).echo + room(5, duration_s=18)
    keep = np.ones(mic.size, np.bool_)
    for at in np.sort(np.random.default_rng(2).uniform(1.5, 16.5, 27)):
        keep[round(at * RATE_HZ) :][: RATE_HZ // 100] = False
    echo = leak(mic[keep], agent, rate_hz=RATE_HZ)
    assert echo.verdict == "echo"
    assert echo.motion.mic_lost.lost_ms == pytest.approx(270, abs=15)
    prompt = np.tile(rng.standard_normal(round(0.3 * RATE_HZ)).astype(np.float32) * np.float32(0.05), 60)
    assert leak(prompt, prompt, rate_hz=RATE_HZ).verdict == "unjudged"


def slid(later_s):
    """Return a microphone whose echo, 24 dB down, is later by a function of time, and its far end."""
    agent = agent_voice(4, duration_s=40)
    still = signals.leak(agent, rate_hz=RATE_HZ, delay_ms=150, erl_db=24).echo
    fine, at = soxr.resample(still, 1, 8), np.arange(still.size)
    moved = np.interp((at - later_s(at / RATE_HZ) * RATE_HZ) * 8, np.arange(fine.size), fine)
    return (moved + room(5, duration_s=40)[: still.size]).astype(np.float32), agent


def skewed(sound, ppm):
    """Return sound as a microphone takes it whose clock is faster by so much."""
    return soxr.resample(sound, 1e6, 1e6 + ppm).astype(np.float32)


def test_the_same_hum_in_both_tracks_is_not_an_echo(rng):
    times = np.arange(20 * RATE_HZ) / RATE_HZ
    hum = sum(0.02 / k * np.sin(2 * np.pi * 50 * k * times) for k in range(1, 60))
    tracks = [(hum + 1e-4 * rng.standard_normal(times.size)).astype(np.float32) for _ in range(2)]
    assert leak(*tracks, rate_hz=RATE_HZ).verdict == "unjudged"


def test_real_recordings_have_the_delay_that_two_other_estimators_agree_on(shared_data):
    folder = shared_data / "echo"
    rows = list(csv.DictReader((folder / "manifest.csv").read_text(encoding="utf-8").splitlines()))
    checked = 0
    for row in rows:
        if row["echo_label"] != "1" or not row["silver_delay_ms"] or row["recording"] != "real":
            continue
        (mic, rate_hz), (far, far_hz) = (
            soundfile.read(folder / row[key], dtype="float32") for key in ("file_mic", "file_far")
        )
        echo = leak(mic, far, rate_hz=rate_hz, speaker_rate_hz=far_hz)
        assert echo.verdict == "echo", row["id"]
        assert echo.delay_ms == pytest.approx(float(row["silver_delay_ms"]), abs=2), row["id"]
        checked += 1
    assert checked >= 8
