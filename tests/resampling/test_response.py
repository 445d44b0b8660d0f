import math

import numpy as np
import pytest
from resamplers import EXACT

from voicediag.resampling.bench import evaluate
from voicediag.resampling.plan import plan
from voicediag.resampling.response import measure

LEAST_DB = -90.0


@pytest.fixture(scope="module", params=EXACT, ids=lambda each: f"{each.name} {each.rate_in_hz}-{each.rate_out_hz}")
def measured(request):
    exact = request.param
    signal = plan(exact.rate_in_hz, exact.rate_out_hz)
    response = measure(signal, exact.resample(signal.samples))
    assert response is not None
    return exact, response


def expected_db(exact, hz):
    return 20 * math.log10(exact.gain(hz) + 1e-12)


class TestAgainstTheFormula:
    def test_gains_images_and_aliases(self, measured):
        exact, response = measured
        compared = 0
        for reading in (*response.within, *response.above):
            for line in reading.heard:
                if (wanted := expected_db(exact, line.prototype_hz)) > LEAST_DB:
                    assert line.gain_db == pytest.approx(wanted, abs=0.1), (reading.frequency_hz, line)
                    compared += 1
        assert compared > 20

    def test_an_alias_is_all_of_its_lines(self, measured):
        exact, response = measured
        for reading in response.above:
            powers = [10 ** (expected_db(exact, line.prototype_hz) / 10) for line in reading.heard]
            wanted = 10 * math.log10(sum(powers))
            if wanted > LEAST_DB and len(powers) == response.plan.images:
                assert reading.rest_db == pytest.approx(wanted, abs=0.1)

    def test_delay_within_a_hundredth_of_a_sample(self, measured):
        exact, response = measured
        assert response.delay_s() * exact.rate_out_hz == pytest.approx(exact.delay_s * exact.rate_out_hz, abs=0.01)

    def test_droop(self, measured):
        exact, response = measured
        for hz in (3_400, 7_000):
            droop = response.droop_db(hz)
            if droop is not None:
                assert droop == pytest.approx(expected_db(exact, 997) - expected_db(exact, hz), abs=0.1)


@pytest.mark.parametrize("exact", EXACT[2:8], ids=lambda each: f"{each.name} {each.rate_in_hz}-{each.rate_out_hz}")
def test_the_impulse_response_gives_the_same_gains(exact):
    report = evaluate(exact.resample, exact.rate_in_hz, exact.rate_out_hz, live=False)
    for share in (0.1, 0.4, 0.7, 0.9):
        hz = share * report.plan.shared_hz
        if (wanted := expected_db(exact, hz)) > LEAST_DB:
            assert report.impulse.gain_db(hz, report.plan) == pytest.approx(wanted, abs=0.1)
    if report.width_3db_hz is not None:
        assert expected_db(exact, report.width_3db_hz) == pytest.approx(expected_db(exact, 997) - 3.0, abs=0.01)


class TestItsOwnFloor:
    """Every third sample of a tone below half of the output's rate is that tone: a resampler without any error."""

    @pytest.mark.parametrize(
        ("kind", "sinad_db", "tolerance_db"), [("float64", 320.0, 0.0), ("float32", 153.5, 1.0), ("int16", 92.0, 0.7)]
    )
    def test_is_reached_and_not_passed(self, kind, sinad_db, tolerance_db):
        report = evaluate(lambda samples: samples[::3], 48_000, 16_000, live=False, sample_type=kind)
        assert report.sinad_997_db == pytest.approx(sinad_db, abs=tolerance_db)
        number = report.numbers["sinad_997_db"]
        assert number.value <= number.floor <= 320.0
        assert number.floor == pytest.approx(sinad_db, abs=tolerance_db)

    def test_tpdf_dither_reads_87_db(self):
        draw = np.random.default_rng(1)

        def dithered(samples):
            kept = samples[::3]
            noise = draw.uniform(-0.5, 0.5, kept.size) + draw.uniform(-0.5, 0.5, kept.size)
            return np.round(kept * 32_768 + noise).astype(np.int16)

        report = evaluate(dithered, 48_000, 16_000, live=False, sample_type="float64")
        # Rounding and two equal dithers: three times the noise of rounding.
        assert report.sinad_997_db == pytest.approx(92.06 - 10 * math.log10(3), abs=0.4)


@pytest.mark.parametrize("ppm", [-300.0, 0.5, 40.0])
def test_a_clock_that_is_off(ppm):
    signal = plan(24_000, 16_000)
    exact = plan(24_000, 16_000)
    # What a recorder makes whose clock is slow or fast by so much: the same sound, sampled at other times.
    import soxr

    out = soxr.resample(exact.samples, 24_000, 16_000 / (1 + ppm * 1e-6), "VHQ")
    delayed = np.concatenate([np.zeros(3_217), -0.31 * out, np.zeros(900)])
    response = measure(signal, delayed)
    assert response.place.speed * 1e6 == pytest.approx(ppm, abs=0.1)
    assert response.delay_s() * 16_000 == pytest.approx(3_217, abs=0.02) or response.gain_997_db < -9
    assert response.gain_997_db == pytest.approx(20 * math.log10(0.31), abs=0.01)
    assert response.sinad_997_db > 110


def test_silence_is_no_response():
    assert measure(plan(24_000, 16_000), np.zeros(16_000 * 20)) is None
    assert measure(plan(24_000, 16_000), np.zeros(0)) is None
