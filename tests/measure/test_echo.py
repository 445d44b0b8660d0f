import csv
from dataclasses import replace

import numpy as np
import pytest
import soundfile
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


@pytest.mark.parametrize("drift_ppm", [-1_000, -550, 500, 1_000])
def test_an_echo_of_clocks_that_run_apart_is_found_and_its_loss_measured_along_its_way(drift_ppm):
    agent = agent_voice(4, duration_s=40)
    still = signals.leak(agent, rate_hz=RATE_HZ, delay_ms=250, erl_db=15).echo
    frames = np.arange(still.size)
    moved = np.interp(frames / (1 + drift_ppm * 1e-6), frames, still) + room(5, duration_s=40)[: still.size]
    echo = leak(moved.astype(np.float32), agent, rate_hz=RATE_HZ)
    assert echo.verdict == "echo"
    assert echo.drift_ppm == pytest.approx(drift_ppm, abs=2)
    # Within a frame of half a second the lag moves on: at 1,000 ppm by four periods of the band's top.
    assert echo.erl_db == pytest.approx(15, abs=2.5 if abs(drift_ppm) < 600 else 5)


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
