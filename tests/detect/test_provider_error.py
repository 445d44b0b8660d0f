"""Errors that the provider answered with: planted in messages, at known times."""

import json

import pytest
from scenes import RECORDINGS, room, session_of
from wire_messages import line, write_log

import voicediag as vd
from voicediag.detect import provider_error
from voicediag.detect.examination import Examination
from voicediag.session import Mark

FOLDER = RECORDINGS / "provider-error"
TEXT = "Invalid value: 'loud'. Supported values are: 'alloy' and 'marin'."


def error(at_s, code="invalid_value", said=TEXT):
    return Mark(kind="error", at_s=at_s, message="error", name=code, said=said)


def mark(kind, at_s):
    return Mark(kind=kind, at_s=at_s, message=kind)


def examined(*marks):
    session = session_of({"agent-received": room(1)}, marks=marks)
    return provider_error.DETECTOR.examine(Examination(session))


def test_an_error_is_found_in_the_providers_own_words():
    (finding,) = examined(mark("ready", 0.0), error(3.0), mark("last-down", 9.0)).findings
    assert TEXT in finding.summary
    assert finding.primary.measure == {
        "code": "invalid_value", "said": TEXT, "message": "error", "message_s": 3.0, "count": 1,
    }  # fmt: skip
    assert finding.severity.name == "MEDIUM"


def test_an_error_after_which_nothing_comes_hurts_more():
    (finding,) = examined(mark("ready", 0.0), error(3.0), mark("last-down", 3.0)).findings
    assert finding.severity.name == "HIGH"


def test_errors_of_one_code_are_one_finding():
    verdict = examined(error(1.0), error(2.0, "rate_limit_exceeded", "slow down"), error(3.0))
    assert [finding.primary.measure["count"] for finding in verdict.findings] == [2, 1]
    assert "1 more of that code" in verdict.findings[0].summary


def test_without_an_error_it_is_clear():
    assert examined(mark("ready", 0.0)).is_clear


def test_without_a_wire_log_it_is_unjudged():
    assert examined().reason == "the session has no wire log"


@pytest.mark.parametrize(
    "message",
    [
        {"type": "error", "error": {"type": "invalid_request_error", "code": "x", "message": TEXT}},
        {"error": {"code": 429, "message": TEXT, "status": "RESOURCE_EXHAUSTED"}},
    ],
    ids=["openai", "gemini"],
)
def test_a_log_with_nothing_but_an_error_is_found(tmp_path, message):
    diagnosis = vd.check(vd.load(write_log(tmp_path / "call.jsonl", [line(0.3, "down", message)])))
    assert [root.id for root in diagnosis.root_causes] == ["provider-error"]
    assert TEXT in diagnosis.root_causes[0].summary


def test_the_recorded_error_is_found_where_it_was_planted():
    planted = json.loads((FOLDER / "update-refused.vds" / "truth.json").read_text())["faults"][0]
    (finding,) = vd.check(vd.load(FOLDER / "update-refused.vds")).findings
    assert finding.primary.measure["message_s"] == pytest.approx(planted["spans"][0][0], abs=1e-3)
    assert "(param session.audio.output.voice)" in finding.summary
