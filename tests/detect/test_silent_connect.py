"""What was asked of the provider and never came: planted in messages, at known times."""

import json

import pytest
from scenes import RECORDINGS, room, session_of

import voicediag as vd
from voicediag.detect import silent_connect
from voicediag.detect.examination import Examination
from voicediag.session import Mark
from voicediag.spans import Span

FOLDER = RECORDINGS / "silent-connect"
FAULTS = {"setup-without-model": "silent-connect", "mime-without-rate": "protocol-slip"}
SETUP, READY = ("setup", 0.0), ("ready", 0.03)


def examined(*marks, tracks=None):
    """Examine a log that holds these marks, each (kind, seconds) or (kind, seconds, name)."""
    made = tuple(
        Mark(kind=kind, at_s=at_s, message=f"a-{kind}", name="".join(name), fault=FAULTS.get("".join(name), ""))
        for kind, at_s, *name in marks
    )
    tracks = {"user-sent": room(1)} if tracks is None else tracks
    return silent_connect.DETECTOR.examine(Examination(session_of(tracks, marks=made)))


def test_a_setup_that_nobody_agrees_to_is_found():
    finding = examined(SETUP, ("last-up", 18.0)).findings[0]
    assert finding.primary.measure == {
        "kind": "no-ready", "message": "a-setup", "message_s": 0.0, "waited_s": 18.0, "code": None,
        "said": None,
    }  # fmt: skip
    assert finding.where.spans == (Span(0, 18),)


def test_a_setup_that_is_refused_is_found_at_once_and_says_how():
    finding = examined(SETUP, ("closed", 0.4, "1008"), ("last-up", 0.0)).findings[0]
    assert finding.primary.measure["code"] == "1008"
    assert "the connection was closed (1008)" in finding.summary


def test_a_setup_without_a_model_is_found():
    finding = examined(SETUP, ("slip", 0.0, "setup-without-model"), ("last-up", 9.0)).findings[0]
    assert finding.primary.measure["kind"] == "no-model"


def test_a_first_request_that_is_never_answered_is_found():
    finding = examined(SETUP, READY, ("asked", 2.0), ("last-up", 15.0)).findings[0]
    assert finding.primary.measure["kind"] == "no-answer"
    assert finding.primary.measure["waited_s"] == 13.0
    assert finding.primary.limit is silent_connect.SPEAK_WITHIN


def test_a_second_connection_is_judged_too():
    first = (SETUP, READY, ("asked", 0.1), ("answered", 0.6), ("closed", 5.0, "1011"))
    verdict = examined(*first, ("setup", 6.0), ("last-up", 14.0))
    assert [evidence.measure["message_s"] for evidence in verdict.findings[0].evidence] == [6.0]


@pytest.mark.parametrize(
    "marks",
    [
        (SETUP, READY, ("asked", 1.0), ("answered", 1.6)),
        (READY, ("setup", 0.1), ("ready", 0.2), ("answered", 9.0)),
        (READY, ("answered", 2.0), ("setup", 3.0), ("answered", 4.0)),
        (SETUP, READY, ("asked", 1.0), ("answered", 10.9)),
        (SETUP, READY, ("asked", 1.0), ("answered", 2.0), ("asked", 4.0)),
    ],
    ids=["asked", "heard", "a change that nobody confirms", "just in time", "a later request"],
)
def test_a_model_that_spoke_is_clear(marks):
    assert examined(*marks, ("last-down", 30.0)).is_clear


@pytest.mark.parametrize(
    ("marks", "reason"),
    [
        ((), "the session has no wire log"),
        ((("last-up", 9.0),), "no message of the wire log says anything of the session"),
        ((("answered", 2.0), ("last-up", 9.0)), "does not hold the session's beginning"),
        ((SETUP, ("last-up", 3.0)), "the log ends after 3.0 s"),
        ((SETUP, READY, ("asked", 1.0), ("last-up", 8.0)), "the log ends after 7.0 s"),
        ((SETUP, READY, ("last-up", 30.0)), "no message asked it to"),
    ],
)
def test_what_the_wire_does_not_say_is_unjudged(marks, reason):
    assert reason in examined(*marks).reason


def test_without_any_sound_the_fault_is_shown_on_the_wire():
    evidence = examined(SETUP, ("last-up", 18.0), tracks={}).findings[0].primary
    assert (evidence.track, evidence.span) == ("agent-received", Span(0, 18))


def test_a_slip_of_another_kind_is_not_the_missing_model():
    finding = examined(SETUP, ("slip", 0.0, "mime-without-rate"), ("last-up", 9.0)).findings[0]
    assert finding.primary.measure["kind"] == "no-ready"


def test_a_storm_of_reconnections_is_one_finding_with_a_page_of_evidence():
    marks = [(kind, number + part, "") for number in range(500) for kind, part in (("setup", 0.0), ("closed", 0.5))]
    findings = examined(*marks, ("last-up", 500.0)).findings
    assert len(findings) == 1
    assert "499 more" in findings[0].summary
    assert len(findings[0].evidence) == 20


@pytest.mark.parametrize(
    ("name", "size"),
    [("no-setup-complete", "setup_s"), ("setup-without-model", "setup_s"), ("unanswered-greeting", "asked_s")],
)
def test_recorded_silences_are_found_where_they_were_planted(name, size):
    planted = json.loads((FOLDER / f"{name}.vds" / "truth.json").read_text())["faults"][0]
    diagnosis = vd.check(vd.load(FOLDER / f"{name}.vds"))
    (finding,) = diagnosis.findings
    assert finding.primary.measure["message_s"] == planted["sizes"][size]
    (where,), ((start_s, end_s),) = finding.where.spans, planted["spans"]
    assert (where.start_s, where.end_s) == pytest.approx((start_s, end_s), abs=0.05)
