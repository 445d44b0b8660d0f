"""Connections whose end was announced: planted in messages, at known times."""

import json

import pytest
from scenes import RECORDINGS, agent_voice, session_of

import voicediag as vd
from voicediag.detect import unheeded_goaway
from voicediag.detect.examination import Examination
from voicediag.session import Mark
from voicediag.spans import Span

FOLDER = RECORDINGS / "unheeded-goaway"
NOTICE = {"kind": "going-away", "at_s": 5.0, "left_s": 4.0}


def mark(kind, at_s, **facts):
    return {"kind": kind, "at_s": at_s, **facts}


def closed(at_s, by="down", code="1011"):
    return mark("closed", at_s, id=by, name=code)


def examined(*marks, tracks=None):
    """Examine a log that holds these marks, beside 20 s of sound."""
    made = tuple(Mark(**{"message": f"a-{each['kind']}", **each}) for each in marks)
    tracks = {"agent-played": agent_voice(1)} if tracks is None else tracks
    return unheeded_goaway.DETECTOR.examine(Examination(session_of(tracks, marks=made)))


def test_a_connection_that_is_closed_after_its_notice_is_found():
    finding = examined(mark("resumable", 2.0), NOTICE, closed(9.25)).findings[0]
    assert finding.primary.measure == {
        "message": "a-going-away", "message_s": 5.0, "left_s": 4.0, "ended_s": 9.25, "gap_s": 10.75, "code": "1011",
        "handle_s": 2.0,
    }  # fmt: skip
    assert finding.where.spans == (Span(5, 20),)
    assert finding.severity.name == "HIGH"


def test_who_comes_back_late_has_a_gap():
    finding = examined(NOTICE, closed(9.0), mark("setup", 11.5), mark("last-up", 19.0)).findings[0]
    assert finding.primary.measure["gap_s"] == 2.5
    assert finding.where.spans == (Span(5, 11.5),)
    assert finding.severity.name == "MEDIUM"


def test_a_log_without_closes_goes_by_the_time_that_was_left():
    verdict = examined(NOTICE, mark("last-up", 16.0), mark("last-down", 8.9))
    assert verdict.findings[0].primary.measure["ended_s"] == 9.0


@pytest.mark.parametrize(("at_s", "code"), [(6.0, "1011"), (8.5, "1000"), (9.2, "1006")])
def test_a_close_is_the_announced_one_by_its_time_or_its_code(at_s, code):
    assert examined(NOTICE, closed(at_s, code=code)).findings[0].primary.measure["code"] == code


def test_the_end_itself_is_no_notice_of_it():
    assert examined({**NOTICE, "left_s": 0.0, "name": "session_expired"}, closed(5.02)).is_clear


def test_of_several_notices_of_one_connection_the_first_counts():
    later = {**NOTICE, "at_s": 7.0, "left_s": 2.0}
    verdict = examined(NOTICE, later, closed(9.0))
    assert [evidence.measure["message_s"] for finding in verdict.findings for evidence in finding.evidence] == [5.0]


def test_each_connection_that_is_cut_is_evidence():
    second = {**NOTICE, "at_s": 13.0, "left_s": 2.0}
    verdict = examined(NOTICE, closed(9.0), mark("setup", 12.0), mark("ready", 12.1), second, closed(15.0))
    assert [evidence.measure["ended_s"] for evidence in verdict.findings[0].evidence] == [9.0, 15.0]
    assert "; 1 more ended so" in verdict.findings[0].summary


@pytest.mark.parametrize(
    "marks",
    [
        (NOTICE, mark("setup", 6.0), closed(6.5, by="up"), mark("last-down", 19.0)),
        (NOTICE, mark("setup", 9.9), mark("last-down", 19.0)),
        (NOTICE, closed(8.0, by="up")),
        (NOTICE, closed(6.0, code="1000")),
        (NOTICE, closed(6.0, code="1006")),
        (NOTICE, mark("last-down", 7.0)),
        (NOTICE, mark("last-down", 19.0)),
        ({**NOTICE, "left_s": None}, mark("last-down", 7.0)),
        (mark("ready", 0.1), mark("last-down", 19.0)),
    ],
    ids=[
        "handed over",
        "just in time",
        "hung up",
        "ended well",
        "broke",
        "ended before",
        "outlived",
        "no time was named",
        "no notice",
    ],
)
def test_a_connection_that_was_not_cut_is_clear(marks):
    assert examined(*marks).is_clear


def test_without_a_wire_log_it_is_unjudged():
    assert examined().reason == "the session has no wire log"


def test_without_any_sound_the_fault_is_shown_on_the_wire():
    assert "the connection ended at 9.00 s (1011)" in examined(NOTICE, closed(9.0), tracks={}).findings[0].summary


def test_the_recorded_ending_is_found_where_it_was_planted():
    planted = json.loads((FOLDER / "closed-1011.vds" / "truth.json").read_text())["faults"][0]
    (finding,) = vd.check(vd.load(FOLDER / "closed-1011.vds")).findings
    measure, sizes = finding.primary.measure, planted["sizes"]
    assert measure["code"] == "1011"
    assert measure["left_s"] == sizes["left_s"]
    assert measure["message_s"] == pytest.approx(sizes["told_s"], abs=1e-3)
    assert measure["gap_s"] == pytest.approx(sizes["gap_s"], abs=0.05)
