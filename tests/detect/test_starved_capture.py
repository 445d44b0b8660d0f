import numpy as np
import pytest
from scenes import RATE_HZ, RECORDINGS, agent_voice, room, session_of, voice

import voicediag as vd
from voicediag import signals
from voicediag.detect import starved_capture
from voicediag.detect.examination import Examination
from voicediag.spans import Span

WHOLE = Span(0, 20)


def examined(samples):
    session = session_of({"user-sent": samples, "agent-played": agent_voice(2)})
    return starved_capture.DETECTOR.examine(Examination(session))


def test_a_tenth_of_the_level_is_found():
    # 0.2 RMS is -14 dB: a tenth of it is the 0.02 of a starved microphone.
    tenth = signals.gain(voice(1, level_db=-14), rate_hz=RATE_HZ, within=WHOLE, gain_db=-20).samples
    measure = examined(tenth).findings[0].primary.measure
    assert measure["rms"] == pytest.approx(0.02, rel=0.15)
    assert measure["noise_floor_dbfs"] == pytest.approx(-86, abs=2)


def test_a_fall_to_a_tenth_is_found_where_it_begins():
    fallen = signals.gain(voice(1), rate_hz=RATE_HZ, within=Span(9, 20), gain_db=-20).samples
    finding = examined(fallen).findings[0]
    # The room is heard again at the first pause, and a phrase lasts three seconds at most.
    assert 9 <= finding.where.hull.start_s <= 12
    assert finding.primary.measure["floor_fall_db"] == pytest.approx(20, abs=2)


def test_a_fan_that_stops_is_no_fault():
    fan = room(5, level_db=-46)
    fan[9 * RATE_HZ :] = 0
    assert examined(voice(1) + fan).is_clear


def test_a_room_that_falls_where_nobody_speaks_on_cannot_be_judged():
    heard = voice(1)
    heard[9 * RATE_HZ :] = room(6, level_db=-86)[9 * RATE_HZ :]
    assert "lower from" in examined(heard).reason
    assert "a fan that stops" in examined(heard).reason


def test_an_echo_does_not_make_a_soft_talker_starved():
    # The talker's room is behind a gate. Alone the voice is above the limit; the echo pulls the average below it.
    agent = agent_voice(2)
    own = signals.speech_like(duration_s=20, rate_hz=RATE_HZ, level_db=-31, seed=1).samples
    own[10 * RATE_HZ :] = 0
    agent[: 10 * RATE_HZ] = 0
    mic = own + signals.leak(agent, rate_hz=RATE_HZ, delay_ms=80, erl_db=12).echo + room(6, level_db=-85)
    exam = Examination(session_of({"user-sent": mic, "agent-played": agent}))
    assert exam.reading("user-sent").active.active_speech_dbov < starved_capture.LOW_SPEECH.value
    assert starved_capture.DETECTOR.examine(exam).is_clear


def test_an_echo_alone_is_no_starved_voice():
    # A room so long that the echo outlasts the agent's words by more than a word.
    agent = agent_voice(2)
    hall = signals.impulse_response(rate_hz=RATE_HZ, rt60_s=1.2, direct_to_reverberant_db=-3.0, seed=3)
    echo = signals.leak(agent, rate_hz=RATE_HZ, delay_ms=80, erl_db=22, response=hall).echo
    mic = (echo + room(6, level_db=-85)).astype(np.float32)
    exam = Examination(session_of({"user-sent": mic, "agent-played": agent}))
    assert exam.reading("user-sent").active.active_speech_dbov < starved_capture.LOW_SPEECH.value
    assert "an echo of the agent and hardly a word of the user" in starved_capture.DETECTOR.examine(exam).reason


def test_zeroed_frames_are_counted():
    # A gap in a room below -66 dBFS cannot be told from a gate: here the room is an office.
    office = voice(1) + room(6, level_db=-54)
    planted = signals.zero_frames(office, rate_hz=RATE_HZ, within=WHOLE, per_second=4, seed=3)
    measure = examined(planted.samples).findings[0].primary.measure
    assert measure["gaps"] == pytest.approx(len(planted.spans), rel=0.15)
    assert measure["gap_total_s"] == pytest.approx(sum(span.duration_s for span in planted.spans), rel=0.2)


def test_repeated_frames_are_counted():
    planted = signals.repeat_frames(voice(1), rate_hz=RATE_HZ, within=WHOLE, per_second=4, seed=3)
    measure = examined(planted.samples).findings[0].primary.measure
    assert measure["duplicated"] == pytest.approx(len(planted.spans), rel=0.1)
    assert measure["gaps"] == 0


@pytest.mark.parametrize("level_db", [-14, -24, -36])
def test_clean_twins_down_to_a_soft_talker_are_clear(level_db):
    assert examined(voice(1, level_db=level_db)).is_clear


def softer_from_9_s(over):
    """Return one talker who is 20 dB softer from 9 s on, over a room that does not soften."""
    own = signals.speech_like(duration_s=20, rate_hz=RATE_HZ, level_db=-14, floor_db=-90, seed=1).samples
    return signals.gain(own, rate_hz=RATE_HZ, within=Span(9, 20), gain_db=-20).samples + over


def test_a_voice_that_falls_over_a_room_that_comes_and_goes_cannot_be_judged():
    rain = room(7, level_db=-56)
    for start in (2, 7, 12.5):
        rain[round(start * RATE_HZ) : round((start + 2.5) * RATE_HZ)] *= np.float32(0.01)
    reason = examined(softer_from_9_s(rain)).reason
    assert "softer from" in reason
    # A syllable or two more: the fall is in mid-phrase.
    assert float(reason.split("softer from ")[1].split(" s")[0]) == pytest.approx(9, abs=1)


def test_a_talker_who_moves_away_in_a_steady_room_is_no_fault():
    assert examined(softer_from_9_s(room(7, level_db=-66))).is_clear


def test_a_silent_or_wordless_microphone_is_unjudged():
    assert "is silent" in examined(np.zeros(20 * RATE_HZ, np.float32)).reason
    assert (
        "no track of the user"
        in starved_capture.DETECTOR.examine(Examination(session_of({"agent-played": agent_voice(2)}))).reason
    )


def test_a_room_without_speech_is_unjudged():
    assert "no speech" in examined(room(1, level_db=-60)).reason


@pytest.mark.parametrize(
    "name", ["tenth-of-level", "second-engine", "zeroed-frames", "repeated-frames", "lost-buffers"]
)
def test_recorded_starvation_is_found(name):
    session = vd.load(RECORDINGS / "starved-capture" / f"{name}.vds")
    assert starved_capture.DETECTOR.examine(Examination(session)).findings
