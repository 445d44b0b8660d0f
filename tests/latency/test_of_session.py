"""Connects, greetings and barge-ins, with times that are known."""

import pytest
from latency_sessions import came, mark, session, spans

from voicediag.latency import measure
from voicediag.session import ArraySource, PlaybackEvent, Track

NS = 10**9
AGENT = spans((2, 5.5))


def interrupted(at_s, received=100):
    return mark("interrupted", at_s, received=received)


def barged(*marks, user=((4, 6),), agent=AGENT, **fields):
    return measure(session(marks=marks, **fields), user=spans(*user), agent=agent).barge_ins


def test_a_barge_in_has_a_notice_a_stop_and_a_flush(rng):
    sound = ArraySource(rng.standard_normal(160).astype("float32"), 16_000)
    flushed = PlaybackEvent(t_ns=round(4.9 * NS), event="flushed", frame=0, frames=0)
    played = {"agent-played": Track(name="agent-played", source=sound)}
    (found,) = barged(interrupted(4.5), playback=(flushed,), tracks=played)
    assert found.notice_ms == pytest.approx(500)
    assert found.stop_ms == pytest.approx(1_000)
    assert found.flush_ms == pytest.approx(400)


def test_without_a_log_of_the_player_nobody_knows_when_it_stopped():
    (found,) = barged(interrupted(4.5))
    assert (found.stop_ms, found.flush_ms) == (None, None)


def test_a_truncation_of_what_was_cancelled_is_the_same_interruption():
    assert len(barged(interrupted(4.5), interrupted(4.6))) == 1


@pytest.mark.parametrize(
    "user", [((1, 3),), ((2.2, 2.6),), ()], ids=["spoke before the agent", "had long finished", "said nothing"]
)
def test_an_interruption_without_a_barge_in_is_none(user):
    assert barged(interrupted(4.5), user=user) == ()


def test_a_connection_is_timed_from_setup_to_agreement():
    marks = (mark("setup", 1.0), mark("ready", 1.25), mark("closed", 9.0), mark("setup", 10.0), mark("ready", 10.5))
    assert measure(session(marks=marks), user=None, agent=None).connect_ms == (250, 500)


def test_a_setup_that_nobody_agrees_to_has_no_time():
    marks = (mark("setup", 1.0), mark("closed", 2.0), mark("ready", 3.0))
    assert measure(session(marks=marks), user=None, agent=None).connect_ms == ()


@pytest.mark.parametrize(("asked", "waited_ms"), [((), 2_750), ((mark("asked", 1.0),), 2_000)])
def test_a_greeting_is_timed_from_the_agreement_or_the_request(asked, waited_ms):
    marks = (mark("setup", 0.0), mark("ready", 0.25), *asked)
    there = session(marks=marks, arrivals=(came(2.5, 2.5, 4.0),))
    assert measure(there, user=spans(), agent=spans((3, 4))).greeting_ms == (waited_ms,)
    assert measure(there, user=spans((1, 2)), agent=spans((3, 4))).greeting_ms == ()


@pytest.mark.parametrize(
    ("user", "agent", "reason"),
    [
        (None, spans((1, 2)), "the session has no user track to time"),
        (spans((1, 2)), None, "the session has no agent track to time"),
        (spans(), spans((1, 2)), "the user never spoke"),
        (spans((3, 4)), spans((1, 2)), "no turn of the user was answered"),
    ],
)
def test_what_cannot_be_timed_is_said(user, agent, reason):
    assert measure(session(), user=user, agent=agent).reason == reason


def test_each_kind_of_time_has_its_count():
    known = measure(session(), user=spans((1, 2)), agent=spans((3, 4))).percentiles
    assert (known["audio_ms"].count, known["audio_ms"].p95_ms) == (1, 1_000)
    assert known["flush_ms"].count == 0
