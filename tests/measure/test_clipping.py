"""Clipping of known places, and loud sound that is not clipped."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicediag.measure.clipping import RAIL, ClippingMeter, find_clipping

RATE_HZ = 16_000


def int16(samples):
    """What a 16-bit file gives back."""
    return (np.clip(np.round(np.asarray(samples) * 32_768), -32_768, 32_767) / 32_768).astype(np.float32)


def sine(hz, amplitude, seconds=1.0, rate_hz=RATE_HZ, degrees=0.0):
    return amplitude * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate_hz)) / rate_hz + np.radians(degrees))


def voice(rng, seconds=10.0):
    """Noise in the band of voiced speech with a swelling level, peak 1."""
    spectrum = np.fft.rfft(rng.standard_normal(round(seconds * RATE_HZ)))
    hz = np.arange(spectrum.size) / seconds
    spectrum *= (hz > 100) / np.maximum(hz, 300) ** 1.5
    samples = np.fft.irfft(spectrum) * (1 + np.sin(2 * np.pi * 3 * np.arange(round(seconds * RATE_HZ)) / RATE_HZ))
    return samples / np.abs(samples).max()


def runs_at(samples, value):
    """Count and total length of runs of 3 or more samples at or beyond `value`, by a plain loop."""
    found, length = [], 0
    for hit in [*(samples >= value).tolist(), False]:
        if hit:
            length += 1
        elif length:
            found.append(length)
            length = 0
    return [length for length in found if length >= 3]


def test_saturated_sound_is_counted_to_the_sample(rng):
    samples = int16(3 * voice(rng))
    expected = runs_at(samples, RAIL) + runs_at(-samples, RAIL)
    read = find_clipping(samples, rate_hz=RATE_HZ)
    assert len(expected) > 100
    # A top that two slow crests join by chance may pass for smooth; nothing else may be missed.
    assert read.flat_tops == pytest.approx(len(expected), rel=0.02)
    assert read.clipped_samples == pytest.approx(sum(expected), rel=0.02)
    assert read.rail == 1.0
    assert read.wraps == 0


def test_the_place_is_named(rng):
    samples = int16(0.3 * voice(rng))
    samples[50_000:50_020] = 32_767 / 32_768
    samples[120_000:120_010] = -1.0
    read = find_clipping(samples, rate_hz=RATE_HZ)
    assert (read.starts.tolist(), read.ends.tolist()) == ([50_000, 120_000], [50_020, 120_010])
    assert (read.flat_tops, read.clipped_samples) == (2, 30)


@pytest.mark.parametrize("gain", [0.7, 0.3, 0.05])
def test_clipped_and_turned_down_is_found_below_full_scale(rng, gain):
    read = find_clipping(int16(gain * np.clip(3 * voice(rng), -1, 1)), rate_hz=RATE_HZ)
    assert read.flat_tops > 100
    assert read.rail == pytest.approx(gain, abs=1e-3)


def test_two_flat_tops_below_full_scale_may_be_chance(rng):
    samples = int16(0.3 * voice(rng))
    samples[50_000:50_005] = samples[60_000:60_005] = 0.5
    assert find_clipping(samples, rate_hz=RATE_HZ).flat_tops == 0
    assert find_clipping(samples, rate_hz=RATE_HZ, min_tops=2).flat_tops == 2


@pytest.mark.parametrize("hz", [20, 50, 100, 440, 997, 1_000, 4_000, 7_000])
@pytest.mark.parametrize("amplitude", [1.0, 32_767 / 32_768, 0.5, 0.1])
@pytest.mark.parametrize("rate_hz", [16_000, 48_000])
def test_a_sine_is_not_clipped(hz, amplitude, rate_hz):
    for degrees in (0, 30, 45):
        tone = sine(hz, amplitude, rate_hz=rate_hz, degrees=degrees)
        for samples in (tone.astype(np.float32), int16(tone)):
            read = find_clipping(samples, rate_hz=rate_hz)
            assert (read.flat_tops, read.wraps) == (0, 0)


def test_touch_tones_are_not_clipped():
    for low in (697, 770, 852, 941):
        for high in (1_209, 1_336, 1_477):
            read = find_clipping(int16(sine(low, 0.45) + sine(high, 0.45)), rate_hz=RATE_HZ)
            assert (read.flat_tops, read.wraps) == (0, 0)


def test_normalised_and_limited_sound_is_not_clipped(rng):
    loud = voice(rng)
    assert find_clipping(int16(loud), rate_hz=RATE_HZ).flat_tops == 0
    limited = np.tanh(2 * loud)
    assert find_clipping(int16(limited / np.abs(limited).max()), rate_hz=RATE_HZ).flat_tops == 0


def test_mu_law_steps_are_not_clipping(rng):
    # ITU-T G.711 in its continuous form: 8 bits of log magnitude, whose top steps are 1/32 of full scale wide.
    for gain in (0.9, 0.3, 0.05):
        samples = gain * voice(rng)
        code = np.round(127 * np.log1p(255 * np.abs(samples)) / np.log(256))
        decoded = np.sign(samples) * (256 ** (code / 127) - 1) / 255
        assert find_clipping(int16(decoded), rate_hz=RATE_HZ).flat_tops == 0


def test_a_square_wave_is_reported():
    read = find_clipping(int16(0.5 * np.sign(sine(100, 1.0, degrees=1))), rate_hz=RATE_HZ)
    assert read.rail == 0.5
    assert read.flat_tops > 150


def test_overflow_wraps(rng):
    asked = 1.5 * voice(rng)
    wrapped = ((np.round(asked * 32_768).astype(int) + 32_768) % 65_536 - 32_768) / 32_768
    read = find_clipping(wrapped.astype(np.float32), rate_hz=RATE_HZ)
    beyond = np.abs(asked) >= 1
    assert read.wraps >= 0.5 * np.count_nonzero(beyond[1:] & ~beyond[:-1])
    assert read.flat_tops == 0
    for start, end in zip(read.wrap_starts, read.wrap_ends, strict=True):
        assert beyond[start:end].any()


@pytest.mark.parametrize("gain", [1.0, 3.0, 10.0])
def test_noise_at_full_scale_does_not_wrap(rng, gain):
    assert find_clipping(int16(gain * rng.uniform(-1, 1, 200_000)), rate_hz=RATE_HZ).wraps == 0


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_a_constant_is_stuck_not_clipped(value):
    assert find_clipping(np.full(100_000, value, dtype=np.float32), rate_hz=RATE_HZ).flat_tops == 0


def test_nothing_reads_nothing():
    read = find_clipping(np.empty(0, dtype=np.float32), rate_hz=RATE_HZ)
    assert (read.frames, read.clipped_samples, read.rail, read.starts.size) == (0, 0, None, 0)


@settings(max_examples=25)
@given(cuts=st.lists(st.integers(0, 160_000), max_size=6), seed=st.integers(0, 9))
def test_pieces_read_as_the_whole(cuts, seed):
    samples = int16(2 * voice(np.random.default_rng(seed)))
    meter, whole = ClippingMeter(RATE_HZ), find_clipping(samples, rate_hz=RATE_HZ)
    for part in np.split(samples, sorted(cuts)):
        meter.push(part)
    pieces = meter.result()
    np.testing.assert_array_equal(pieces.starts, whole.starts)
    np.testing.assert_array_equal(pieces.ends, whole.ends)
    assert (pieces.clipped_samples, pieces.flat_tops) == (whole.clipped_samples, whole.flat_tops)
