"""Loudness against pyloudnorm on real speech, and against the signals of EBU Tech 3341."""

import numpy as np
import pyloudnorm
import pytest
import soundfile

from voicediag.measure.loudness import measure_loudness


def sequence(*parts, rate_hz=48_000):
    """A 1 kHz sine at (dBFS peak, seconds), phase running on."""
    lengths = [round(seconds * rate_hz) for _, seconds in parts]
    amplitude = np.repeat([10 ** (dbfs / 20) for dbfs, _ in parts], lengths)
    return (amplitude * np.sin(2 * np.pi * 1_000 * np.arange(amplitude.size) / rate_hz)).astype(np.float32)


# EBU Tech 3341, table 1. Its signals are stereo with equal channels, which sums to 3.01 LU more than one of them alone.
STEREO_LU = 3.01
CASES = {
    "1": ([(-23, 20)], -23.0),
    "2": ([(-33, 20)], -33.0),
    "3": ([(-36, 10), (-23, 60), (-36, 10)], -23.0),
    "4": ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23.0),
    "5": ([(-26, 20), (-20, 20.1), (-26, 20)], -23.0),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("rate_hz", [16_000, 24_000, 48_000])
def test_integrated_loudness_of_tech_3341(case, rate_hz):
    parts, expected_lufs = CASES[case]
    # The shelf bends at low rates: 1 kHz reads 0.05 LU lower at 16 kHz, see the module.
    read = measure_loudness(sequence(*parts, rate_hz=rate_hz), rate_hz=rate_hz)
    assert read.integrated_lufs + STEREO_LU == pytest.approx(expected_lufs, abs=0.1)


@pytest.mark.parametrize("case", ["1", "2"])
def test_steady_short_term_and_momentary_of_tech_3341(case):
    parts, expected_lufs = CASES[case]
    read = measure_loudness(sequence(*parts), rate_hz=48_000)
    assert read.max_short_term_lufs + STEREO_LU == pytest.approx(expected_lufs, abs=0.1)
    assert read.max_momentary_lufs + STEREO_LU == pytest.approx(expected_lufs, abs=0.1)


def test_short_term_of_tech_3341_case_9():
    # -20 dBFS for 1.34 s, -30 dBFS for 1.66 s, five times: short-term reads -23 LUFS throughout.
    read = measure_loudness(sequence(*5 * [(-20, 1.34), (-30, 1.66)]), rate_hz=48_000)
    assert read.max_short_term_lufs + STEREO_LU == pytest.approx(-23.0, abs=0.1)


def test_momentary_of_tech_3341_case_12():
    # -20 dBFS for 0.18 s, -30 dBFS for 0.22 s, 25 times: momentary reads -23 LUFS throughout.
    read = measure_loudness(sequence(*25 * [(-20, 0.18), (-30, 0.22)]), rate_hz=48_000)
    assert read.max_momentary_lufs + STEREO_LU == pytest.approx(-23.0, abs=0.1)


def speech(folder):
    """Real speech at rates from 8 to 48 kHz, cut to whole steps of 100 ms, which pyloudnorm would otherwise pad."""
    files = [*sorted(folder.glob("speech/lyra_testdata/*.flac")), *sorted(folder.glob("speech/azure/*.flac"))]
    files += sorted(folder.glob("speech/picovoice_s2i/*.flac"))[:20]
    for file in files:
        samples, rate_hz = soundfile.read(file, dtype="float32", always_2d=True)
        step = round(rate_hz / 10)
        yield file.name, samples[: len(samples) // step * step, 0], rate_hz


def test_real_speech_reads_as_in_pyloudnorm(shared_data):
    apart = {
        name: measure_loudness(samples, rate_hz=rate_hz).integrated_lufs
        - pyloudnorm.Meter(rate_hz).integrated_loudness(samples.astype(np.float64))
        for name, samples, rate_hz in speech(shared_data)
    }
    assert len(apart) > 20
    assert {name: lu for name, lu in apart.items() if abs(lu) > 0.05} == {}
