"""The active level of real speech against P.56 on every sample, recursions by scipy."""

import math

import numpy as np
import pytest
import soundfile
from scipy.signal import lfilter

from voicediag.measure.active_level import measure_active_level


def full_rate(samples, rate_hz):
    """P.56, method B, with its envelope at the full rate; None where it finds no speech."""
    samples = samples.astype(np.float64)
    smooth, hangover = math.exp(-1 / (rate_hz * 0.03)), math.floor(0.2 * rate_hz + 0.5)
    one_pole = [1 - smooth], [1, -smooth]
    envelope = lfilter(*one_pole, lfilter(*one_pole, np.abs(samples)))
    energy, now, before = float((samples**2).sum()), np.arange(samples.size), None
    for threshold in 2.0 ** np.arange(-15, 0):
        heard = np.maximum.accumulate(np.where(envelope >= threshold, now, -hangover - 1))
        count = np.count_nonzero(now - heard <= hangover)
        if count == 0:
            return None
        active_db = 10 * math.log10(energy / count)
        distance_db = active_db - 20 * math.log10(threshold) - 15.9
        if distance_db <= 0:
            share = before[1] / (before[1] - distance_db) if before else None
            return before[0] + share * (active_db - before[0]) if before else None
        before = active_db, distance_db
    return None


def test_real_speech_reads_as_on_every_sample(shared_data):
    files = [
        *sorted(shared_data.glob("speech/*/*.flac"))[::3],
        *sorted(shared_data.glob("vad/aec_residual/*.flac"))[:8],
    ]
    assert len(files) > 20
    for file in files:
        samples, rate_hz = soundfile.read(file, dtype="float32", always_2d=True)
        read = measure_active_level(samples[:, 0], rate_hz=rate_hz).active_speech_dbov
        expected = full_rate(samples[:, 0], rate_hz)
        assert (read is None) == (expected is None), file.name
        if expected is not None:
            assert read == pytest.approx(expected, abs=0.1), file.name
