"""Calls of tools and what became of them: planted in messages, at known times."""

import json

import pytest
from scenes import RECORDINGS, agent_voice, session_of

import voicediag as vd
from voicediag.detect import unanswered_tool_call
from voicediag.detect.examination import Examination
from voicediag.session import Mark
from voicediag.spans import Span

FOLDER = RECORDINGS / "unanswered-tool-call"
END = ("last-down", 30.0, "")


def examined(*marks, asks=False, tracks=None):
    """Examine a log that holds these marks, each (kind, seconds, id)."""
    made = tuple(
        Mark(kind=kind, at_s=at_s, message=f"a-{kind}", id=call, name="weather", awaits_ask=asks)
        for kind, at_s, call in marks
    )
    tracks = {"agent-played": agent_voice(1)} if tracks is None else tracks
    return unanswered_tool_call.DETECTOR.examine(Examination(session_of(tracks, marks=made)))


def test_a_call_that_is_never_answered_is_found():
    finding = examined(("tool-call", 4.0, "f1"), ("last-up", 16.0, "")).findings[0]
    assert finding.where.spans == (Span(4, 16),)
    assert finding.primary.measure == {
        "kind": "never-answered", "tool": "weather", "call": "f1", "message": "a-tool-call", "message_s": 4.0,
        "tool_ms": None, "late_ms": None, "dead_air_ms": 12_000.0,
    }  # fmt: skip


def test_an_answer_to_another_call_is_none():
    verdict = examined(("tool-call", 4.0, "f1"), ("tool-result", 4.5, "f2"), END)
    assert verdict.findings[0].primary.measure["kind"] == "never-answered"


def test_an_answer_after_the_cancellation_is_found():
    marks = (("tool-call", 4.0, "f1"), ("tool-cancelled", 5.0, "f1"), ("tool-result", 6.25, "f1"))
    finding = examined(*marks, ("answered", 7.0, ""), END).findings[0]
    assert finding.primary.measure["late_ms"] == 1_250
    assert "answered all the same 1250 ms later" in finding.summary
    assert finding.where.spans == (Span(4, 6.25),)


def test_an_output_after_which_nothing_is_asked_is_found():
    verdict = examined(("tool-call", 4.0, "c1"), ("tool-result", 4.5, "c1"), ("last-up", 12.0, ""), asks=True)
    measure = verdict.findings[0].primary.measure
    assert (measure["kind"], measure["tool_ms"], measure["dead_air_ms"]) == ("never-asked", 500, 8_000)


def test_faults_of_two_kinds_are_two_findings_and_those_of_one_kind_one():
    never = [("tool-call", float(number), f"f{number}") for number in (1, 2)]
    late = (("tool-call", 3.0, "g"), ("tool-cancelled", 4.0, "g"), ("tool-result", 6.0, "g"))
    verdict = examined(*never, *late, END)
    kinds = [[evidence.measure["kind"] for evidence in finding.evidence] for finding in verdict.findings]
    assert kinds == [["never-answered", "never-answered"], ["after-cancel"]]


CALLED, ANSWERED = ("tool-call", 4.0, "f1"), ("tool-result", 4.5, "f1")


@pytest.mark.parametrize(
    ("marks", "asks"),
    [
        ((CALLED, ANSWERED, ("answered", 5.0, "")), False),
        ((CALLED, ANSWERED, ("asked", 4.6, ""), ("answered", 5.0, "")), True),
        ((CALLED, ANSWERED, ("answered", 5.0, "")), True),
        ((CALLED, ("tool-cancelled", 4.4, "f1"), ANSWERED), False),
        ((CALLED, ("tool-cancelled", 4.4, "f1"), ("tool-call", 6.0, "f2"), ("tool-result", 6.1, "f2")), False),
        (
            (CALLED, ("closed", 9.0, ""), ("setup", 9.5, ""), ("tool-call", 10.0, "f1"), ("tool-result", 10.1, "f1")),
            False,
        ),
    ],
    ids=["answered", "asked for", "the user spoke on", "crossed on the way", "cancelled", "lost with its connection"],
)
def test_a_call_after_which_the_talk_goes_on_is_clear(marks, asks):
    assert examined(*marks, END, asks=asks).is_clear


def test_what_is_clear_says_how_long_the_tools_took():
    calls = [CALLED, ANSWERED, ("answered", 6.0, ""), ("tool-call", 8.0, "f2"), ("tool-result", 8.2, "f2")]
    bound = examined(*calls, ("answered", 8.5, ""), END).bound
    assert bound == "the slowest answer took 500 ms, the longest dead air 2000 ms"


def test_a_session_that_calls_no_tool_is_clear():
    assert examined(("ready", 0.1, ""), END).bound == "no tool was called"


def test_without_a_wire_log_it_is_unjudged():
    assert examined().reason == "the session has no wire log"
    assert "no message of the wire log says anything" in examined(END).reason


def test_a_log_that_ends_while_a_tool_works_is_unjudged():
    assert "ends 3.0 s after a tool was called" in examined(CALLED, ("last-up", 7.0, "")).reason


def test_without_any_sound_the_fault_is_shown_on_the_wire():
    assert "weather was called at 4.00 s and never" in examined(CALLED, END, tracks={}).findings[0].summary


@pytest.mark.parametrize(
    ("name", "kind"),
    [("handler-threw", "never-answered"), ("after-cancel", "after-cancel"), ("no-response-create", "never-asked")],
)
def test_recorded_calls_are_found_where_they_were_planted(name, kind):
    planted = json.loads((FOLDER / f"{name}.vds" / "truth.json").read_text())["faults"][0]
    (finding,) = vd.check(vd.load(FOLDER / f"{name}.vds")).findings
    measure, sizes = finding.primary.measure, planted["sizes"]
    assert measure["kind"] == kind
    assert measure["message_s"] == pytest.approx(sizes["called_s"], abs=1e-3)
    for key in sizes.keys() & {"tool_ms", "late_ms"}:
        assert measure[key] == pytest.approx(sizes[key], abs=1)
    (where,), ((start_s, end_s),) = finding.where.spans, planted["spans"]
    assert (where.start_s, where.end_s) == pytest.approx((start_s, end_s), abs=0.05)


@pytest.mark.parametrize("name", ["timetable", "bus-stop"])
def test_the_clean_twins_measure_the_tool_that_was_planted(name):
    verdicts = vd.check(vd.load(RECORDINGS / "clean" / f"{name}.vds")).clear
    bound = next(verdict.bound for verdict in verdicts if verdict.id == "unanswered-tool-call")
    assert "the slowest answer took 420 ms" in bound
