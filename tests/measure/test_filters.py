"""Filters against scipy's sample-by-sample recursion, blocks against a plain array."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import butter, lfilter

from voicediag.errors import InputError
from voicediag.measure._filters import ROW_FRAMES, BlockFilter, BlockMeter, WindowMeter, block_of, mono, whole_frames


class Collector(BlockMeter):
    """Gives back what it absorbed."""

    def __init__(self, block_frames):
        super().__init__(block_frames)
        self.blocks = []

    def _absorb(self, block):
        self.blocks.append(block.copy())

    def _summary(self):
        return self.blocks


class Starts(WindowMeter):
    """Gives back every frame that was offered as a start, with the sample found there."""

    def __init__(self, block_frames, *, before, after):
        super().__init__(block_frames, before=before, after=after)
        self.seen = []
        self.short = []

    def _look(self, window, origin, starts):
        for start in range(starts.start, starts.stop):
            self.seen.append((origin + start, float(window[start])))
            if min(start, origin + start) < min(self._before, origin + start):
                self.short.append(start)

    def _summary(self):
        return self.seen, self.short


@given(lengths=st.lists(st.integers(0, 40), max_size=12), size=st.integers(1, 16))
def test_blocks_hold_all_samples_in_order(lengths, size):
    meter, total = Collector(size), sum(lengths)
    start = 0
    for length in lengths:
        meter.push(np.arange(start, start + length, dtype=np.float32))
        start += length
    blocks = meter.result()
    assert np.concatenate(blocks).tolist() == list(range(total))
    assert all(block.size == size for block in blocks[:-1])
    assert blocks[-1].size < size
    assert meter.frames == total


def test_a_result_does_not_disturb_the_meter():
    meter = Collector(4).push(np.ones(6, dtype=np.float32))
    assert meter.result()[-1].size == 2
    assert np.concatenate(meter.push(np.ones(1, dtype=np.float32)).result()).size == 7


@given(lengths=st.lists(st.integers(0, 40), max_size=8), before=st.integers(0, 9), after=st.integers(0, 30))
def test_every_frame_is_a_start_once_with_its_context(lengths, before, after):
    meter = Starts(7, before=before, after=after)
    samples = np.arange(sum(lengths), dtype=np.float32)
    for part in np.split(samples, np.cumsum(lengths)[:-1]) if lengths else []:
        meter.push(part)
    seen, short = meter.result()
    assert seen == [(frame, float(frame)) for frame in range(samples.size)]
    assert short == []


@pytest.mark.parametrize("rate_hz", [8_000, 48_000])
def test_filter_follows_the_recursion(rng, rate_hz):
    # Poles as near to z = 1 as the K-weighting's, and an offset that the high-pass must take away in float32.
    high_pass, low_pass = butter(2, 38, "high", fs=rate_hz), butter(1, 3_000, fs=rate_hz)
    samples = (0.1 * rng.standard_normal(ROW_FRAMES * 400) + 0.5).astype(np.float32)
    expected = lfilter(*low_pass, lfilter(*high_pass, samples.astype(np.float64)))
    run = BlockFilter(high_pass, low_pass)
    filtered = np.concatenate([run(samples[: ROW_FRAMES * 3]), run(samples[ROW_FRAMES * 3 :])])
    np.testing.assert_allclose(filtered, expected, atol=2e-6)


def test_filter_takes_a_last_piece_of_any_length(rng):
    section = butter(2, 1_000, fs=16_000)
    samples = rng.standard_normal(ROW_FRAMES * 2 + 5).astype(np.float32)
    np.testing.assert_allclose(BlockFilter(section)(samples), lfilter(*section, samples), atol=2e-6)
    assert BlockFilter(section)(samples[:0]).size == 0


def test_filter_knows_when_it_has_faded():
    run = BlockFilter(butter(2, 38, "high", fs=16_000))
    assert run.silent
    run(np.ones(ROW_FRAMES, dtype=np.float32))
    assert not run.silent
    run(np.zeros(16_000, dtype=np.float32))
    assert run.silent


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros((4, 2), dtype=np.float32), r"mono.*got shape \(4, 2\).*one channel"),
        (np.zeros(4, dtype=np.int16), "got int16.*divide int16 by 32768"),
    ],
)
def test_what_is_no_mono_float_is_refused(samples, message):
    with pytest.raises(InputError, match=message):
        mono(samples)


def test_floats_are_taken_as_they_are():
    samples = np.zeros(4, dtype=np.float32)
    assert mono(samples) is samples
    assert mono(np.zeros(4)).dtype == np.float32
    assert mono([]).size == 0


@pytest.mark.parametrize(("duration_s", "rate_hz"), [(0.0, 16_000), (0.02, 0), (0.02, -8_000), (float("nan"), 8_000)])
def test_durations_and_rates_are_positive(duration_s, rate_hz):
    with pytest.raises(InputError, match="above 0"):
        whole_frames(duration_s, rate_hz)


@pytest.mark.parametrize("multiples", [(320,), (1_600, 64), (4_410, 64), (1_103, 64), (200_000,)])
def test_a_block_holds_whole_steps(multiples):
    assert all(block_of(*multiples) % multiple == 0 for multiple in multiples)
