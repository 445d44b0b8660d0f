"""Lateness that grows with every chunk and lateness that grows in steps: closed forms, with jitter and without."""

import numpy as np
import pytest

from voicediag.measure.pace_growth import growth

CHUNKS, CHUNK_S = 2_000, 0.02


def jitter(sigma_s, seed):
    return np.random.default_rng(seed).exponential(sigma_s, CHUNKS)


@pytest.mark.parametrize("sigma_s", [0.0, 0.002, 0.008])
def test_a_cost_of_each_chunk_is_even_whatever_the_jitter(sigma_s):
    late_s = 0.0013 * np.arange(CHUNKS) + jitter(sigma_s, 1)
    assert growth(late_s, chunk_s=CHUNK_S) == "even"


@pytest.mark.parametrize("sigma_s", [0.0, 0.002, 0.004])
def test_buffers_that_are_lost_now_and_then_are_steps(sigma_s):
    # One in fifty chunks, at random: the index of dispersion is 49.
    lost = np.random.default_rng(2).random(CHUNKS) < 1 / 50
    late_s = 0.01 * np.cumsum(lost) + jitter(sigma_s, 3)
    assert growth(late_s, chunk_s=CHUNK_S) == "steps"


def test_a_cost_far_below_the_jitter_is_even():
    chunks = np.arange(600)
    late_s = 0.001 * chunks + np.random.default_rng(5).exponential(0.025, chunks.size)
    assert growth(late_s, chunk_s=0.1) == "even"


def test_steps_below_the_jitter_are_steps():
    # One in forty chunks, at random: the index of dispersion is 39.
    random = np.random.default_rng(6)
    late_s = 0.02 * np.cumsum(random.random(CHUNKS) < 1 / 40) + random.exponential(0.025, CHUNKS)
    assert growth(late_s, chunk_s=CHUNK_S) == "steps"


def test_what_jitter_hides_is_not_told():
    late_s = 0.0001 * np.arange(CHUNKS) + jitter(0.1, 4)
    assert growth(late_s, chunk_s=CHUNK_S) is None


@pytest.mark.parametrize("late_s", [np.arange(20.0), -0.001 * np.arange(CHUNKS), np.zeros(CHUNKS), np.zeros(1)])
def test_too_few_chunks_and_no_growth_are_not_told(late_s):
    assert growth(late_s, chunk_s=CHUNK_S) is None
