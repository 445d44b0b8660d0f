"""The active speech level against closed forms and against P.56 written out sample by sample."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicediag.measure.active_level import ActiveLevelMeter, measure_active_level

RATE_HZ = 8_000


def bursts(rng, *, on_s, off_s, times, rms, rate_hz=RATE_HZ):
    """Noise that speaks for `on_s` and pauses for `off_s`."""
    on = rms * rng.standard_normal((times, round(on_s * rate_hz)))
    return np.hstack([on, np.zeros((times, round(off_s * rate_hz)))]).reshape(-1).astype(np.float32)


def literal(samples, rate_hz):
    """P.56, method B, as the standard and the STL's sv-p56.c say it, one sample after the other."""
    smooth, hangover = math.exp(-1 / (rate_hz * 0.03)), math.floor(0.2 * rate_hz + 0.5)
    thresholds = [2.0 ** (j - 15) for j in range(15)]
    counts, hanging = [0] * 15, [hangover] * 15
    p = q = energy = 0.0
    for x in samples.astype(np.float64).tolist():
        energy += x * x
        p = smooth * p + (1 - smooth) * abs(x)
        q = smooth * q + (1 - smooth) * p
        for j, threshold in enumerate(thresholds):
            if q >= threshold:
                counts[j] += 1
                hanging[j] = 0
            elif hanging[j] < hangover:
                counts[j] += 1
                hanging[j] += 1
            else:
                break
    before = None
    for count, threshold in zip(counts, thresholds, strict=True):
        if count == 0:
            return None
        active_db = 10 * math.log10(energy / count)
        distance_db = active_db - 20 * math.log10(threshold) - 15.9
        if distance_db <= 0:
            if before is None:
                return None
            return before[0] + (active_db - before[0]) * before[1] / (before[1] - distance_db)
        before = active_db, distance_db
    return None


@pytest.mark.parametrize("rms", [0.3, 0.05, 0.005])
def test_the_literal_standard_reads_the_same(rng, rms):
    samples = bursts(rng, on_s=0.7, off_s=0.9, times=3, rms=rms)
    read = measure_active_level(samples, rate_hz=RATE_HZ)
    assert read.active_speech_dbov == pytest.approx(literal(samples, RATE_HZ), abs=0.02)


def test_steady_sound_is_all_active_at_its_own_level():
    sine = np.sin(2 * np.pi * 1_000 * np.arange(RATE_HZ * 60) / RATE_HZ).astype(np.float32)
    read = measure_active_level(sine, rate_hz=RATE_HZ)
    assert read.long_term_dbov == pytest.approx(-3.0103, abs=1e-3)
    assert read.active_speech_dbov == pytest.approx(-3.01, abs=0.02)
    assert read.activity_factor == pytest.approx(1.0, abs=0.005)


def test_a_full_scale_square_wave_is_0_dbov():
    square = np.sign(np.sin(2 * np.pi * (np.arange(RATE_HZ * 60) + 0.5) / 80)).astype(np.float32)
    assert measure_active_level(square, rate_hz=RATE_HZ).active_speech_dbov == pytest.approx(0.0, abs=0.02)


def test_pauses_do_not_lower_the_active_level(rng):
    spoken = bursts(rng, on_s=2.0, off_s=0.0, times=15, rms=0.05)
    paused = bursts(rng, on_s=2.0, off_s=2.0, times=15, rms=0.05)
    alone, between = (measure_active_level(samples, rate_hz=RATE_HZ) for samples in (spoken, paused))
    # The pauses lower the long-term level by 3.01 dB; the hangover and the tail of the envelope, some 0.25 s a burst,
    # count as speech, so at most 10 log10(2.3 / 2) = 0.6 dB are lost.
    assert between.long_term_dbov == pytest.approx(alone.long_term_dbov - 3.01, abs=0.05)
    assert -0.6 < between.active_speech_dbov - alone.active_speech_dbov < -0.3
    assert 0.5 < between.activity_factor < 0.58


def test_a_gain_moves_the_level_by_as_much(rng):
    samples = bursts(rng, on_s=1.0, off_s=1.0, times=5, rms=0.1)
    loud, soft = (measure_active_level(samples * gain, rate_hz=RATE_HZ) for gain in (1.0, 0.25))
    assert loud.active_speech_dbov - soft.active_speech_dbov == pytest.approx(12.0412, abs=1e-3)


@pytest.mark.parametrize("frames", [0, 5, 80_000])
def test_silence_has_none(frames):
    read = measure_active_level(np.zeros(frames, dtype=np.float32), rate_hz=RATE_HZ)
    assert (read.active_speech_dbov, read.activity_factor, read.long_term_dbov) == (None, None, None)


def test_what_stays_under_the_lowest_threshold_is_no_speech():
    whisper = np.full(RATE_HZ * 5, 2.0**-17, dtype=np.float32)
    read = measure_active_level(whisper, rate_hz=RATE_HZ)
    assert read.active_speech_dbov is None
    assert read.long_term_dbov == pytest.approx(-17 * 6.0206, abs=0.01)


@settings(max_examples=20)
@given(cuts=st.lists(st.integers(0, 200_000), max_size=6), seed=st.integers(0, 9))
def test_pieces_read_as_the_whole(cuts, seed):
    samples = bursts(np.random.default_rng(seed), on_s=1.0, off_s=0.7, times=15, rms=0.1)
    meter = ActiveLevelMeter(RATE_HZ)
    for part in np.split(samples, sorted(cuts)):
        meter.push(part)
    assert meter.result() == measure_active_level(samples, rate_hz=RATE_HZ)
