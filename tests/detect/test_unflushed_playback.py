"""A player that goes on after an interruption: planted in its log, at known times, on a stream of 16 kHz."""

import json

import pytest
from scenes import RATE_HZ, RECORDINGS, agent_voice, session_of

import voicediag as vd
from voicediag.detect import unflushed_playback
from voicediag.detect.examination import Examination
from voicediag.session import Mark, PlaybackEvent
from voicediag.spans import Span

FOLDER = RECORDINGS / "unflushed-playback"
NS, BLOCK_S = 10**9, 0.1
SOUND = {"agent-received": agent_voice(1), "agent-played": agent_voice(1)}


def interrupted(at_s, received_s):
    """The provider interrupts when so much of the agent's sound has come."""
    return Mark(kind="interrupted", at_s=at_s, message="serverContent", received=round(received_s * RATE_HZ))


def player(event, at_s, frame_s, length_s):
    return PlaybackEvent(
        t_ns=round(at_s * NS), event=event, frame=round(frame_s * RATE_HZ), frames=round(length_s * RATE_HZ)
    )


def plays(at_s, frame_s, length_s):
    """The player plays a stretch of the stream in blocks of 100 ms."""
    blocks = range(round(length_s / BLOCK_S))
    return [player("played", at_s + n * BLOCK_S, frame_s + n * BLOCK_S, BLOCK_S) for n in blocks]


def examined(marks, events, tracks=SOUND):
    session = session_of(tracks, marks=tuple(marks), playback=tuple(events))
    return unflushed_playback.DETECTOR.examine(Examination(session))


def test_a_player_that_plays_on_is_found_with_its_stale_sound():
    # Four seconds have come by 3.05 s; the player began at 1 s and plays all of them.
    finding = examined([interrupted(3.05, 4.0)], plays(1.0, 0.0, 4.0)).findings[0]
    assert finding.primary.measure["stale_ms"] == pytest.approx(1_950)
    assert finding.primary.measure["flushed_ms"] is None
    assert "never flushed" in finding.summary
    (where,) = finding.where.spans
    assert (where.start_s, where.end_s) == pytest.approx((3.05, 5.0))
    assert finding.severity.name == "HIGH"


def test_a_late_flush_is_told_with_its_lateness():
    events = [*plays(1.0, 0.0, 2.5), player("flushed", 3.5, 2.5, 1.5)]
    finding = examined([interrupted(3.0, 4.0)], events).findings[0]
    assert finding.primary.measure["stale_ms"] == pytest.approx(500)
    assert finding.primary.measure["flushed_ms"] == pytest.approx(500)
    assert finding.severity.name == "MEDIUM"


def test_sound_that_is_put_back_after_the_flush_is_stale_too():
    # The message that interrupts carries half a second itself, which is queued after the flush.
    events = [*plays(1.0, 0.0, 2.0), player("flushed", 3.0, 2.0, 1.5), *plays(3.1, 3.5, 0.5)]
    finding = examined([interrupted(3.0, 4.0)], events).findings[0]
    (where,) = finding.where.spans
    assert (where.start_s, where.end_s) == pytest.approx((3.1, 3.6))


def test_the_worst_of_several_interruptions_comes_first():
    events = [*plays(1.0, 0.0, 2.5), *plays(6.0, 4.0, 3.0)]
    finding = examined([interrupted(3.0, 4.0), interrupted(7.0, 7.0)], events).findings[0]
    assert [evidence.measure["message_s"] for evidence in finding.evidence] == [7.0, 3.0]
    assert "after 2 of 2 interruptions" in finding.summary


def test_a_truncation_that_follows_a_cancelled_response_is_the_same_interruption():
    marks = [interrupted(3.0, 4.0), interrupted(3.3, 4.0)]
    finding = examined(marks, plays(1.0, 0.0, 4.0)).findings[0]
    assert [evidence.measure["message_s"] for evidence in finding.evidence] == [3.0]
    assert finding.primary.measure["stale_ms"] == pytest.approx(2_000)


@pytest.mark.parametrize(
    "events",
    [
        [*plays(1.0, 0.0, 2.0), player("flushed", 3.01, 2.0, 2.0), *plays(5.0, 4.0, 2.0)],
        plays(1.0, 0.0, 2.2),
        plays(1.0, 0.0, 2.0),
    ],
    ids=["flushed, then the next turn", "200 ms of the device's own buffer", "all was played"],
)
def test_a_player_that_falls_silent_is_clear(events):
    assert examined([interrupted(3.0, 4.0)], events).is_clear


def test_without_an_interruption_it_is_clear():
    assert examined([Mark(kind="ready", at_s=0, message="x")], plays(1, 0, 2)).bound == "nothing was interrupted"


@pytest.mark.parametrize(
    ("marks", "events", "tracks", "reason"),
    [
        ([], plays(1, 0, 2), SOUND, "the session has no wire log"),
        ([interrupted(3, 4)], [], SOUND, "no log of what the player played"),
        ([interrupted(3, 4)], [player("queued", 1, 0, 4)], SOUND, "no log of what the player played"),
        ([interrupted(3, 4)], plays(1, 0, 2), {"user-sent": agent_voice(1)}, "no agent-received track"),
    ],
)
def test_what_nobody_logged_is_unjudged(marks, events, tracks, reason):
    assert reason in examined(marks, events, tracks).reason


@pytest.mark.parametrize("name", ["never-flushed", "flushed-late"])
def test_recorded_players_are_found_with_what_was_planted(name):
    planted = json.loads((FOLDER / f"{name}.vds" / "truth.json").read_text())["faults"][0]
    (finding,) = vd.check(vd.load(FOLDER / f"{name}.vds")).findings
    # The app of the second one interrupts itself 10 ms after the provider stopped.
    assert finding.primary.measure["stale_ms"] == pytest.approx(planted["sizes"]["stale_ms"], abs=15)
    found = [(span.start_s, span.end_s) for span in finding.where]
    assert len(found) == len(planted["spans"])
    for where, span in zip(found, planted["spans"], strict=True):
        assert where == pytest.approx(span, abs=0.015)


@pytest.mark.parametrize(("name", "stale_ms"), [("barge-in", 0), ("reception", 10)])
def test_clean_interruptions_leave_no_stale_sound(name, stale_ms):
    # The second player falls silent 10 ms after the service said that it heard speech.
    verdicts = vd.check(vd.load(RECORDINGS / "clean" / f"{name}.vds")).clear
    bound = next(verdict.bound for verdict in verdicts if verdict.id == "unflushed-playback")
    assert bound == f"at most {stale_ms} ms of stale sound after an interruption"


def test_where_stale_spans_touch_they_are_one():
    assert examined([interrupted(3.0, 4.0)], plays(1.0, 0.0, 4.0)).findings[0].where.hull == Span(3.0, 5.0)
