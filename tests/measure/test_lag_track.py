import itertools

import numpy as np
import pytest

from voicediag.measure.lag_track import JUMP_COST, MOVE_COST, MOVES, SURE_SIGMAS, likelihood, steadiest


def price(here, there):
    step = abs(there - here)
    return min(JUMP_COST, MOVE_COST * step) if step in (0, *MOVES) else JUMP_COST


def worth_of(path, worth):
    moves = sum(price(here, there) for here, there in itertools.pairwise(path))
    return sum(worth[frame, place] for frame, place in enumerate(path)) - moves


@pytest.mark.parametrize("seed", range(4))
def test_no_other_path_is_worth_more(seed):
    worth = np.random.default_rng(seed).uniform(0, 120, (4, 7)).astype(np.float32)
    best = max(itertools.product(range(7), repeat=4), key=lambda path: worth_of(path, worth))
    assert worth_of(steadiest(worth).tolist(), worth) == pytest.approx(worth_of(best, worth), rel=1e-5)


def test_frames_that_say_nothing_hold_the_lag():
    worth = np.zeros((9, 50), np.float32)
    worth[0, 20] = worth[8, 20] = 50
    assert steadiest(worth).tolist() == [20] * 9


def test_a_path_begins_where_it_came_from():
    worth = np.zeros((3, 400), np.float32)
    worth[:, 10] = 20
    worth[:, 350] = 21
    assert steadiest(worth, first=15).tolist() == [10] * 3
    assert steadiest(worth).tolist() == [350] * 3


def test_of_two_sure_tops_the_higher_one_stays_the_better():
    scores = np.array([[2 * SURE_SIGMAS, 4 * SURE_SIGMAS, 1.0]], np.float32)
    told = likelihood(scores, np.array([True]))
    assert told.argmax() == 1
    assert told.max() == pytest.approx(SURE_SIGMAS**2 / 2)
    assert not likelihood(scores, np.array([False])).any()


def test_no_frames_are_no_path():
    assert steadiest(np.zeros((0, 5), np.float32)).size == 0
