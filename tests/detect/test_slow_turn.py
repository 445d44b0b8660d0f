"""Turns that were answered too late, at known times."""

import json

import pytest
from latency_sessions import came, mark, sounding, stop
from scenes import RECORDINGS

import voicediag as vd
from voicediag.detect import slow_turn
from voicediag.detect.examination import Examination

FOLDER = RECORDINGS / "slow-turn"
STEP_MS = 60.0


def examined(session):
    return slow_turn.DETECTOR.examine(Examination(session))


def talk(wait_s, **fields):
    """A user who speaks for two seconds, an agent that answers after `wait_s`, and once more in good time."""
    agent = [(4 + wait_s, 6 + wait_s), (15, 17)]
    return sounding([(2, 4), (12, 14)], agent, **fields)


def test_a_slow_answer_is_found_with_its_time():
    (finding,) = examined(talk(3.0)).findings
    assert finding.primary.measure["audio_ms"] == pytest.approx(3_000, abs=STEP_MS)
    assert finding.primary.measure["part"] is None
    (span,) = finding.where.spans
    assert (span.start_s, span.end_s) == pytest.approx((4, 7), abs=STEP_MS / 1_000)
    assert finding.severity.name == "MEDIUM"
    assert "1 of 2 turns" in finding.summary


def test_a_very_slow_answer_hurts_more():
    assert examined(talk(5.0)).findings[0].severity.name == "HIGH"


def test_an_answer_in_good_time_is_clear():
    verdict = examined(talk(1.0))
    assert verdict.is_clear
    assert verdict.bound.startswith("the slowest of 2 turns was answered after 1")


@pytest.mark.parametrize(
    ("cue_s", "came_s", "part"),
    [(6.5, 6.9, "vad_wait"), (4.5, 6.9, "first_chunk"), (4.5, 5.0, "cushion")],
)
def test_the_largest_part_is_named(cue_s, came_s, part):
    arrivals = (came(came_s, 7.0, 9.0), came(15.0, 15.0, 17.0))
    (finding,) = examined(talk(3.0, arrivals=arrivals, cues=(stop(cue_s), stop(14.5)))).findings
    assert finding.primary.measure["part"] == part
    assert finding.remedy == slow_turn.REMEDIES[part]
    assert finding.primary.measure["logged_ms"] == pytest.approx(1_000 * (came_s - cue_s))


def with_tool(wait_s, tool_s):
    arrivals = (came(4 + wait_s, 4 + wait_s, 6 + wait_s), came(15.0, 15.0, 17.0))
    marks = (mark("tool-call", 4.5, id="1", name="weather"), mark("tool-result", 4.5 + tool_s, id="1"))
    return examined(talk(wait_s, arrivals=arrivals, cues=(stop(4.4), stop(14.5)), marks=marks))


def test_a_tool_may_take_its_time():
    assert with_tool(3.0, 2.0).is_clear


def test_a_tool_that_takes_too_long_is_named():
    (finding,) = with_tool(6.0, 5.0).findings
    assert finding.primary.measure["part"] == "tool"
    assert finding.primary.measure["tool_ms"] == pytest.approx(5_000)
    assert finding.primary.limit is slow_turn.LONG
    assert "weather" in finding.summary


def test_a_model_that_takes_too_long_beside_its_tool_is_found():
    (finding,) = with_tool(3.5, 0.5).findings
    assert finding.primary.limit is slow_turn.SLOW


def test_a_user_who_is_never_answered_is_another_fault():
    verdict = examined(sounding([(2, 4), (12, 14)], [(0.5, 1.5)]))
    assert verdict.reason == "no turn of the user was answered"


def test_a_session_without_an_agent_is_unjudged():
    session = talk(3.0)
    only = vd.session.Session(source="test", tracks={"user-sent": session.tracks["user-sent"]})
    assert examined(only).reason == "the session has no agent track to time"


def test_a_door_far_below_the_voice_is_no_last_word():
    session = talk(4.5)
    samples = session.tracks["user-sent"].source.samples
    samples[7 * 16_000 : round(7.3 * 16_000)] *= 30  # -40 dBFS: 30 dB over the room, 16 dB below the voice
    assert examined(session).findings[0].primary.measure["audio_ms"] == pytest.approx(4_500, abs=STEP_MS)


@pytest.mark.parametrize(
    ("name", "part"),
    [("vad-waits", "vad_wait"), ("tool-takes-long", "tool"), ("model-takes-long", "first_chunk")],
)
def test_recorded_waits_are_found_where_they_were_planted(name, part):
    planted = json.loads((FOLDER / f"{name}.vds" / "truth.json").read_text())["faults"][0]
    (finding,) = vd.check(vd.load(FOLDER / f"{name}.vds")).findings
    sizes = planted["sizes"]
    assert len(finding.where) == sizes["turns"]
    assert finding.primary.measure["part"] == part
    # A room rings on after the last word, and a voice begins softly.
    assert finding.primary.measure["audio_ms"] == pytest.approx(sizes["audio_ms"], abs=200)
    assert finding.primary.measure[f"{part}_ms"] == pytest.approx(sizes[f"{part}_ms"], abs=100)
    for found, (start_s, end_s) in zip(finding.where, planted["spans"], strict=True):
        assert (found.start_s, found.end_s) == pytest.approx((start_s, end_s), abs=0.15)
