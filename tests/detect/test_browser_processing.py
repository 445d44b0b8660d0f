"""What a browser was asked for and what it granted: planted in the first line of a capture's log."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenes import RATE_HZ, RECORDINGS, room, session_of, voice

import voicediag as vd
from voicediag.detect import browser_processing, starved_capture
from voicediag.detect.examination import Examination
from voicediag.detect.finding import Cause, Evidence, Finding, Limit, Severity
from voicediag.diagnose import explained
from voicediag.session import CaptureLog
from voicediag.spans import Span

OFF = dict.fromkeys(("echoCancellation", "noiseSuppression", "autoGainControl"), False)
SILENCE = np.zeros(20 * RATE_HZ, np.float32)


def log(asked, granted):
    none = {name: np.empty(0) for name in ("t_ns", "sequence", "frame", "frames", "wall_ms", "sent_ms")}
    return CaptureLog(**none, told=({"t_ns": 0, "begin": {"asked": asked, "granted": granted}},))


def examined(asked, granted, *, track="user-captured"):
    session = session_of({track: SILENCE}, capture=log(asked, granted))
    return browser_processing.DETECTOR.examine(Examination(session))


def test_what_was_put_on_unasked_is_found_over_the_whole_track():
    (finding,) = examined(OFF, {**OFF, "echoCancellation": True, "autoGainControl": True}).findings
    assert finding.cause is Cause.FORMAT
    assert finding.where.spans == (Span(0, 20),)
    assert finding.primary.measure["settings"] == 2
    assert finding.primary.measure["unasked"] == "echo cancellation and gain control"
    assert "an echo that is not there may have been taken off" in finding.summary
    assert finding.explains == frozenset()


def test_a_kind_of_canceller_that_is_named_is_on():
    assert examined(OFF, {**OFF, "echoCancellation": "remote-only"}).findings
    assert examined({**OFF, "echoCancellation": True}, {**OFF, "echoCancellation": "all"}).is_clear


def test_a_canceller_that_was_asked_for_and_is_not_given_explains_the_echo():
    (lacking,) = examined({**OFF, "echoCancellation": True}, OFF).findings
    assert lacking.primary.measure["lacking"] == "echo cancellation"
    limit, span = Limit(0, "", ""), Span(2, 9)
    heard = Evidence(track="user-captured", span=span, measure={}, limit=limit, against="agent-played")
    said = {"summary": "", "remedy": "", "severity": Severity.HIGH, "confidence": 1.0}
    echo = Finding(id="echo-leak", cause=Cause.ECHO, primary=heard, **said)
    assert [(one.id, one.explained_by) for one in explained([echo, lacking])] == [
        ("browser-processing", None),
        ("echo-leak", "browser-processing"),
    ]


@pytest.mark.parametrize(
    ("asked", "granted", "key"),
    [
        ({"sampleRate": 48_000}, {"sampleRate": 44_100}, {"asked_hz": 48_000, "granted_hz": 44_100}),
        ({"channelCount": 1}, {"channelCount": 2}, {"asked_channels": 1, "granted_channels": 2}),
        ({}, {"sampleRate": 8_000}, {"granted_hz": 8_000}),
    ],
    ids=["rate", "channels", "telephone's band"],
)
def test_another_rate_or_count_of_channels_is_found(asked, granted, key):
    (finding,) = examined({**OFF, **asked}, {**OFF, **granted}).findings
    assert key.items() <= finding.primary.measure.items()


@pytest.mark.parametrize(
    ("asked", "granted"),
    [
        (OFF, {**OFF, "sampleRate": 44_100, "channelCount": 2}),
        (dict.fromkeys(OFF, True), dict.fromkeys(OFF, True)),
    ],
    ids=["rate and channels that nobody asked for", "all on, as asked"],
)
def test_what_was_granted_as_asked_is_clear(asked, granted):
    assert examined(asked, granted).is_clear


def test_a_browser_that_does_not_say_is_not_clean():
    reason = examined(OFF, {"echoCancellation": False}).reason
    assert reason == "the browser does not say whether noise suppression or gain control is on"


def test_without_a_recorders_word_it_is_unjudged():
    bare = session_of({"user-captured": SILENCE})
    assert "no recorder" in browser_processing.DETECTOR.examine(Examination(bare)).reason
    assert "no track of the user" in examined(OFF, OFF, track="agent-played").reason


@pytest.mark.parametrize(("is_on", "is_found"), [(False, True), (True, False)])
def test_a_floor_that_a_suppressor_made_does_not_make_a_soft_talker_starved(is_on, is_found):
    own = voice(1, level_db=-38) - room(1_001) + room(6, level_db=-82)
    granted = {**OFF, "noiseSuppression": is_on}
    session = session_of({"user-captured": own}, capture=log(granted, granted))
    verdict = starved_capture.DETECTOR.examine(Examination(session))
    assert bool(verdict.findings) is is_found
    assert is_found or "noise suppression took the room" in verdict.reason


TOLD = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*OFF, "sampleRate", "channelCount"]), inner)
    ),
    max_leaves=8,
)


@given(TOLD, TOLD)
def test_no_word_of_a_page_makes_it_raise(asked, granted):
    verdict = examined(asked, granted)
    assert verdict.findings or verdict.reason or verdict.is_clear


def test_the_recorded_gain_control_is_found_and_its_twin_is_clear():
    folder = RECORDINGS / "browser-processing" / "gain-control.vds"
    planted = json.loads((folder / "truth.json").read_text())["faults"][0]
    (finding,) = vd.check(vd.load(folder)).findings
    assert finding.primary.track == planted["track"]
    assert [[span.start_s, span.end_s] for span in finding.where] == planted["spans"]
    twin = vd.load(RECORDINGS / "clean" / "voice-memo.vds")
    assert browser_processing.DETECTOR.examine(Examination(twin)).is_clear
