"""A comb of holes of known length and period, and holes that are no comb."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenes import agent_voice, room

from voicediag.measure.padding import comb

RATE_HZ = 16_000


def filled_up(sound, chunk, period):
    """Return chunks, each filled up with zeros to a period."""
    whole = sound[: sound.size // chunk * chunk].reshape(-1, chunk)
    return np.pad(whole, ((0, 0), (0, period - chunk))).ravel().astype(np.float32)


def told(sound, rate_hz=RATE_HZ):
    return comb(lambda start, frames: sound[start : start + frames], sound.size, rate_hz=rate_hz)


# Of 24 kHz in quanta of 128 frames: 100 ms are 2,400 frames, and 32 are missing to 19 quanta; 5.33 ms are a whole one.
@pytest.mark.parametrize(("chunk", "period"), [(2_400, 2_432), (1_024, 1_152), (320, 384), (1_600, 1_664)])
def test_chunks_that_are_filled_up_are_measured_to_the_frame(chunk, period):
    found = told(filled_up(agent_voice(2), chunk, period))
    assert (found.chunk_frames, found.period_frames) == (chunk, period)
    assert np.all(found.ends % period <= 1)


def test_another_answer_may_begin_anywhere():
    parts = [filled_up(agent_voice(seed, duration_s=6.0), 960, 1_024) for seed in (3, 4, 5)]
    sound = np.concatenate(
        [np.concatenate((np.zeros(1_000 + 77 * n, np.float32), part)) for n, part in enumerate(parts)]
    )
    assert told(sound).period_frames == 1_024


@pytest.mark.parametrize("sound", [agent_voice(2), room(1), np.zeros(32_000, np.float32), np.zeros(0, np.float32)])
def test_whole_sound_and_silence_have_none(sound):
    assert told(sound) is None


def test_holes_at_random_are_no_comb():
    random, sound = np.random.default_rng(1), agent_voice(2)
    for start in random.integers(0, sound.size - 200, 120).tolist():
        sound[start : start + 80] = 0
    assert told(sound) is None


def test_a_hole_in_each_block_of_the_reading_is_counted_once():
    sound = filled_up(np.tile(agent_voice(2), 4), 1_600, 1_664)
    live = told(sound)
    assert np.all(np.diff(live.ends) > 0)
    assert live.ends.size > 300


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.1, -0.1, float("nan"), 1.0]), max_size=3_000))
def test_it_takes_any_sound(samples):
    told(np.array(samples, np.float32))
