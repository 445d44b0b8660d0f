import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import butter, sosfiltfilt

from voicediag.measure.whitening import BAND_HZ, GRID_HZ, Whitener

SECONDS = 4


def noise(rng):
    return rng.standard_normal(SECONDS * GRID_HZ).astype(np.float32)


def white(samples, exponent, **options):
    return Whitener(exponent, **options).push(samples, last=True)[: samples.size]


def test_exponent_nought_leaves_the_band_as_it_was(rng):
    samples = noise(rng)
    # The bins' edges, 31 Hz wide, and the windows' skirts lie outside of this.
    inner = butter(8, (BAND_HZ[0] + 200, BAND_HZ[1] - 200), "bandpass", fs=GRID_HZ, output="sos")
    before, after = (sosfiltfilt(inner, track)[GRID_HZ:-GRID_HZ] for track in (samples, white(samples, 0.0)))
    assert np.corrcoef(before, after)[0, 1] > 0.99999
    assert after.std() == pytest.approx(before.std(), rel=1e-3)


def test_a_loud_half_comes_out_as_loud_as_a_quiet_one(rng):
    samples = noise(rng)
    samples[: samples.size // 2] *= np.float32(0.01)
    halves = np.split(white(samples, 1.0), 2)
    ratio_db = 20 * np.log10(halves[1][GRID_HZ // 4 :].std() / halves[0][: -GRID_HZ // 4].std())
    assert abs(ratio_db) < 0.5


def test_a_loud_tone_comes_out_no_louder_than_its_share_of_the_band(rng):
    times = np.arange(SECONDS * GRID_HZ) / GRID_HZ
    out = white((noise(rng) + 100 * np.sin(2 * np.pi * 1_000 * times)).astype(np.float32), 1.0, is_spread=True)
    spectrum = np.abs(np.fft.rfft(out)) ** 2
    hz = np.fft.rfftfreq(out.size, 1 / GRID_HZ)
    # The window's main lobe is 4 bins wide of the 106 in the band.
    assert spectrum[np.abs(hz - 1_000) < 70].sum() / spectrum.sum() < 0.1


@settings(max_examples=20)
@given(sizes=st.lists(st.integers(0, 3_000), min_size=1, max_size=20), seed=st.integers(0, 100))
def test_the_cut_into_blocks_changes_nothing(sizes, seed):
    samples = np.random.default_rng(seed).standard_normal(sum(sizes)).astype(np.float32)
    whitener, parts = Whitener(1.25, is_spread=True), []
    for index, block in enumerate(np.split(samples, np.cumsum(sizes)[:-1])):
        parts.append(whitener.push(block, last=index == len(sizes) - 1))
    assert np.allclose(np.concatenate(parts), Whitener(1.25, is_spread=True).push(samples, last=True), atol=1e-6)


def test_silence_stays_silence():
    assert not white(np.zeros(GRID_HZ, np.float32), 1.25).any()
