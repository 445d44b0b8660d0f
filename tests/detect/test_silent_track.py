import numpy as np
import pytest
from scenes import RATE_HZ, RECORDINGS, agent_voice, session_of, turn, voice

import voicediag as vd
from voicediag import signals
from voicediag.detect import silent_track
from voicediag.detect.examination import Examination
from voicediag.spans import Span

WHOLE = Span(0, 20)


def examined(session):
    return silent_track.DETECTOR.examine(Examination(session))


def test_digital_silence_on_the_microphone_is_found():
    mic = signals.silence(voice(1), rate_hz=RATE_HZ, within=WHOLE).samples
    finding = examined(session_of({"user-sent": mic, "agent-played": agent_voice(2)})).findings[0]
    assert finding.primary.track == "user-sent"
    assert finding.primary.measure == {"peak": 0.0, "rms_dbfs": None, "silent_s": 20.0}


def test_analog_mute_is_found():
    mic = signals.hiss(voice(1), rate_hz=RATE_HZ, within=WHOLE, peak=0.0007, seed=3).samples
    finding = examined(session_of({"user-sent": mic, "agent-played": agent_voice(2)})).findings[0]
    assert finding.primary.measure["peak"] == pytest.approx(0.0007, rel=1e-3)


def test_silent_answer_is_found_where_its_transcript_speaks():
    within = Span(8, 14)
    agent = signals.hiss(agent_voice(4), rate_hz=RATE_HZ, within=within, peak=18 / 32_768, seed=5).samples
    turns = [turn("agent", "hello and welcome", 0, 6), turn("agent", "your table is booked", 8, 14)]
    finding = examined(session_of({"user-sent": voice(1), "agent-received": agent}, turns=turns)).findings[0]
    assert finding.where.spans == (within,)
    assert finding.primary.measure["words"] == 4


def test_first_silent_tap_is_named_and_the_later_one_supports_it():
    dead = np.zeros(20 * RATE_HZ, np.float32)
    verdict = examined(session_of({"user-sent": voice(1), "agent-received": dead, "agent-played": dead}))
    assert len(verdict.findings) == 1
    assert verdict.findings[0].primary.track == "agent-received"
    assert [evidence.track for evidence in verdict.findings[0].supporting] == ["agent-played"]


def test_clean_twin_is_clear():
    turns = [turn("agent", "hello and welcome", 0, 6), turn("agent", "your table is booked", 8, 14)]
    assert examined(session_of({"user-sent": voice(1), "agent-received": agent_voice(4)}, turns=turns)).is_clear


def test_a_track_of_half_a_second_is_unjudged():
    assert "no track lasts" in examined(session_of({"user-sent": voice(1)[: RATE_HZ // 2]})).reason


@pytest.mark.parametrize("name", ["muted-device", "mute-switch", "silent-model"])
def test_recorded_silences_are_found(name):
    assert examined(vd.load(RECORDINGS / "silent-track" / f"{name}.vds")).findings
