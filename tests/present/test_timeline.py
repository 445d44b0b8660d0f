"""What the explorer is told: every track, what happened and every finding, in the session's own words."""

import json
import re
import zlib

import numpy as np
import pytest

from voicediag.measure.envelope import envelope
from voicediag.present import page
from voicediag.present.widgets import timeline
from voicediag.session import Cue, Mark, PlaybackEvent


@pytest.fixture
def about(diagnosis):
    session = diagnosis.session
    return timeline.about(session, diagnosis.findings, timeline.envelopes(session))


def test_every_track_and_where_it_lies(about, two_voices):
    assert [track["name"] for track in about["tracks"]] == list(two_voices.tracks)
    assert [(track["start_s"], track["step_s"], track["steps"]) for track in about["tracks"]] == [
        (0.0, pytest.approx(0.01), 1_000)
    ] * 2
    assert about["both"] == ["user-sent", "agent-played"]


def test_envelopes_are_those_of_the_sound(two_voices):
    envelopes = timeline.envelopes(two_voices)
    whole = envelope(two_voices.tracks["user-sent"].source.samples, rate_hz=16_000)
    assert np.array_equal(envelopes["user-sent"].low, whole.low)
    codes = np.frombuffer(zlib.decompress(timeline.packed(envelopes)), np.int8)
    assert codes.size == 4_000
    assert np.array_equal(codes[1_000:2_000], whole.high)


def test_blocks_do_not_show_and_progress_ends_where_the_sound_ends(two_voices, monkeypatch):
    whole, told = timeline.envelopes(two_voices), []
    monkeypatch.setattr(timeline, "BLOCK_FRAMES", 7_000)
    pieces = timeline.envelopes(two_voices, lambda *done: told.append(done))
    assert np.array_equal(whole["agent-played"].high, pieces["agent-played"].high)
    assert told[-1] == (10.0, 10.0)
    assert told == sorted(told)


def test_what_is_longer_than_an_hour_is_drawn_in_longer_steps(two_voices, monkeypatch):
    monkeypatch.setattr(timeline, "MOST_STEPS", 400)
    envelopes = timeline.envelopes(two_voices)
    told = timeline.about(two_voices, (), envelopes)
    assert [(track["step_s"], track["steps"]) for track in told["tracks"]] == [(pytest.approx(0.03), 334)] * 2
    assert len(zlib.decompress(timeline.packed(envelopes))) == 4 * 334


def test_what_happened(two_voices):
    cues = (
        Cue(kind="speech-started", at_s=2.4, audio_s=2.0),
        Cue(kind="speech-stopped", at_s=3.4, audio_s=3.0),
        Cue(kind="speech-started", at_s=9.0),
    )
    marks = (
        Mark(kind="tool-call", at_s=4.0, message="toolCall", name="timer"),
        Mark(kind="last-up", at_s=9.9, message="x"),
    )
    session = type(two_voices)(
        source="x",
        tracks=two_voices.tracks,
        cues=cues,
        marks=marks,
        playback=(PlaybackEvent(t_ns=1_500_000_000, event="underrun", frame=0, frames=0),),
    )
    told = timeline.about(session)
    assert told["speech"] == [[2.0, 3.0], [9.0, 10.0]]
    assert told["events"] == [
        {"at": 1.5, "kind": "underrun", "text": "player ran dry"},
        {"at": 4.0, "kind": "tool-call", "text": "tool call: timer: toolCall"},
    ]


def test_what_was_marked_in_order_of_time(marked):
    flags = timeline.about(marked)["flags"]
    assert [(flag["at"], flag["text"]) for flag in flags] == [(2.5, ""), (7.25, "<script>alert('x')</script>")]


def test_a_symptom_says_of_what(about):
    cause, symptom = about["findings"]
    assert (cause["id"], cause["by"]) == ("echo-leak", None)
    assert (symptom["id"], symptom["by"]) == ("self-hearing-loop", "echo-leak")
    assert cause["evidence"][0]["numbers"] == [["delay", "120 ms"], ["ERL", "12.0 dB"]]
    assert len(symptom["evidence"]) == 3


def test_nothing_of_it_can_end_the_script_that_carries_it(diagnosis):
    html = page.render(diagnosis)
    carried = re.search(r'<script type="application/json">(.*?)</script>', html, re.DOTALL).group(1)
    assert "<" not in carried
    assert "<script>alert" in json.loads(carried)["turns"][1]["text"]


def test_a_session_without_sound_has_no_explorer(diagnosis):
    silent = type(diagnosis)(session=type(diagnosis.session)(source="x", tracks={}), verdicts=(), findings=())
    assert 'class="vd-timeline"' not in page.render(silent)
