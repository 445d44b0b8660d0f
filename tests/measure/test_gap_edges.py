"""Candidates in noise whose level steps at known places."""

import numpy as np
import pytest

from voicediag.measure.band_cells import band_levels, hop_frames
from voicediag.measure.gap_edges import LONGEST, SHORTEST, candidates, steps

RATE_HZ = 16_000
HOP = hop_frames(RATE_HZ)


def noise_with(*holes, quiet_db=-40.0, frames=4 * RATE_HZ):
    sound = np.random.default_rng(2).normal(0, 0.1, frames).astype(np.float32)
    for start, end in holes:
        sound[start:end] *= np.float32(10 ** (quiet_db / 20))
    return band_levels(sound, rate_hz=RATE_HZ)


def test_steps_are_where_the_level_changes():
    falls, rises = steps(noise_with((16_000, 24_000)))
    assert np.abs(falls * HOP - 16_000).min() <= HOP
    assert np.abs(rises * HOP - 24_000).min() <= HOP


@pytest.mark.parametrize("length", [320, 1_600, 16_000])
@pytest.mark.parametrize("quiet_db", [-20.0, -40.0])
def test_a_hole_is_a_candidate_from_edge_to_edge(length, quiet_db):
    first, last = candidates(noise_with((16_000, 16_000 + length), quiet_db=quiet_db))
    assert (np.abs(first * HOP - 16_000) + np.abs(last * HOP - 16_000 - length)).min() <= 2 * HOP
    assert ((last - first >= SHORTEST) & (last - first <= LONGEST + 8)).all()


def test_what_never_sets_in_again_is_none():
    first, _ = candidates(noise_with((32_000, 64_000)))
    assert not (np.abs(first * HOP - 32_000) <= 2 * HOP).any()


@pytest.mark.parametrize("cells", [0, 1, 3])
def test_hardly_any_sound_has_no_candidates(cells):
    first, last = candidates(np.full((cells, 8), -50, np.float32))
    assert first.size == last.size == 0
