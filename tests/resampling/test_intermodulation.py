import numpy as np
import pytest

from voicediag.resampling import evaluate
from voicediag.resampling.installed import LinearStream


def bent(square, cube):
    return lambda samples: (kept := samples[::3]) + square * kept**2 + cube * kept**3


@pytest.mark.parametrize(("square", "cube"), [(0.01, 0.0), (0.0, 0.02), (1e-5, 1e-4)])
def test_the_products_of_a_bent_line_are_those_of_its_powers(square, cube):
    report = evaluate(bent(square, cube), 48_000, 16_000, live=False, sample_type="float64")
    peak = 0.25
    second = square * peak**2
    third = 3 / 4 * cube * peak**3
    tones = 2 * (peak + 9 / 4 * cube * peak**3)
    assert report.imd_db == pytest.approx(20 * np.log10(np.sqrt(second**2 + 2 * third**2) / tones), abs=0.01)


@pytest.mark.parametrize(("kind", "floor_db"), [("float64", -300), ("float32", -165), ("int16", -105)])
def test_what_is_linear_is_at_the_floor_of_its_type(kind, floor_db):
    report = evaluate(lambda samples: samples[::3], 48_000, 16_000, live=False, sample_type=kind)
    assert report.numbers["imd_db"].at_floor
    assert report.imd_db < floor_db


def test_images_are_no_products():
    report = evaluate(LinearStream, 24_000, 16_000, live=False, sample_type="float64")
    assert report.imd_db < -280
    assert evaluate(LinearStream, 44_100, 16_000, live=False, sample_type="float64").imd_db is None
