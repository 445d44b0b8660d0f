import numpy as np
import pytest
from scenes import RATE_HZ, room

from voicediag import signals
from voicediag.measure.activity import by_level, from_level
from voicediag.spans import Span, SpanSet


def overlap_share(found, truth):
    return (found & truth).total_s / (found | truth).total_s


@pytest.mark.parametrize("level_db", [-20.0, -36.0])
def test_phrases_are_found_over_a_live_room(level_db):
    speech = signals.speech_like(duration_s=20, rate_hz=RATE_HZ, level_db=level_db, seed=1)
    found = by_level(speech.samples + room(2), rate_hz=RATE_HZ).spans
    assert overlap_share(found, speech.phrases) > 0.9


def test_phrases_are_found_between_digital_silence():
    speech = signals.speech_like(duration_s=20, rate_hz=RATE_HZ, seed=3)
    assert overlap_share(by_level(speech.samples, rate_hz=RATE_HZ).spans, speech.phrases) > 0.9


def test_digital_silence_has_no_activity_and_no_floor():
    found = by_level(np.zeros(RATE_HZ, np.float32), rate_hz=RATE_HZ)
    assert not found.spans
    assert found.floor_dbfs is None


def test_steady_noise_is_no_speech():
    assert by_level(room(4, level_db=-40), rate_hz=RATE_HZ).spans.total_s < 0.1


def test_short_holes_are_closed_and_blips_dropped():
    rms = np.full(100, 1e-4, np.float32)
    rms[10:30] = rms[40:60] = 0.1  # 0.2 s of hole at 20 ms a step
    rms[90:92] = 0.1  # a click of 40 ms
    assert from_level(rms, step_s=0.02).spans == SpanSet((Span(0.2, 1.2),))
