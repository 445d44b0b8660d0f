"""The envelope against a plain loop over steps and against what its codes are said to keep."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicediag.measure.envelope import AT_FULL_SCALE, EnvelopeMeter, envelope, linear

RATE_HZ = 16_000


def code_of(value):
    """The code of one value as the module's docstring writes it."""
    if abs(value) >= 32_766 / 32_768:
        return int(math.copysign(127, value))
    size = min(126, round(126 * math.log(1 + 255 * abs(value)) / math.log(256)))
    return int(math.copysign(size, value))


def test_every_step_holds_the_extremes_of_its_samples(rng):
    samples = rng.normal(0, 0.2, 12_345).clip(-1, 1).astype(np.float32)
    read = envelope(samples, rate_hz=RATE_HZ)
    steps = [samples[start : start + 160] for start in range(0, samples.size, 160)]
    assert (read.step_frames, read.frames, len(steps)) == (160, 12_345, 78)
    assert read.low.tolist() == [code_of(float(step.min())) for step in steps]
    assert read.high.tolist() == [code_of(float(step.max())) for step in steps]


@given(st.lists(st.integers(0, 3_000), max_size=8))
def test_it_reads_the_same_however_the_sound_was_cut(sizes):
    samples = np.sin(np.arange(sum(sizes), dtype=np.float32))
    meter = EnvelopeMeter(8_000)
    for size, end in zip(sizes, np.cumsum(sizes), strict=True):
        meter.push(samples[end - size : end])
    whole = envelope(samples, rate_hz=8_000)
    assert meter.result().low.tolist() == whole.low.tolist()
    assert meter.result().high.tolist() == whole.high.tolist()


@pytest.mark.parametrize("dbfs", [-0.1, -6, -20, -40, -60])
def test_a_level_is_kept_however_soft_it_is(dbfs):
    amplitude = 10 ** (dbfs / 20)
    kept = linear(envelope(np.full(160, amplitude, np.float32), rate_hz=RATE_HZ).high)
    assert 20 * math.log10(kept[0]) == pytest.approx(dbfs, abs=0.25 if dbfs > -40 else 1.0)


def test_only_full_scale_has_the_last_code():
    one_below, at_it = np.float32(32_765 / 32_768), np.float32(-32_767 / 32_768)
    read = envelope(np.repeat([one_below, at_it], 160), rate_hz=RATE_HZ)
    assert read.high[0] < AT_FULL_SCALE
    assert read.low[1] == -AT_FULL_SCALE
    assert linear(read.low)[1] == -1.0


def test_an_hour_is_small():
    read = EnvelopeMeter(1_000)
    for _ in range(60):
        read.push(np.zeros(60_000, np.float32))
    envelope_ = read.result()
    assert envelope_.low.nbytes + envelope_.high.nbytes == 720_000


def test_thinned_keeps_every_extreme(rng):
    samples = rng.normal(0, 0.2, 16_000 * 10 + 7).clip(-1, 1).astype(np.float32)
    fine = envelope(samples, rate_hz=RATE_HZ)
    coarse = fine.thinned(most=300)
    assert (coarse.step_frames, coarse.low.size) == (4 * 160, 251)
    assert coarse.high.tolist() == envelope(samples, rate_hz=RATE_HZ, step_s=0.04).high.tolist()
    assert fine.thinned(most=1_001) is fine
