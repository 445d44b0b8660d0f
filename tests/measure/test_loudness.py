"""Loudness against the standard's coefficients and closed forms; see also tests/conformance."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import freqz, lfilter

from voicediag.measure.loudness import LoudnessMeter, k_weighting, measure_loudness

RATE_HZ = 16_000


def tone(dbfs, seconds, *, rate_hz=RATE_HZ, hz=1_000):
    amplitude = 10 ** (dbfs / 20)
    return (amplitude * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate_hz)) / rate_hz)).astype(np.float32)


def gain_db(hz, rate_hz):
    return sum(20 * math.log10(abs(freqz(b, a, [hz], fs=rate_hz)[1][0])) for b, a in k_weighting(rate_hz))


def test_at_48_khz_the_filters_are_those_of_the_standard():
    # BS.1770-5, Annex 1, tables 2 and 1.
    (high_b, high_a), (shelf_b, shelf_a) = k_weighting(48_000)
    np.testing.assert_allclose(high_b, [1.0, -2.0, 1.0], atol=1e-9)
    np.testing.assert_allclose(high_a, [1.0, -1.99004745483398, 0.99007225036621], atol=1e-9)
    np.testing.assert_allclose(shelf_b, [1.53512485958697, -2.69169618940638, 1.19839281085285], atol=1e-9)
    np.testing.assert_allclose(shelf_a, [1.0, -1.69065929318241, 0.73248077421585], atol=1e-9)


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 16_000, 22_050, 24_000, 44_100, 48_000])
def test_speech_is_weighted_alike_at_every_rate(rate_hz):
    for hz, within_db in [(100, 0.02), (200, 0.02), (500, 0.05), (1_000, 0.25)]:
        assert gain_db(hz, rate_hz) == pytest.approx(gain_db(hz, 48_000), abs=within_db)


def test_a_full_scale_sine_of_997_hz_reads_minus_3_01():
    read = measure_loudness(tone(0, 5, rate_hz=48_000, hz=997), rate_hz=48_000)
    assert read.integrated_lufs == pytest.approx(-3.01, abs=0.01)
    assert read.max_momentary_lufs == pytest.approx(-3.01, abs=0.02)
    assert read.max_short_term_lufs == pytest.approx(-3.01, abs=0.02)


def test_blocks_are_counted():
    read = measure_loudness(tone(-20, 2.05), rate_hz=RATE_HZ)
    assert (read.blocks, read.gated_blocks) == (17, 17)


def test_an_offset_is_not_heard():
    steady = np.full(10 * RATE_HZ, 0.5, dtype=np.float32)
    quiet = tone(-40, 10)
    alone = measure_loudness(quiet[2 * RATE_HZ :], rate_hz=RATE_HZ).integrated_lufs
    meter = LoudnessMeter(RATE_HZ, relative_gate_lu=-200.0).push(steady + quiet)
    assert measure_loudness((steady + quiet)[:100], rate_hz=RATE_HZ).integrated_lufs is None
    # The step at the start is heard for 0.1 s, so compare the loudness after it.
    late = BlockPowers(meter)[20:]
    assert 10 * math.log10(np.mean(late)) - 0.691 == pytest.approx(alone, abs=0.01)


def BlockPowers(meter):  # noqa: N802 - reads as what it gives
    """The power of each 100 ms, from a copy of the meter that was finished."""
    import copy

    end = copy.deepcopy(meter)
    end._finish(end._held[: end._held_frames])
    return np.concatenate(end._power)


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 16_000, 44_100])
def test_powers_follow_the_recursion(rng, rate_hz):
    samples = (0.1 * rng.standard_normal(rate_hz * 9)).astype(np.float32)
    weighted = samples.astype(np.float64)
    for b, a in k_weighting(rate_hz):
        weighted = lfilter(b, a, weighted)
    step = round(rate_hz / 10)
    rows = weighted[: weighted.size // step * step].reshape(-1, step)
    np.testing.assert_allclose(BlockPowers(LoudnessMeter(rate_hz).push(samples)), (rows**2).mean(axis=1), rtol=1e-5)


def test_sound_after_a_long_silence_is_heard():
    samples = np.concatenate([np.zeros(20 * RATE_HZ, dtype=np.float32), tone(-20, 5)])
    expected = measure_loudness(tone(-20, 5), rate_hz=RATE_HZ)
    read = measure_loudness(samples, rate_hz=RATE_HZ)
    assert read.max_short_term_lufs == pytest.approx(expected.max_short_term_lufs, abs=1e-4)


@pytest.mark.parametrize("seconds", [0.0, 0.39, 10.0])
def test_silence_and_scraps_have_none(seconds):
    read = measure_loudness(np.zeros(round(seconds * RATE_HZ), dtype=np.float32), rate_hz=RATE_HZ)
    assert (read.integrated_lufs, read.max_momentary_lufs, read.max_short_term_lufs) == (None, None, None)


def test_two_seconds_have_no_short_term_loudness():
    read = measure_loudness(tone(-20, 2), rate_hz=RATE_HZ)
    assert read.integrated_lufs is not None
    assert read.max_short_term_lufs is None


@settings(max_examples=20)
@given(cuts=st.lists(st.integers(0, 300_000), max_size=6), seed=st.integers(0, 9))
def test_pieces_read_as_the_whole(cuts, seed):
    samples = (0.1 * np.random.default_rng(seed).standard_normal(300_000)).astype(np.float32)
    meter = LoudnessMeter(RATE_HZ)
    for part in np.split(samples, sorted(cuts)):
        meter.push(part)
    assert meter.result() == measure_loudness(samples, rate_hz=RATE_HZ)
