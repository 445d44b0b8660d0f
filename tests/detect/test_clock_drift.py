"""Two clocks: sound resampled by a transform of all of it, which no part of the detector uses, and lags that wander."""

import json

import numpy as np
import pytest
from scenes import RATE_HZ, RECORDINGS, agent_voice, session_of
from scipy.interpolate import CubicSpline
from scipy.signal import resample

import voicediag as vd
from voicediag import signals
from voicediag.detect import clock_drift
from voicediag.detect.clock_drift import LEAST_DRIFT, SURE
from voicediag.detect.examination import Examination
from voicediag.session import ArraySource, Clock, Session, Track

LONG_S = 30.0
PPM = 1e-6


def examined(tracks):
    return clock_drift.DETECTOR.examine(Examination(tracks if isinstance(tracks, Session) else session_of(tracks)))


def faster(sound, ppm):
    """The sound as a clock takes it that is faster by so much, to the next whole sample: as many samples more."""
    return resample(sound, round(sound.size * (1 + ppm * PPM))).astype(np.float32)


def planted(sound, ppm):
    """What a drift becomes by whole samples."""
    return (round(sound.size * (1 + ppm * PPM)) / sound.size - 1) / PPM


def wandering(sound, size_s, period_s):
    """The sound with a lag that swings by so much to either side."""
    time_s = np.arange(sound.size) / RATE_HZ
    at_s = time_s - size_s * np.sin(2 * np.pi * time_s / period_s)
    return CubicSpline(time_s, sound)(np.clip(at_s, 0, time_s[-1])).astype(np.float32)


@pytest.fixture(scope="module")
def voice():
    room = 1e-3 * np.random.default_rng(4).standard_normal(round(LONG_S * RATE_HZ))
    return (agent_voice(3, duration_s=LONG_S) + room).astype(np.float32)


@pytest.mark.parametrize(
    ("first", "second", "ppm"),
    [
        ("agent-received", "agent-played", 200),
        ("agent-received", "agent-played", -120),
        ("user-captured", "user-sent", 75),
    ],
)
def test_a_planted_drift_is_measured_within_its_error(voice, first, second, ppm):
    (finding,) = examined({first: voice, second: faster(voice, ppm)}).findings
    evidence, measure = finding.primary, finding.primary.measure
    assert (evidence.track, evidence.against) == (second, first)
    assert abs(measure["drift_ppm"] - planted(voice, ppm)) <= SURE.value * measure["drift_error_ppm"]
    assert measure["drift_error_ppm"] < 1
    assert 0.7 * LONG_S < measure["over_s"] <= LONG_S
    # 20 ms over so many parts in a million.
    assert f"20 ms every {0.02 / (abs(measure['drift_ppm']) * PPM):.0f} s" in finding.summary


@pytest.mark.parametrize("ppm", [0, 20])
def test_the_clean_twin_is_clear_and_says_how_far_it_looked(voice, ppm):
    verdict = examined({"agent-received": voice, "agent-played": faster(voice, ppm)})
    assert verdict.is_clear
    told, rest = verdict.bound.removeprefix("agent-played against agent-received ").split(" ± ")
    assert float(told) == pytest.approx(planted(voice, ppm), abs=1)
    assert rest.split(" ppm over ")[0] != "0.0"


def test_what_the_session_knows_of_its_clocks_is_no_fault(voice):
    tracks = {
        "agent-received": Track(name="agent-received", source=ArraySource(voice, RATE_HZ)),
        "agent-played": Track(
            name="agent-played", source=ArraySource(faster(voice, 200), RATE_HZ), clock=Clock(drift_ppm=200)
        ),
    }
    assert examined(Session(source="test", tracks=tracks)).is_clear


def test_a_lag_that_moves_to_and_fro_is_no_drift(voice):
    # At its steepest it moves by 1,257 µs a second.
    verdict = examined({"agent-received": voice, "agent-played": wandering(voice, 1e-3, 5.0)})
    assert not verdict.findings
    assert "ppm" in (verdict.bound or verdict.reason)


def test_half_a_wave_of_wander_is_not_taken_for_a_line(voice):
    # It begins at the wave's lowest point and ends at its highest: 8 ms later after 30 s.
    turned = voice[::-1].copy()
    time_s = np.arange(voice.size) / RATE_HZ
    lag_s = -4e-3 * np.cos(np.pi * time_s / LONG_S)
    second = CubicSpline(time_s, turned)(np.clip(time_s - lag_s, 0, time_s[-1])).astype(np.float32)
    verdict = examined({"agent-received": turned, "agent-played": second})
    assert not verdict.findings
    assert not verdict.is_clear


def test_a_drift_at_the_limit_is_unjudged(voice):
    verdict = examined({"agent-received": voice, "agent-played": faster(voice, LEAST_DRIFT.value)})
    assert "too near 50 ppm for its error" in verdict.reason


@pytest.mark.parametrize(
    ("tracks", "reason"),
    [
        (lambda sound: {"user-sent": sound}, "no two tracks hold the same sound"),
        (lambda sound: {"agent-received": sound, "agent-played": agent_voice(99)}, "no two tracks hold the same sound"),
        (
            lambda sound: {"agent-received": sound[: 5 * RATE_HZ], "agent-played": sound[: 5 * RATE_HZ]},
            "too little common sound",
        ),
    ],
    ids=["one-track", "two-sounds", "five-seconds"],
)
def test_what_cannot_be_told_is_unjudged(voice, tracks, reason):
    assert reason in examined(tracks(voice)).reason


def leaking(drift_ppm):
    far = agent_voice(5, duration_s=LONG_S)
    echo = signals.leak(far, rate_hz=RATE_HZ, delay_ms=120, erl_db=12, drift_ppm=drift_ppm).echo
    noise = signals.noise(duration_s=LONG_S, rate_hz=RATE_HZ, level_db=-66.0, seed=6)
    return session_of({"user-sent": (echo + noise).astype(np.float32), "agent-played": far})


def test_loudspeaker_and_microphone_on_two_clocks_are_told_by_their_echo():
    diagnosis = vd.check(leaking(150))
    assert [finding.id for finding in diagnosis.root_causes] == ["clock-drift", "echo-leak"]
    finding = diagnosis.root_causes[0]
    assert (finding.primary.track, finding.primary.against) == ("user-sent", "agent-played")
    assert finding.primary.measure["drift_ppm"] == pytest.approx(150, abs=2)
    assert "microphone" in finding.remedy


def test_a_drift_that_no_canceller_follows_explains_the_echo():
    diagnosis = vd.check(leaking(700))
    assert [finding.id for finding in diagnosis.root_causes] == ["clock-drift"]
    assert [finding.id for finding in diagnosis.symptoms(diagnosis.root_causes[0])] == ["echo-leak"]


def test_an_echo_on_one_clock_is_clear():
    assert "user-sent against agent-played" in examined(leaking(0)).bound


def test_the_recorded_drift_is_measured_and_its_twin_has_none():
    folder = RECORDINGS / "clock-drift" / "fast-player.vds"
    (fault,) = json.loads((folder / "truth.json").read_text())["faults"]
    (finding,) = vd.check(vd.load(folder)).findings
    measure = finding.primary.measure
    off_ppm = abs(measure["drift_ppm"] - fault["sizes"]["drift_ppm"])
    assert off_ppm <= SURE.value * measure["drift_error_ppm"]
    assert examined(vd.load(RECORDINGS / "clean" / "safety-talk.vds")).is_clear
