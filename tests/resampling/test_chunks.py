import numpy as np
import pytest
import soxr
from resamplers import FirStream, windowed_sinc
from scipy.signal import resample_poly

from voicediag.resampling import evaluate
from voicediag.resampling.chunks import edges_of
from voicediag.resampling.installed import LinearStream


def linspace(samples):
    return np.interp(np.linspace(0, len(samples) - 1, len(samples) * 2 // 3), np.arange(len(samples)), samples)


STATELESS = {
    "soxr": lambda samples: soxr.resample(samples, 24_000, 16_000),
    "scipy": lambda samples: resample_poly(samples, 2, 3),
    "linspace": linspace,
    "FIR": windowed_sinc(24_000, 16_000).resample,
}
STATEFUL = {
    "linear": LinearStream,
    "soxr-hq": lambda: soxr.ResampleStream(24_000, 16_000, 1, dtype="float64"),
    "soxr-vhq-float32": lambda: soxr.ResampleStream(24_000, 16_000, 1, quality="VHQ"),
    "soxr-int16": lambda: soxr.ResampleStream(24_000, 16_000, 1, dtype="int16"),
}


@pytest.mark.parametrize("name", STATELESS)
def test_a_function_called_for_each_chunk_is_told(name):
    report = evaluate(STATELESS[name], 24_000, 16_000)
    assert report.chunk_invariant is False
    assert report.grade_for("live") == "F"
    assert all(cut.error_db > -45 for cut in report.chunkings)
    assert "called anew" in " ".join(report.notes)


def test_filters_err_at_the_edges():
    report = evaluate(STATELESS["soxr"], 24_000, 16_000)
    whole_chunks = [cut for cut in report.chunkings if cut.frames in (441, 480)]
    # 441 and 480 samples at 24 kHz are a whole number at 16 kHz: nothing is lost, and yet each edge is heard.
    assert all(cut.edge_share > 0.9 and abs(cut.drift_ppm) < 1 for cut in whole_chunks)


@pytest.mark.parametrize("name", STATEFUL)
def test_a_stream_is_not_blamed(name):
    report = evaluate(STATEFUL[name], 24_000, 16_000)
    assert report.chunk_invariant is True
    assert report.length_drift_ppm == pytest.approx(0, abs=0.01)


def test_a_causal_filter_is_late_and_holds_nothing():
    report = evaluate(FirStream, 48_000, 16_000)
    assert report.chunk_invariant is True
    assert report.hold_up_max_ms == 0
    assert report.delay_ms == pytest.approx(1.0, abs=1e-6)
    assert report.late_ms == pytest.approx(1.0, abs=1e-6)
    assert report.tail_lost_ms == 0


class Blocks:
    """Lets every second sample through, in blocks of 30 ms."""

    def __init__(self):
        self.kept = np.zeros(0)

    def push(self, chunk):
        self.kept = np.concatenate([self.kept, chunk])
        whole = self.kept.size - self.kept.size % 480
        out, self.kept = self.kept[:whole:2], self.kept[whole:]
        return out


def test_hold_up_of_blocks():
    report = evaluate(Blocks, 16_000, 8_000)
    # Of 30 ms after pushes of 20: 20, 10, 0, 20, 10, 0 ms are held back.
    assert report.held.course_ms[:6] == (20.0, 10.0, 0.0, 20.0, 10.0, 0.0)
    assert report.hold_up_mean_ms == pytest.approx(10.0, abs=0.11)
    assert report.hold_up_max_ms == pytest.approx(20.0)
    assert (report.held.first_chunk, report.held.burst_ms) == (2, 30.0)


class KeepsTheLast:
    """Lets every second sample through, and never the last 128 of the input."""

    def __init__(self):
        self.kept = np.zeros(0)

    def push(self, chunk):
        self.kept = np.concatenate([self.kept, chunk])
        ready = max(0, self.kept.size - 128) // 2 * 2
        out, self.kept = self.kept[:ready:2], self.kept[ready:]
        return out


def test_a_tail_that_never_comes():
    report = evaluate(KeepsTheLast, 16_000, 8_000)
    assert report.tail_lost_ms == pytest.approx(8.0, abs=0.2)
    assert report.hold_up_mean_ms == pytest.approx(8.0, abs=0.1)
    assert "never come out" in " ".join(report.notes)


class Forgetful:
    """Lets every second sample through, and drops one sample of the input in ten thousand."""

    def __init__(self):
        self.heard = 0
        self.odd = 0

    def push(self, chunk):
        places = self.heard + np.arange(len(chunk))
        self.heard += len(chunk)
        kept = np.asarray(chunk)[places % 10_000 != 9_999]
        out = kept[self.odd :: 2]
        self.odd = (self.odd - len(kept)) % 2
        return out


def test_drift_within_a_ppm():
    report = evaluate(Forgetful, 16_000, 8_000)
    assert report.clock_error_ppm == pytest.approx(100.0, abs=12)
    assert not report.passes


@pytest.mark.parametrize(("frames", "lost_ppm"), [(128, -1e6 * (1 - 3 * 42 / 128)), (160, -1e6 * (1 - 3 * 53 / 160))])
def test_a_length_that_is_cut_off(frames, lost_ppm):
    report = evaluate(lambda samples: samples[: len(samples) // 3 * 3 : 3], 48_000, 16_000)
    drift = {cut.frames: cut.drift_ppm for cut in report.chunkings}
    assert drift[frames] == pytest.approx(lost_ppm, abs=150)


def test_random_chunks_are_the_same_each_time():
    assert edges_of(None, 40_000) == edges_of(None, 40_000)
    assert edges_of(None, 40_000)[-1] == 40_000
    assert edges_of(480, 1_000) == [480, 960, 1_000]
