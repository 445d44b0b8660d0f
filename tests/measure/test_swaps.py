"""Chunks that changed places in tones and noise of known course."""

import numpy as np
import pytest

from voicediag.measure.swaps import find_swaps
from voicediag.session import ArraySource

RATE_HZ = 16_000
SIZE = 800


def voice(seconds=3):
    """Return a tone that glides, with a little noise: neither side of a cut foretells the other."""
    at = np.arange(seconds * RATE_HZ) / RATE_HZ
    glide = np.sin(2 * np.pi * (200 * at + 150 * at**2)) + 0.5 * np.sin(2 * np.pi * (900 * at - 40 * at**2))
    return (0.1 * glide + np.random.default_rng(4).normal(0, 2e-4, at.size)).astype(np.float32)


def swapped(start, size=SIZE):
    sound = voice()
    middle, end = start + size, start + 2 * size
    return np.concatenate((sound[:start], sound[middle:end], sound[start:middle], sound[end:]))


@pytest.mark.parametrize("known", [(0, 1), (1, 2), (0, 2), (0, 1, 2)])
def test_two_seams_of_three_tell_it(known):
    start = 20_000
    seams = [start + part * SIZE for part in known]
    (swap,) = find_swaps(ArraySource(swapped(start), RATE_HZ), seams)
    assert (swap.start, swap.end) == (start, start + 2 * SIZE)


def test_seams_of_a_lost_chunk_are_no_swap():
    sound = np.delete(voice(), np.r_[10_000:10_700, 22_000:22_900])
    assert find_swaps(ArraySource(sound, RATE_HZ), [10_000, 21_300]) == ()


def test_two_pairs_are_told_apart():
    sound = swapped(12_000)
    sound[30_000 : 30_000 + 2 * SIZE] = np.roll(sound[30_000 : 30_000 + 2 * SIZE], SIZE)
    found = find_swaps(ArraySource(sound, RATE_HZ), [12_000, 12_000 + SIZE, 30_000, 30_000 + SIZE])
    assert [each.start for each in found] == [12_000, 30_000]


def test_what_is_whole_or_too_near_an_end_is_none():
    assert find_swaps(ArraySource(voice(), RATE_HZ), []) == ()
    assert find_swaps(ArraySource(voice(), RATE_HZ), [100, 900]) == ()
    assert find_swaps(ArraySource(voice(), RATE_HZ), [20_000, 20_800]) == (), "putting whole sound apart breaks it"
