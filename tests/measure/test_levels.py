"""Levels against closed forms and a plain loop over hops."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicediag.errors import InputError
from voicediag.measure.levels import LevelMeter, level

RATE_HZ = 16_000


def tone(amplitude, seconds=1.0, hz=1_000):
    return (amplitude * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE_HZ)) / RATE_HZ)).astype(np.float32)


@pytest.mark.parametrize("amplitude", [1.0, 0.5, 0.001])
def test_a_sine_is_3_db_under_its_peak(amplitude):
    read = level(tone(amplitude), rate_hz=RATE_HZ)
    assert read.peak_dbfs == pytest.approx(20 * math.log10(amplitude), abs=1e-4)
    assert read.rms_dbfs == pytest.approx(20 * math.log10(amplitude) - 3.0103, abs=1e-4)
    assert read.dc == pytest.approx(0.0, abs=1e-7)


def test_a_full_scale_square_wave_is_0_dbfs():
    square = np.sign(tone(1.0, hz=990.0) + 1e-9)
    read = level(square, rate_hz=RATE_HZ)
    assert (read.rms_dbfs, read.peak_dbfs) == (0.0, 0.0)


def test_an_offset_is_signed_and_counts_in_the_rms():
    read = level(np.full(RATE_HZ, -0.25, dtype=np.float32), rate_hz=RATE_HZ)
    assert read.dc == -0.25
    assert read.rms_dbfs == pytest.approx(-12.0412, abs=1e-4)


def test_each_hop_is_measured_and_the_last_over_what_it_has():
    samples = np.concatenate([np.full(320, 0.5), np.zeros(320), np.full(10, -0.25)]).astype(np.float32)
    read = level(samples, rate_hz=RATE_HZ)
    assert read.rms.tolist() == [0.5, 0.0, 0.25]
    assert read.peak.tolist() == [0.5, 0.0, 0.25]
    assert (read.frames, read.hop_frames, read.hop_s) == (650, 320, 0.02)


@pytest.mark.parametrize("samples", [np.zeros(1_000, dtype=np.float32), np.empty(0, dtype=np.float32)])
def test_silence_has_no_level(samples):
    read = level(samples, rate_hz=RATE_HZ)
    assert read.rms_dbfs is None
    assert read.peak_dbfs is None
    assert read.dc == (0.0 if samples.size else None)


def test_a_hop_is_whole_frames():
    read = level(np.ones(441, dtype=np.float32), rate_hz=11_025)
    assert (read.hop_frames, read.rms.size) == (220, 3)
    assert read.hop_s == pytest.approx(220 / 11_025)


def test_hops_agree_with_a_plain_loop(rng):
    samples = rng.uniform(-1, 1, 200_001).astype(np.float32)
    read = level(samples, rate_hz=44_100)
    hops = [samples[start : start + 882].astype(np.float64) for start in range(0, samples.size, 882)]
    np.testing.assert_allclose(read.rms, [np.sqrt(np.mean(hop**2)) for hop in hops], rtol=1e-6)
    np.testing.assert_array_equal(read.peak, [np.float32(np.abs(hop).max()) for hop in hops])
    assert read.dc == pytest.approx(samples.astype(np.float64).mean(), abs=1e-8)


@given(cuts=st.lists(st.integers(0, 150_000), max_size=6), seed=st.integers(0, 9))
def test_pieces_read_as_the_whole(cuts, seed):
    samples = np.random.default_rng(seed).uniform(-1, 1, 150_000).astype(np.float32)
    meter, whole = LevelMeter(RATE_HZ), level(samples, rate_hz=RATE_HZ)
    for part in np.split(samples, sorted(cuts)):
        meter.push(part)
    pieces = meter.result()
    np.testing.assert_array_equal(pieces.rms, whole.rms)
    np.testing.assert_array_equal(pieces.peak, whole.peak)
    assert (pieces.rms_dbfs, pieces.peak_dbfs, pieces.dc) == (whole.rms_dbfs, whole.peak_dbfs, whole.dc)


def test_stereo_is_refused():
    with pytest.raises(InputError, match="one channel"):
        level(np.zeros((10, 2), dtype=np.float32), rate_hz=RATE_HZ)
