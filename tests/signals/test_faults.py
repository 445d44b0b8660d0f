"""Each fault's truth against the sound that it made."""

import numpy as np
import pytest

from voicediag.errors import InputError
from voicediag.signals import (
    clip,
    cut_frames,
    gain,
    hiss,
    overload_share,
    repeat_frames,
    silence,
    sine,
    wrap,
    zero_frames,
)
from voicediag.spans import Span

RATE_HZ = 16_000
MIDDLE = Span(1.0, 3.0)


@pytest.fixture
def tone():
    return sine(frequency_hz=101, duration_s=4, rate_hz=RATE_HZ, peak=0.5)


@pytest.fixture
def ramp():
    """Samples that are all different and never 0."""
    return np.linspace(0.1, 0.9, 4 * RATE_HZ, dtype=np.float32)


def inside(samples, span):
    return samples[round(span.start_s * RATE_HZ) : round(span.end_s * RATE_HZ)]


@pytest.mark.parametrize(
    "inject",
    [
        lambda x: gain(x, rate_hz=RATE_HZ, within=MIDDLE, gain_db=-20),
        lambda x: clip(x, rate_hz=RATE_HZ, within=MIDDLE, gain_db=18),
        lambda x: wrap(x, rate_hz=RATE_HZ, within=MIDDLE, gain_db=18),
        lambda x: silence(x, rate_hz=RATE_HZ, within=MIDDLE),
        lambda x: hiss(x, rate_hz=RATE_HZ, within=MIDDLE, peak=18 / 32_768, seed=1),
        lambda x: zero_frames(x, rate_hz=RATE_HZ, within=MIDDLE, per_second=5, seed=1),
        lambda x: repeat_frames(x, rate_hz=RATE_HZ, within=MIDDLE, per_second=5, seed=1),
    ],
)
def test_outside_the_span_nothing_changes_and_the_original_is_left_alone(ramp, inject):
    before = ramp.copy()
    found = inject(ramp)
    np.testing.assert_array_equal(ramp, before)
    np.testing.assert_array_equal(found.samples[:RATE_HZ], ramp[:RATE_HZ])
    np.testing.assert_array_equal(found.samples[3 * RATE_HZ :], ramp[3 * RATE_HZ :])
    assert not np.array_equal(found.samples, ramp)
    assert found.samples.dtype == np.float32
    assert all(MIDDLE.overlap(span) == span for span in found.spans)


def test_a_gain_of_minus_twenty_db_is_a_tenth(tone):
    found = gain(tone, rate_hz=RATE_HZ, within=MIDDLE, gain_db=-20)
    np.testing.assert_allclose(inside(found.samples, MIDDLE), inside(tone, MIDDLE) / 10, rtol=1e-6)
    assert found.sizes == {"gain_db": -20}


def test_clipping_counts_the_overload_of_a_sine(tone):
    found = clip(tone, rate_hz=RATE_HZ, within=MIDDLE, gain_db=20 * np.log10(4))
    assert found.samples.max() == pytest.approx(32_767 / 32_768)
    assert found.samples.min() == -1
    # Half full scale driven by 4 has a peak of 2: two thirds of two seconds.
    assert found.sizes["clipped_samples"] == pytest.approx(overload_share(2) * 2 * RATE_HZ, rel=0.01)


def test_what_wraps_comes_out_on_the_other_side():
    found = wrap(np.array([0.5, -0.75, 0.25], np.float32), rate_hz=1, within=Span(0, 3), gain_db=20 * np.log10(2))
    # 1.0 -> -1.0 and -1.5 -> +0.5, in codes of 16 bits; 0.5 is kept.
    np.testing.assert_allclose(found.samples, [-1.0, 0.5, 0.5], atol=1 / 32_768)
    assert found.sizes["wrapped_samples"] == 2


def test_silence_is_digital(tone):
    found = silence(tone, rate_hz=RATE_HZ, within=MIDDLE)
    assert not inside(found.samples, MIDDLE).any()
    assert found.sizes["silence_s"] == 2


def test_hiss_reaches_exactly_its_peak(tone):
    found = hiss(tone, rate_hz=RATE_HZ, within=MIDDLE, peak=18 / 32_768, seed=1)
    assert np.abs(inside(found.samples, MIDDLE)).max() == pytest.approx(18 / 32_768)


def test_zero_filled_frames_hold_the_time(ramp):
    found = zero_frames(ramp, rate_hz=RATE_HZ, within=MIDDLE, per_second=5, seed=7)
    assert found.samples.shape == ramp.shape
    assert len(found.spans) == found.sizes["gaps"] == 10
    assert found.sizes["gap_total_s"] == pytest.approx(0.2)
    assert np.count_nonzero(found.samples == 0) == 10 * 320
    assert not any(inside(found.samples, span).any() for span in found.spans)


def test_lost_frames_never_touch(ramp):
    found = zero_frames(ramp, rate_hz=RATE_HZ, within=MIDDLE, per_second=20, seed=7)
    ends = [span.end_s for span in found.spans]
    assert all(later.start_s - end > 0.019 for end, later in zip(ends, found.spans[1:], strict=False))


def test_cut_frames_close_up(ramp):
    found = cut_frames(ramp, rate_hz=RATE_HZ, within=MIDDLE, per_second=5, seed=7)
    assert ramp.size - found.samples.size == 10 * 320
    step = 0.8 / ramp.size
    seams = np.flatnonzero(np.diff(found.samples) > 100 * step) + 1
    assert [round(span.start_s * RATE_HZ) for span in found.spans] == seams.tolist()
    assert all(span.duration_s == 0 for span in found.spans)


def test_repeated_frames_are_copies_of_the_frame_before(ramp):
    found = repeat_frames(ramp, rate_hz=RATE_HZ, within=MIDDLE, per_second=5, seed=7)
    assert found.sizes["duplicated"] == 10
    for span in found.spans:
        np.testing.assert_array_equal(inside(found.samples, span), inside(found.samples, span.shifted(-0.02)))


def test_more_frames_than_fit_are_refused(ramp):
    with pytest.raises(InputError, match="at most 50 frames"):
        zero_frames(ramp, rate_hz=RATE_HZ, within=MIDDLE, per_second=60, seed=1)
