"""The streams of libraries as they are, found by their methods."""

import time

import numpy as np
import pytest

from voicediag.resampling import evaluate, named
from voicediag.resampling.arguments import Rates


def judged(name, rate_in_hz, rate_out_hz):
    rates = Rates(in_hz=rate_in_hz, out_hz=rate_out_hz)
    return evaluate(named(name, rates), rate_in_hz, rate_out_hz, name=name)


# A float of 32 bits has 153 dB, a whole number of 16 bits 92.
@pytest.mark.parametrize(("name", "most_db"), [("pyav-stream", 154), ("pyav-int16-stream", 92.1)])
def test_pyav(name, most_db):
    report = judged(name, 48_000, 16_000)
    assert most_db - 10 < report.sinad_997_db <= most_db
    # swresample's filter has 32 taps, stretched by 3, and half of it lies ahead: 48 samples of 48 kHz.
    assert report.hold_up_max_ms == pytest.approx(1.0, abs=0.1)
    assert report.chunk_invariant
    assert report.tail_lost_ms == 0


def test_libsamplerate():
    report = judged("samplerate-fastest-stream", 48_000, 16_000)
    assert report.chunk_invariant
    # Its own documentation: 97 dB, and a width of 80 %; what its binding holds back at the end it keeps, its issue 22.
    assert report.alias_rejection_nyquist_db == pytest.approx(97, abs=1.5)
    assert report.width_3db_hz == pytest.approx(0.8 * 8_000, rel=0.005)
    assert report.tail_lost_ms == pytest.approx(report.hold_up_mean_ms, abs=0.2)


class Stubborn:
    """Neither copied nor reset; 60 samples of 48 kHz late."""

    def __init__(self):
        self.kept = np.zeros(60)

    def __deepcopy__(self, memo):
        raise TypeError("no copies")

    def push(self, chunk):
        sound = np.concatenate([self.kept, chunk])
        self.kept = sound[len(chunk) :]
        return sound[: len(chunk) : 3]


def test_an_object_that_cannot_be_had_anew_is_judged_as_it_is():
    given = Stubborn()
    given.push(np.random.default_rng(1).standard_normal(480))
    report = evaluate(given, 48_000, 16_000, pauses=False)
    assert report.delay_ms == pytest.approx(60 / 48)
    assert report.sinad_997_db > 150
    assert "neither copied nor reset" in " ".join(report.notes)


class ClearsItself:
    """As pipecat's: what it holds back is forgotten after 0.2 s without a call."""

    def __init__(self):
        self.kept, self.last_s = np.zeros(0), time.monotonic()

    def push(self, chunk):
        now_s = time.monotonic()
        if now_s - self.last_s > 0.2:
            self.kept = np.zeros(0)
        self.last_s = now_s
        self.kept = np.append(self.kept, chunk)
        out, self.kept = self.kept[:-480:3], self.kept[-480:]
        return out

    def flush(self):
        return self.kept[::3]


def test_a_pause_that_loses_sound_is_told():
    report = evaluate(ClearsItself, 48_000, 16_000)
    assert report.pause_lost_ms == pytest.approx(10, abs=0.1)
    assert "a pause of 0.25 s loses 10 ms" in " ".join(report.notes)
