"""Sessions whose time ran out: planted in messages, at known times."""

import json

import pytest
from scenes import RECORDINGS, agent_voice, session_of
from wire_messages import line, openai_up, write_log

import voicediag as vd
from voicediag.detect import session_limit
from voicediag.detect.examination import Examination
from voicediag.session import Mark
from voicediag.spans import Span

FOLDER = RECORDINGS / "session-limit"
REASON = "Your session hit the maximum duration of 60 minutes."
NS = 10**9


def mark(kind, at_s, **facts):
    return {"kind": kind, "at_s": at_s, **facts}


READY = mark("ready", 0.0)
EXPIRED = mark("going-away", 5.0, left_s=0.0, name="session_expired", said=REASON)


def closed(at_s, by="down", code="1001", said=""):
    return mark("closed", at_s, id=by, name=code, said=said)


def examined(*marks):
    """Examine a log that holds these marks, beside 20 s of sound."""
    made = tuple(Mark(**{"message": f"a-{each['kind']}", **each}) for each in marks)
    return session_limit.DETECTOR.examine(Examination(session_of({"agent-played": agent_voice(1)}, marks=made)))


def test_an_expiry_is_found_in_the_providers_words():
    finding = examined(READY, EXPIRED, closed(5.02)).findings[0]
    assert finding.primary.measure == {
        "ended_s": 5.02, "age_s": 5.02, "due_s": None, "code": "1001", "said": REASON, "gap_s": 14.98,
    }  # fmt: skip
    assert REASON in finding.summary
    assert finding.where.spans == (Span(5.02, 20),)
    assert finding.severity.name == "HIGH"


def test_an_expiry_is_found_whoever_closes_and_where_nobody_does():
    assert examined(READY, EXPIRED, closed(5.02, by="up", code="1000")).findings
    assert examined(READY, EXPIRED, mark("last-up", 9.0)).findings[0].primary.measure["ended_s"] == 5.0


def test_who_comes_back_has_a_gap():
    finding = examined(READY, EXPIRED, closed(5.02), mark("ready", 6.02)).findings[0]
    assert finding.severity.name == "MEDIUM"
    assert finding.where.spans == (Span(5.02, 6.02),)


def test_an_end_at_the_time_that_was_said_at_the_start_is_found():
    due = mark("ready", 0.5, left_s=9.0)
    finding = examined(due, closed(9.4, code="1011", said="over")).findings[0]
    assert finding.primary.measure["due_s"] == 9.5
    assert examined(due, closed(8.0, code="1011")).is_clear
    assert examined(due, closed(9.4, code="1000")).is_clear
    assert examined(due, closed(9.4, by="up", code="1006")).is_clear


def test_a_notice_is_another_fault():
    assert examined(READY, mark("going-away", 5.0, left_s=2.0), closed(7.0, code="1011")).is_clear


def test_a_session_that_lasts_is_clear():
    assert examined(READY, mark("answered", 12.0), closed(15.0, code="1000")).bound.endswith("15 s")


def test_without_a_wire_log_it_is_unjudged():
    assert examined().reason == "the session has no wire log"


@pytest.mark.parametrize("expires_at", [1_800_000_012, 1_800_000_012.5])
def test_the_end_is_read_from_the_sessions_start(tmp_path, expires_at):
    created = {"type": "session.created", "session": {"type": "realtime", "model": "m", "expires_at": expires_at}}
    lines = [
        line(0.0, "down", created, wall_ns=1_800_000_000 * NS),
        line(0.5, "up", openai_up(bytes(480))),
        line(12.0, "down", {"code": 1001, "reason": ""}, kind="close"),
    ]
    diagnosis = vd.check(vd.load(write_log(tmp_path / "call.jsonl", lines)))
    (finding,) = (each for each in diagnosis.findings if each.id == "session-limit")
    assert finding.primary.measure["due_s"] == expires_at - 1_800_000_000


def test_the_recorded_expiry_is_found_where_it_was_planted():
    planted = json.loads((FOLDER / "expired-1001.vds" / "truth.json").read_text())["faults"][0]
    (finding,) = vd.check(vd.load(FOLDER / "expired-1001.vds")).findings
    assert finding.primary.measure["code"] == "1001"
    assert finding.primary.measure["gap_s"] == pytest.approx(planted["sizes"]["gap_s"], abs=0.05)
