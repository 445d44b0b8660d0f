"""The streams of libraries as they are, found by their methods."""

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
