"""Connections that nobody wanted to end: planted in messages, at known times."""

import json

import pytest
from scenes import RECORDINGS, agent_voice, session_of

import voicediag as vd
from voicediag.detect import dropped_connection
from voicediag.detect.examination import Examination
from voicediag.session import Mark
from voicediag.spans import Span

FOLDER = RECORDINGS / "dropped-connection"


def mark(kind, at_s, **facts):
    return {"kind": kind, "at_s": at_s, **facts}


SETUP, READY = mark("setup", 0.0), mark("ready", 0.1)


def closed(at_s, by="down", code="1006", said=""):
    return mark("closed", at_s, id=by, name=code, said=said)


def examined(*marks, tracks=None):
    """Examine a log that holds these marks, beside 20 s of sound."""
    made = tuple(Mark(**{"message": f"a-{each['kind']}", **each}) for each in marks)
    tracks = {"agent-played": agent_voice(1)} if tracks is None else tracks
    return dropped_connection.DETECTOR.examine(Examination(session_of(tracks, marks=made)))


def test_a_line_that_breaks_is_found():
    finding = examined(SETUP, READY, closed(6.0, said="connection lost")).findings[0]
    assert finding.primary.measure == {
        "kind": "broke", "ended_s": 6.0, "age_s": 6.0, "code": "1006", "said": "connection lost", "gap_s": 14.0,
        "handle_s": None,
    }  # fmt: skip
    assert finding.where.spans == (Span(6, 20),)
    assert finding.severity.name == "HIGH"
    assert "did not connect again" in finding.summary


@pytest.mark.parametrize(
    ("by", "code", "said", "kind"),
    [
        ("down", "1006", "", "broke"),
        ("up", "1011", "keepalive ping timeout", "ping-timeout"),
        ("up", "1006", "sent 1011 (internal error) keepalive ping timeout; no close frame received", "ping-timeout"),
        ("down", "1008", "Operation is not implemented, or supported, or enabled.", "provider-closed"),
        ("down", "1011", "The service is currently unavailable.", "provider-closed"),
        ("down", "1001", "", "provider-closed"),
        ("up", "1009", "message too big", "client-closed"),
    ],
)
def test_who_closed_and_how_tells_them_apart(by, code, said, kind):
    finding = examined(SETUP, READY, closed(6.0, by, code, said)).findings[0]
    assert finding.primary.measure["kind"] == kind
    assert said in finding.summary


def test_who_comes_back_has_a_gap():
    finding = examined(SETUP, READY, mark("resumable", 3.0), closed(6.0), mark("setup", 7.5)).findings[0]
    assert finding.severity.name == "MEDIUM"
    assert finding.where.spans == (Span(6, 7.5),)
    assert "again after 1.5 s" in finding.summary
    assert finding.primary.measure["handle_s"] == 3.0


def test_a_close_that_both_ends_note_is_one():
    verdict = examined(SETUP, READY, closed(6.0, "down", "1011"), closed(6.01, "up", "1011"))
    assert len(verdict.findings[0].evidence) == 1


@pytest.mark.parametrize(
    "marks",
    [
        (SETUP, READY, closed(6.0, code="1000")),
        (SETUP, READY, closed(6.0, "up", "1000")),
        (SETUP, READY, closed(6.0, "up", "1001")),
        (SETUP, READY, closed(6.0, "up", "1006")),
        (SETUP, READY, closed(6.0, "up", "4001")),
        (SETUP, closed(0.4, code="1008")),
        (mark("opened", 0.0), mark("error", 0.1, name="HTTP 401"), closed(0.1, code="401")),
        (SETUP, READY, mark("going-away", 5.0, left_s=1.0), closed(6.0, code="1011")),
        (SETUP, READY, mark("going-away", 5.0, left_s=0.0, name="session_expired"), closed(5.1, code="1001")),
        (SETUP, mark("ready", 0.1, left_s=6.0), closed(6.0, code="1001")),
        (SETUP, READY, mark("setup", 4.0), mark("ready", 4.1), closed(6.0), mark("last-down", 19.0)),
    ],
    ids=[
        "by the provider", "hung up", "a page that was left", "a page that was killed", "an app's own code",
        "refused", "a handshake that failed", "announced", "expired", "due", "another connection stood",
    ],
)  # fmt: skip
def test_an_end_that_was_wanted_or_is_told_elsewhere_is_clear(marks):
    assert examined(*marks).is_clear


def test_a_line_that_breaks_before_the_announced_end_is_found():
    assert examined(SETUP, READY, mark("going-away", 5.0, left_s=9.0), closed(6.0)).findings


@pytest.mark.parametrize(
    ("marks", "reason"),
    [
        ((), "the session has no wire log"),
        ((SETUP, READY, mark("last-down", 9.0)), "no line of the wire log says how the connection ended"),
    ],
)
def test_what_the_wire_does_not_say_is_unjudged(marks, reason):
    assert reason in examined(*marks).reason


def test_without_any_sound_the_fault_is_shown_on_the_wire():
    assert examined(SETUP, READY, closed(6.0), tracks={}).findings[0].primary.span == Span(6, 6.1)


@pytest.mark.parametrize(("name", "kind"), [("broken-1006", "broke"), ("ping-timeout", "ping-timeout")])
def test_recorded_drops_are_found_where_they_were_planted(name, kind):
    planted = json.loads((FOLDER / f"{name}.vds" / "truth.json").read_text())["faults"][0]
    (finding,) = vd.check(vd.load(FOLDER / f"{name}.vds")).findings
    assert finding.primary.measure["kind"] == kind
    assert finding.primary.measure["ended_s"] == pytest.approx(planted["spans"][0][0], abs=1e-3)
    assert finding.primary.measure["gap_s"] == pytest.approx(planted["sizes"]["gap_s"], abs=0.05)


PHONE = mark("telephone", 0.0)


@pytest.mark.parametrize(
    ("by", "code", "kind"),
    [("down", "1011", "app-failed"), ("down", "1006", "app-failed"), ("up", "1006", "call-lost")],
)
def test_a_telephone_call_that_is_cut_off_is_found(by, code, kind):
    finding = examined(PHONE, mark("answered", 0.5), closed(6.0, by, code)).findings[0]
    assert finding.primary.measure["kind"] == kind
    assert finding.summary.endswith("the caller was cut off.")


@pytest.mark.parametrize(
    "marks",
    [(closed(6.0, "down", "1000"),), (mark("hung-up", 5.9), closed(6.0, "up", "1006")), (closed(6.0, "up", "1000"),)],
)
def test_a_telephone_call_that_somebody_hung_up_is_clear(marks):
    assert examined(PHONE, mark("answered", 0.5), *marks).is_clear
