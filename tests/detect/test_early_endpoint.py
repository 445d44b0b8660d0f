"""Turns that a provider ends in a pause, by what it tells and by where the voice pauses."""

import json

import numpy as np
import pytest
from scenes import RATE_HZ, RECORDINGS, agent_voice, room, session_of, voice

import voicediag as vd
from voicediag import signals
from voicediag.detect import early_endpoint
from voicediag.detect.examination import Examination
from voicediag.session import Chunks, Cue, Mark

READY = Mark(kind="ready", at_s=0.0, message="session.updated")
FOLDER = RECORDINGS / "early-endpoint"
# Sound without pauses of its own, so that the pauses are those that are planted.
STEADY = signals.noise(duration_s=20, rate_hz=RATE_HZ, level_db=-24, seed=5, exponent=1.0)


def spoken(*spans, level_db=-66.0):
    track = room(1, level_db=level_db)
    for start_s, end_s in spans:
        part = slice(round(start_s * RATE_HZ), round(end_s * RATE_HZ))
        track[part] += STEADY[part]
    return track


def started(at_s):
    return Cue(kind="speech-started", at_s=at_s + 0.2, audio_s=at_s - 0.3)


def stopped(at_s):
    return Cue(kind="speech-stopped", at_s=at_s + 0.05, audio_s=at_s)


def cut(at_s):
    return Cue(kind="interrupted", at_s=at_s)


def ended(pause, *, after_s=0.1, again=0.21):
    """The turn ends `after_s` into a pause, and the response to it is cancelled when the voice goes on."""
    return [started(pause[0] - 2), stopped(pause[0] + after_s), started(pause[1]), cut(pause[1] + again)]


def examined(user, cues, *, agent=None, marks=(READY,), **fields):
    tracks = {"user-sent": user} if agent is None else {"user-sent": user, "agent-played": agent}
    session = session_of(tracks, cues=tuple(cues), marks=tuple(marks), **fields)
    return early_endpoint.DETECTOR.examine(Examination(session))


def chunks(*at_s):
    frames = np.arange(len(at_s)) * 960
    answers = np.arange(len(at_s))
    return Chunks(rate_hz=24_000, at_s=np.array(at_s), firsts=frames, ends=frames + 960, answers=answers, ended=True)


def test_a_turn_that_is_ended_in_a_short_pause_is_found_with_its_sizes():
    finding = examined(spoken((2, 4), (4.3, 6)), ended((4.0, 4.3))).findings[0]
    measure = finding.primary.measure
    assert measure["resumed_ms"] == pytest.approx(300, abs=25)
    assert measure["silence_ms"] == pytest.approx(100, abs=15)
    assert measure["turns"] == 1
    assert finding.where.hull.start_s == pytest.approx(3.9, abs=0.03)
    assert "500 ms of silence" in finding.remedy


def test_the_longest_pause_says_how_long_to_wait():
    cues = [*ended((4.0, 4.3)), *ended((10.0, 10.8), after_s=0.6)]
    finding = examined(spoken((2, 4), (4.3, 6), (8, 10), (10.8, 12)), cues).findings[0]
    assert finding.primary.measure["turns"] == 2
    assert "900 ms of silence" in finding.remedy or "1000 ms of silence" in finding.remedy


def test_one_pause_as_between_two_sentences_is_clear():
    verdict = examined(spoken((2, 4), (4.8, 6)), ended((4.0, 4.8), after_s=0.5))
    assert "1 pause of over 500 ms" in verdict.bound


def test_three_of_them_are_not():
    spans = [(2, 4), (4.7, 6), (6.8, 9), (9.8, 12)]
    cues = [cue for pause in ((4, 4.7), (6, 6.8), (9, 9.8)) for cue in ended(pause, after_s=0.5)]
    assert examined(spoken(*spans), cues).findings[0].primary.measure["turns"] == 3


@pytest.mark.parametrize(
    ("user", "cues"),
    [
        (spoken((2, 4), (6, 8)), ended((4.0, 6.0), after_s=0.5)),
        (spoken((2, 4)), [started(2), stopped(4.1)]),
        (spoken((2, 4), (4.3, 4.38)), ended((4.0, 4.3))),
        (spoken((2, 4), (4.3, 6)), [started(2), stopped(4.1), started(4.3), stopped(6.5)]),
    ],
    ids=["the next turn", "no more was said", "a cough of 80 ms", "no answer was cut off"],
)
def test_who_has_finished_was_not_cut(user, cues):
    assert examined(user, cues).is_clear


def test_who_answers_the_agent_was_not_cut():
    agent = np.zeros(20 * RATE_HZ, np.float32)
    agent[round(4.1 * RATE_HZ) : round(4.7 * RATE_HZ)] = agent_voice(1)[RATE_HZ : RATE_HZ + round(0.6 * RATE_HZ)]
    cues = ended((4.0, 4.45))
    assert examined(spoken((2, 4), (4.45, 6)), cues, agent=agent).is_clear


def test_an_answer_that_talks_over_the_user_is_a_cut():
    cues = [started(2), stopped(4.1), started(4.3), stopped(6.5)]
    assert examined(spoken((2, 4), (4.3, 6)), cues, chunks=chunks(4.4)).findings


def test_a_provider_that_tells_no_stops_is_judged_by_its_answers():
    user, greeted = spoken((2, 4), (4.3, 6)), Cue(kind="turn-complete", at_s=1.5)
    # Interrupted before a sound of it had come: the turn was over in the pause.
    measure = examined(user, [greeted, cut(4.5)], chunks=chunks(1.0)).findings[0].primary.measure
    assert measure["silence_ms"] is None
    assert measure["resumed_ms"] == pytest.approx(300, abs=25)
    # Its first sound came in the pause, too late for the user to have heard it.
    assert examined(user, [cut(4.6)], chunks=chunks(4.2)).findings
    assert examined(user, [cut(4.6)], chunks=chunks(1.0, 3.0)).is_clear
    assert examined(spoken((2, 4), (6, 8)), [greeted, cut(6.2)], chunks=chunks(1.0)).is_clear


def test_an_answer_that_the_app_asked_for_is_no_end_of_a_turn():
    asked = Mark(kind="asked", at_s=3.5, message="clientContent")
    user, greeted = spoken((2, 4), (4.3, 6)), Cue(kind="turn-complete", at_s=1.5)
    assert examined(user, [greeted, cut(4.5)], marks=[READY, asked], chunks=chunks(1.0)).is_clear


@pytest.mark.parametrize(
    ("user", "cues", "marks", "reason"),
    [
        (spoken((2, 4)), [stopped(4.1)], [], "no wire log"),
        (spoken((2, 4)), [], [READY], "told of no turn"),
        (spoken((2, 4)), [stopped(4.1)], [READY, Mark(kind="telephone", at_s=0.0, message="start")], "a call's"),
        (spoken((2, 4), level_db=-36), [stopped(4.1)], [READY], "a voice may be hidden"),
        (spoken((2, 4)), [Cue(kind="speech-stopped", at_s=40, audio_s=4.1)], [READY], "another clock"),
    ],
)
def test_what_cannot_be_told_is_unjudged(user, cues, marks, reason):
    assert reason in examined(user, cues, marks=marks).reason


@pytest.mark.parametrize("name", ["silence-80ms", "answered-in-a-pause"])
def test_recorded_ends_are_found_with_what_was_planted(name):
    planted = json.loads((FOLDER / f"{name}.vds" / "truth.json").read_text())["faults"][0]
    (finding,) = vd.check(vd.load(FOLDER / f"{name}.vds")).findings
    # A voice fades before its clip ends: the pause is heard a little longer than it is.
    assert finding.primary.measure["resumed_ms"] == pytest.approx(planted["sizes"]["resumed_ms"], abs=100)
    assert finding.primary.measure["turns"] == planted["sizes"]["turns"]
    ((start_s, end_s),) = planted["spans"]
    assert finding.where.hull.start_s <= start_s
    assert finding.where.hull.end_s >= end_s


@pytest.mark.parametrize("name", ["barge-in", "long-pauses", "quoting", "two-voices", "dictation", "pausing-reader"])
def test_pauses_of_clean_talks_end_no_turn(name):
    diagnosis = vd.check(vd.load(RECORDINGS / "clean" / f"{name}.vds"))
    assert {verdict.id for verdict in diagnosis.clear} >= {"early-endpoint", "false-start"}


def test_real_pauses_of_speech_are_not_cut_by_a_patient_provider():
    # Speech-like sound pauses for 200 to 600 ms; nobody ends a turn there.
    assert examined(voice(4), [started(0.2), stopped(19.9)]).is_clear
