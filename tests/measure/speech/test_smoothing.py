from itertools import pairwise, product

import numpy as np
import pytest

from voicediag.measure.speech.smoothing import posterior


@pytest.mark.parametrize("change", [0.02, 0.3])
def test_it_is_the_sum_over_all_ways(change):
    logits = np.array([2.0, -1.0, 0.5, -3.0, 1.0, 4.0, -0.2], np.float32)
    total, spoken = 0.0, np.zeros(logits.size)
    for way in product((0, 1), repeat=logits.size):
        changes = sum(a != b for a, b in pairwise(way))
        weight = 0.5 * change**changes * (1 - change) ** (logits.size - 1 - changes)
        weight *= np.exp(np.sum(logits[np.array(way) == 1], dtype=float))
        total += weight
        spoken += weight * np.array(way)
    assert posterior(logits, change=change) == pytest.approx(spoken / total, abs=1e-6)


def test_a_blip_is_carried_over():
    logits = np.full(100, 3.0, np.float32)
    logits[50:52] = -3
    assert (posterior(logits, change=0.001) > 0.5).all()


def test_it_stays_a_number():
    told = posterior(np.array([1e4, -1e4] * 50, np.float32), change=0.02)
    assert np.isfinite(told).all()
    assert posterior(np.zeros(0, np.float32), change=0.02).size == 0
