"""A capture whose recorder noted each chunk: the audio stands still, or chunks never come."""

import numpy as np
import pytest
from scenes import RATE_HZ, session_of, voice

from voicediag.detect import starved_capture
from voicediag.detect.examination import Examination
from voicediag.session import CaptureLog

CHUNK = 320
DURATION_S = 12


def log(rng, *, slip_ms=0.0, at_s=5.0, without=()):
    frame = np.arange(DURATION_S * RATE_HZ // CHUNK) * CHUNK
    passed_ms = (frame + CHUNK) / RATE_HZ * 1_000 + slip_ms * (frame >= at_s * RATE_HZ)
    kept = ~np.isin(np.arange(frame.size), without)
    late_ms = rng.exponential(2.0, (2, frame.size))
    columns = {
        "t_ns": np.int64(1e6 * (passed_ms + late_ms[1])),
        "sequence": np.arange(frame.size),
        "frame": frame,
        "frames": np.full(frame.size, CHUNK),
        "wall_ms": 1.8e12 + passed_ms + late_ms[0],
        "sent_ms": 1.8e12 + passed_ms + late_ms[0],
    }
    return CaptureLog(**{name: values[kept] for name, values in columns.items()})


def examined(capture, name="user-captured"):
    session = session_of({name: voice(1, duration_s=DURATION_S)}, capture=capture)
    return starved_capture.DETECTOR.examine(Examination(session))


def test_audio_that_stood_still_is_found(rng):
    finding = examined(log(rng, slip_ms=60.0)).findings[0]
    assert finding.id == "starved-capture"
    assert finding.primary.measure["slipped_ms"] == pytest.approx(60, abs=3)
    assert finding.primary.measure["missing_ms"] == 0
    assert finding.primary.span.start_s < 5.0 < finding.primary.span.end_s


def test_chunks_that_never_came_are_found(rng):
    finding = examined(log(rng, without=[250, 251])).findings[0]
    assert finding.primary.measure["missing_ms"] == pytest.approx(40.0)
    assert finding.primary.measure["gaps"] == 1
    assert "never reached the recorder" in finding.summary


def test_a_steady_capture_is_clear(rng):
    assert examined(log(rng)).is_clear


def test_a_slip_shorter_than_a_frame_of_a_codec_is_no_finding(rng):
    assert examined(log(rng, slip_ms=10.0)).is_clear


def test_the_log_says_nothing_of_what_was_sent(rng):
    assert examined(log(rng, slip_ms=60.0), "user-sent").is_clear


def test_a_log_of_garbage_says_nothing(rng):
    capture = log(rng)
    capture.frame[:] = capture.frame[::-1].copy()
    assert examined(capture).is_clear
