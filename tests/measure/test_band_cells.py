"""Levels of bands, against what a sine of known level must read."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicediag.measure.band_cells import BANDS, EDGES, LINE_BANDS, SILENT_DB, band_levels, hop_frames

RATES_HZ = (8_000, 16_000, 24_000, 48_000)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("line", [2, 6, 12])
def test_a_sine_reads_its_level_in_its_own_band(rate_hz, line):
    sound = 0.5 * np.sin(2 * np.pi * 250 * line * np.arange(rate_hz) / rate_hz)
    levels = band_levels(sound.astype(np.float32), rate_hz=rate_hz)[5:-5]
    band = int(np.searchsorted(EDGES, line, side="right")) - 1
    # A Hann window spreads a sine over three lines: 1, 1/4 and 1/4 of its power.
    lines = [power for near, power in ((line - 1, 0.25), (line, 1.0), (line + 1, 0.25))
             if EDGES[band] <= near < EDGES[band + 1]]  # fmt: skip
    expected = 20 * np.log10(0.5) - 3.01 + 10 * np.log10(sum(lines))
    assert np.abs(levels[:, band] - expected).max() < 1.0
    assert levels[:, band].mean() == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_a_held_sample_is_silence(rate_hz):
    levels = band_levels(np.full(rate_hz, 0.3, np.float32), rate_hz=rate_hz)[2:-2]
    assert levels.max() == pytest.approx(SILENT_DB, abs=0.5)


def test_a_telephone_line_has_six_bands_and_a_part_of_the_seventh():
    noise = np.random.default_rng(1).normal(0, 0.1, 8_000).astype(np.float32)
    levels = band_levels(noise, rate_hz=8_000)
    assert levels.shape == (8_000 // hop_frames(8_000) + 1, BANDS)
    assert (levels[2:-2, : LINE_BANDS + 1].mean(axis=0) > -60).all()
    assert (levels[:, LINE_BANDS + 1 :] == SILENT_DB).all()


@given(at=st.integers(1_000, 7_000))
def test_a_click_is_in_the_two_cells_around_it(at):
    sound = np.zeros(8_000, np.float32)
    sound[at] = 1
    loud = np.flatnonzero(band_levels(sound, rate_hz=8_000)[:, 0] > SILENT_DB + 1)
    assert np.abs(loud * hop_frames(8_000) - at).max() <= hop_frames(8_000)
    assert 1 <= loud.size <= 2
