"""Starts of speech that a provider tells of, with a voice, an echo, a click or nothing at the microphone."""

import json

import numpy as np
import pytest
from scenes import RATE_HZ, RECORDINGS, agent_voice, room, session_of, voice

import voicediag as vd
from voicediag import signals
from voicediag.detect import false_start
from voicediag.detect.examination import Examination
from voicediag.session import Arrival, Chunks, Cue, Mark
from voicediag.spans import Span

READY = Mark(kind="ready", at_s=0.0, message="session.updated")
FOLDER = RECORDINGS / "false-start"


def spoken(*spans, level_db=-66.0):
    """A voice in these spans, over a live room."""
    track, said = room(1, level_db=level_db), voice(2)
    for start_s, end_s in spans:
        part = slice(round(start_s * RATE_HZ), round(end_s * RATE_HZ))
        track[part] += said[part]
    return track


def started(at_s, *, told_s=0.5):
    """A start at `at_s`, told with 300 ms of what was before it."""
    return Cue(kind="speech-started", at_s=at_s + told_s, audio_s=at_s - 0.3)


def examined(user, cues, *, agent=None, marks=(READY,), **fields):
    tracks = {"user-sent": user} if agent is None else {"user-sent": user, "agent-played": agent}
    session = session_of(tracks, cues=tuple(cues), marks=tuple(marks), **fields)
    return false_start.DETECTOR.examine(Examination(session))


def test_a_start_over_a_silent_room_is_found():
    finding = examined(spoken((2, 5)), [started(2.0), started(12.0)]).findings[0]
    measure = finding.primary.measure
    assert (measure["kind"], measure["starts"]) == ("nothing", 1)
    assert measure["level_dbfs"] == pytest.approx(-66, abs=3)
    (where,) = finding.where.spans
    assert where.start_s <= 11.7
    assert where.end_s >= 12.5
    assert "1 of 2 starts" in finding.summary


def test_digital_silence_is_nothing_too():
    assert examined(np.zeros(20 * RATE_HZ, np.float32), [started(8.0)]).findings[0].primary.measure["kind"] == "nothing"


def test_starts_with_a_voice_are_clear():
    verdict = examined(spoken((2, 5), (10, 13)), [started(2.1), started(10.1)])
    assert "each of 2 starts" in verdict.bound


def test_a_click_is_told_from_a_voice():
    user = spoken((2, 5))
    user[round(12.1 * RATE_HZ) : round(12.13 * RATE_HZ)] += 0.2
    assert examined(user, [started(2.1), started(12.0)]).findings[0].primary.measure["kind"] == "click"


def test_an_echo_is_the_agents_and_a_user_over_it_is_not():
    agent = agent_voice(3)
    agent[: 2 * RATE_HZ] = 0
    echo = signals.leak(agent, rate_hz=RATE_HZ, delay_ms=150, erl_db=12).echo
    alone = examined(room(1) + echo, [started(6.0)], agent=agent).findings[0]
    assert alone.primary.measure["kind"] == "echo"
    assert alone.primary.measure["echo_share"] == pytest.approx(1.0, abs=0.4)
    assert alone.primary.against == "agent-played"
    user = spoken((5.5, 8))
    # 12 dB of echo path below an equally loud voice: a twentieth of the energy.
    assert examined(user + echo, [started(6.0)], agent=agent).is_clear


def test_an_interruption_without_a_voice_is_found_where_no_starts_are_told():
    cues = [Cue(kind="interrupted", at_s=12.0)]
    assert examined(spoken((2, 5)), cues).findings[0].primary.measure["kind"] == "nothing"
    assert examined(spoken((11, 13)), cues).is_clear


@pytest.mark.parametrize("kind", ["asked", "broke-in", "tool-result"])
def test_who_interrupts_the_model_itself_is_no_false_start(kind):
    doing = Mark(kind=kind, at_s=11.8, message="clientContent")
    verdict = examined(spoken((2, 5)), [Cue(kind="interrupted", at_s=12.0)], marks=[READY, doing])
    assert verdict.bound == "the provider told of no start and of no interruption"


def test_the_answer_to_a_request_is_not_interrupted_by_it():
    asked = Mark(kind="asked", at_s=10.5, message="clientContent")
    frames = np.arange(4) * 960
    came = Chunks(
        rate_hz=24_000,
        at_s=np.array([11.0, 11.2, 11.4, 11.6]),
        firsts=frames,
        ends=frames + 960,
        answers=np.zeros(4, np.int64),
        ended=True,
    )
    verdict = examined(spoken((2, 5)), [Cue(kind="interrupted", at_s=12.0)], marks=[READY, asked], chunks=came)
    assert verdict.findings[0].primary.measure["kind"] == "nothing"


@pytest.mark.parametrize(
    ("user", "cues", "marks", "reason"),
    [
        (spoken((2, 5)), [started(12)], [], "no wire log"),
        (spoken((2, 5)), [started(12)], [READY, Mark(kind="telephone", at_s=0.0, message="start")], "a call's"),
        (spoken((2, 5), level_db=-36), [started(12)], [READY], "a voice may be hidden"),
        (spoken((2, 5)), [started(12, told_s=30)], [READY], "1 of 1 starts"),
        (spoken((2, 5)), [started(40)], [READY], "1 of 1 starts"),
    ],
    ids=["no wire", "a telephone's wire", "a loud room", "another clock", "after the end of the track"],
)
def test_where_the_sound_does_not_say_it_is_unjudged(user, cues, marks, reason):
    assert reason in examined(user, cues, marks=marks).reason


def test_without_a_microphone_it_is_unjudged():
    session = session_of({"agent-received": agent_voice(1)}, cues=(started(3),), marks=(READY,))
    assert "no track of the user" in false_start.DETECTOR.examine(Examination(session)).reason


@pytest.mark.parametrize("name", ["nobody-spoke", "interrupted-by-nobody"])
def test_recorded_false_starts_are_found_where_they_are(name):
    planted = json.loads((FOLDER / f"{name}.vds" / "truth.json").read_text())["faults"][0]
    (finding,) = vd.check(vd.load(FOLDER / f"{name}.vds")).findings
    assert len(finding.where) == planted["sizes"]["starts"]
    for where, (start_s, _) in zip(finding.where, planted["spans"], strict=True):
        assert where.start_s <= start_s <= where.end_s


@pytest.mark.parametrize(
    "place", ["echo-leak/speakerphone-187ms", "self-hearing-loop/hotel", "self-hearing-loop/kitchen"]
)
def test_starts_by_an_echo_are_symptoms_of_it(place):
    truth = json.loads((RECORDINGS / f"{place}.vds" / "truth.json").read_text())["faults"]
    planted = next(fault for fault in truth if fault["id"] == "false-start")
    diagnosis = vd.check(vd.load(RECORDINGS / f"{place}.vds"))
    (finding,) = [finding for finding in diagnosis.findings if finding.id == "false-start"]
    assert finding.explained_by == "echo-leak"
    assert finding.primary.measure["kind"] == "echo"
    assert finding.primary.measure["starts"] == planted["sizes"]["starts"]


def test_what_the_user_said_before_the_answer_began_did_not_interrupt_it():
    agent = agent_voice(3)
    agent[: 6 * RATE_HZ] = 0
    echo = signals.leak(agent, rate_hz=RATE_HZ, delay_ms=150, erl_db=12).echo[: agent.size]
    user, cues = spoken((4, 5.5)) + echo, [Cue(kind="interrupted", at_s=6.9)]
    assert examined(user, cues, agent=agent).is_clear
    answer = Arrival(first_s=5.95, last_s=6.5, span=Span(6.0, 8.0))
    finding = examined(user, cues, agent=agent, arrivals=(answer,)).findings[0]
    assert finding.primary.measure["kind"] == "echo"
    assert finding.where.spans[0].start_s == pytest.approx(5.65)
