import numpy as np
import pytest

from voicediag.measure import lag_steps
from voicediag.measure.echo_frames import REACH, SIZE
from voicediag.measure.whitening import BAND_HZ, GRID_HZ

STEP = 80


def scene(*, at=20, step=STEP, frames=40):
    """Return a path that steps, and scores that have their top on it."""
    path = np.full(frames, REACH)
    path[at:] += step
    scores = np.zeros((frames, 2 * REACH), np.float32)
    scores[np.arange(frames), path] = 10
    return path, scores, np.ones(frames, np.bool_)


def test_a_step_that_the_sound_bears_out_has_support_on_both_sides():
    path, scores, is_live = scene()
    assert lag_steps.backing(scores, path, is_live, 19) == lag_steps.SIDE_FRAMES * lag_steps.SURE_SIGMAS


def test_a_step_that_the_sound_does_not_bear_out_has_none():
    path, scores, is_live = scene()
    scores[20:] = 0
    assert lag_steps.backing(scores, path, is_live, 19) < lag_steps.LEAST_SUPPORT


def test_sides_end_at_the_next_steps_and_leave_out_what_is_not_live():
    path, _, is_live = scene(at=20)
    path[26:] += STEP
    is_live[[18, 22]] = False
    before, behind = lag_steps.sides(path, is_live, 19)
    assert before.tolist() == [*range(3, 18), 19]
    assert behind.tolist() == [20, 21, 23, 24, 25]


@pytest.mark.parametrize("slope", [0.0, 0.5, -0.5])
def test_a_drift_adds_nothing_to_the_size(slope):
    path, _, is_live = scene()
    lags = path + slope * np.arange(path.size)
    before, behind = lag_steps.sides(path, is_live, 19)
    found = lag_steps.size(lags, np.full(path.size, 9.0, np.float32), before, behind)
    assert found == pytest.approx(STEP, abs=0.5)


def test_a_step_in_a_long_pause_with_little_around_it_is_left_to_the_drift():
    path, _, is_live = scene(at=30, frames=60)
    is_live[4:56] = False
    before, behind = lag_steps.sides(path, is_live, 29)
    assert lag_steps.size(path.astype(float), np.full(60, 9.0, np.float32), before, behind) is None


def heard(rng, *, said, change):
    """Return white noise where `said`, and a microphone that hears it `STEP` samples earlier after a change."""
    speaker = (rng.standard_normal(said.size) * said).astype(np.float32)
    mic = rng.standard_normal(said.size).astype(np.float32) * np.float32(0.1)
    mic[STEP:change] += speaker[: change - STEP]
    mic[change:] += speaker[change:]
    return mic, speaker


def placed(mic, speaker, within):
    bins = round((BAND_HZ[1] - BAND_HZ[0]) * SIZE / GRID_HZ)
    return lag_steps.place(mic, speaker, np.ones(bins, np.complex64), (STEP, 0), within)


def test_a_step_under_sound_is_placed_to_a_few_samples(rng):
    at, first, last = placed(*heard(rng, said=np.ones(32_000), change=15_000), (12_000, 18_000))
    assert at == pytest.approx(15_000, abs=50)
    assert first <= at <= last < first + 200


def test_a_step_in_a_pause_may_lie_anywhere_in_it(rng):
    said = np.ones(32_000)
    said[13_000:17_000] = 0
    at, first, last = placed(*heard(rng, said=said, change=14_000), (12_000, 18_000))
    # Nineteen twentieths of four thousand samples, whose middle is as far from either end.
    assert (first, last) == (pytest.approx(13_100, abs=150), pytest.approx(16_900, abs=150))
    assert at == pytest.approx(15_000, abs=300)
