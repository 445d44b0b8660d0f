"""True peak against the signals of EBU Tech 3341 and against interpolating everything."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicediag.measure.true_peak import PHASES, TruePeakMeter, measure_true_peak

RATE_HZ = 48_000


def sine(fraction, degrees, amplitude, frames=48_000):
    return (amplitude * np.sin(2 * np.pi * np.arange(frames) / fraction + math.radians(degrees))).astype(np.float32)


def slow_twin(samples):
    """Every phase of every sample, by numpy's convolution."""
    between = [np.abs(np.convolve(samples.astype(np.float64), phase)).max() for phase in PHASES.astype(np.float64)]
    return 20 * math.log10(max(*between, np.abs(samples).max()))


@pytest.mark.parametrize(
    ("fraction", "degrees", "amplitude", "expected_dbtp"),
    # EBU Tech 3341, cases 15 to 19: (rate / frequency, phase, amplitude), expected -6 and +3 dBTP, +0.2 / -0.4 dB.
    [(4, 0, 0.5, -6.0), (4, 45, 0.5, -6.0), (6, 60, 0.5, -6.0), (8, 67.5, 0.5, -6.0), (4, 45, 1.41, 3.0)],
)
def test_the_tones_of_tech_3341(fraction, degrees, amplitude, expected_dbtp):
    # The standard fades its signals in; a sine that starts at full swing is no band-limited signal.
    ramp = np.minimum(1, np.minimum(np.arange(48_000), np.arange(48_000)[::-1]) / 4_800).astype(np.float32)
    read = measure_true_peak(sine(fraction, degrees, amplitude) * ramp, rate_hz=RATE_HZ).true_peak_dbtp
    assert -0.4 <= read - expected_dbtp <= 0.2


@pytest.mark.parametrize("frames", [1, 5, 63, 64, 65, 700, 70_000])
def test_passing_over_quiet_groups_loses_nothing(rng, frames):
    for _ in range(5):
        loudness = np.exp(rng.normal(0, 1.5, frames // 50 + 1)).repeat(50)[:frames]
        samples = (0.01 * loudness * rng.standard_normal(frames)).astype(np.float32)
        assert measure_true_peak(samples, rate_hz=RATE_HZ).true_peak_dbtp == pytest.approx(slow_twin(samples), abs=1e-4)


def test_the_peak_may_lie_after_the_last_sample():
    samples = np.zeros(64, dtype=np.float32)
    samples[-2:] = 0.5
    assert measure_true_peak(samples, rate_hz=RATE_HZ).true_peak_dbtp == pytest.approx(slow_twin(samples), abs=1e-5)


def test_never_under_the_sample_peak():
    click = np.zeros(100, dtype=np.float32)
    click[50] = -1.0
    assert measure_true_peak(click, rate_hz=RATE_HZ).true_peak_dbtp == 0.0


@pytest.mark.parametrize("frames", [0, 1_000])
def test_silence_has_none(frames):
    assert measure_true_peak(np.zeros(frames, dtype=np.float32), rate_hz=RATE_HZ).true_peak_dbtp is None


@given(cuts=st.lists(st.integers(0, 140_000), max_size=6), seed=st.integers(0, 9))
def test_pieces_read_as_the_whole(cuts, seed):
    rng = np.random.default_rng(seed)
    samples = (rng.standard_normal(140_000) * np.linspace(0.1, 0.2, 140_000)).astype(np.float32)
    meter = TruePeakMeter(RATE_HZ)
    for part in np.split(samples, sorted(cuts)):
        meter.push(part)
    assert meter.result() == measure_true_peak(samples, rate_hz=RATE_HZ)
