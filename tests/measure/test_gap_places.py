"""Edges of holes in noise, at known samples."""

import numpy as np
import pytest

from voicediag.measure.gap_places import placed

HOP = 32


def noise(frames=9_600):
    return np.random.default_rng(3).normal(0, 0.1, frames).astype(np.float32)


@pytest.mark.parametrize("value", [0.0, 0.25])
@pytest.mark.parametrize(("start", "end"), [(3_210, 3_555), (4_001, 6_007)])
def test_what_is_constant_tells_its_edges(start, end, value):
    sound = noise()
    sound[start:end] = value
    place = placed(sound, start // HOP, end // HOP, HOP)
    assert (place.start, place.end, place.stops) == (start, end, start)
    assert place.value == value


def test_softer_noise_begins_where_the_power_changes():
    sound = noise()
    sound[3_210:5_555] *= np.float32(0.01)
    place = placed(sound, 3_210 // HOP, 5_555 // HOP, HOP)
    assert abs(place.start - 3_210) <= 2
    assert abs(place.end - 5_555) <= 2
    assert np.isnan(place.value)


def test_a_fade_begins_where_the_sound_stops():
    sound = noise()
    sound[3_200:5_600] = 0
    sound[3_200:3_280] = np.linspace(0.1, 0.001, 80, dtype=np.float32)
    place = placed(sound, 3_280 // HOP, 5_600 // HOP, HOP)
    assert place.start == 3_280
    assert abs(place.stops - 3_200) <= 2
