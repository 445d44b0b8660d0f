"""A rate that only the voice tells: real voices declared as another rate, with their words and without."""

from functools import cache

import numpy as np
import pytest
import soxr
from scenes import RECORDINGS, agent_voice, turn

import voicediag as vd
from voicediag.detect import Cause, Evidence, Finding, Severity, voices, wrong_rate
from voicediag.detect.examination import Examination
from voicediag.detect.voices import Told
from voicediag.diagnose import explained
from voicediag.measure.voice_rate import VoiceRate
from voicediag.session import ArraySource, Clock, Session, Track
from voicediag.session.pace import Pace
from voicediag.spans import Span, SpanSet

AGENT = ("self-hearing-loop/hotel", "agent-received")
USER = ("clean/reading-coach", "user-sent")


@cache
def said(path, tap):
    """A voice as it was recorded, at 48 kHz."""
    track = vd.load(RECORDINGS / f"{path}.vds").tracks[tap]
    return soxr.resample(track.read(track.span), track.rate_hz, 48_000)


def session(*, turns=(), sent=None, **tracks):
    """A session of tracks: (where a voice is from, made at, declared as)."""
    made = {}
    for key, (voice, made_hz, declared_hz) in tracks.items():
        name = key.replace("_", "-")
        samples = soxr.resample(said(*voice), 48_000, made_hz).astype(np.float32)
        made[name] = Track(name=name, source=ArraySource(samples, declared_hz), clock=Clock(learnt_from="test"))
    return Session(source="test", tracks=made, turns=tuple(turns), sent=sent)


def examined(**told):
    return wrong_rate.DETECTOR.examine(Examination(session(**told)))


@pytest.mark.parametrize(
    ("made_hz", "declared_hz"), [(16_000, 24_000), (24_000, 48_000), (8_000, 24_000), (24_000, 16_000)]
)
def test_an_agent_at_another_rate_is_found(made_hz, declared_hz):
    (finding,) = examined(agent_received=(AGENT, made_hz, declared_hz)).findings
    measure = finding.primary.measure
    assert (measure["declared_hz"], measure["actual_hz"]) == (declared_hz, made_hz)
    assert measure["ratio"] == pytest.approx(made_hz / declared_hz)
    assert finding.primary.track == "agent-received"
    assert ("too fast" in finding.summary) == (made_hz < declared_hz)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 24_000, 48_000])
def test_the_same_agent_at_its_own_rate_is_clear(rate_hz):
    assert f"as a voice does at {rate_hz:,} Hz" in examined(agent_received=(AGENT, rate_hz, rate_hz)).bound


def test_a_player_that_was_opened_at_another_rate_is_found_at_its_tap():
    (finding,) = examined(agent_received=(AGENT, 24_000, 24_000), agent_played=(AGENT, 24_000, 48_000)).findings
    assert finding.primary.track == "agent-played"


def test_the_user_is_listened_to_where_nothing_counts():
    (finding,) = examined(user_captured=(USER, 16_000, 24_000)).findings
    assert finding.primary.measure["actual_hz"] == 16_000
    assert examined(user_captured=(USER, 16_000, 16_000)).is_clear


def test_a_count_is_confirmed_by_the_voice_or_taken_back():
    fast = Pace(rate_hz=16_000, frames=dict.fromkeys(range(12), 24_000))
    (finding,) = examined(user_sent=(USER, 24_000, 16_000), sent=fast).findings
    assert [evidence.measure["actual_hz"] for evidence in finding.evidence] == [24_000, 24_000]
    assert "faster or slower than it was spoken" in examined(user_sent=(USER, 16_000, 16_000), sent=fast).bound


def test_too_little_speech_is_unjudged():
    whole = session(agent_received=(AGENT, 24_000, 24_000))
    few, first = whole.tracks["agent-received"], next(iter(Examination(whole).speech("agent-received")))
    short = Track(
        name=few.name,
        source=ArraySource(few.read(Span(first.start_s, first.start_s + 2)), few.rate_hz),
        clock=Clock(learnt_from="test"),
    )
    verdict = wrong_rate.DETECTOR.examine(Examination(Session(source="test", tracks={"agent-received": short})))
    assert "3 s tell a voice's rate" in verdict.reason


def test_speech_like_noise_is_never_a_voice_at_another_rate():
    track = Track(name="agent-received", source=ArraySource(agent_voice(5), 16_000), clock=Clock(learnt_from="test"))
    assert not wrong_rate.DETECTOR.examine(Examination(Session(source="test", tracks={track.name: track}))).findings


def test_words_at_an_ordinary_pace_take_the_finding_back():
    fast = {"agent_received": (AGENT, 16_000, 24_000)}
    spoken_s = Examination(session(**fast)).speech("agent-received").total_s
    # As many syllables as an unhurried speaker has in that time: "the" is one.
    words = " ".join(["the"] * round(voices.PACE.value * spoken_s))
    verdict = examined(**fast, turns=[turn("agent", words, 0, 60)])
    assert "words come at an ordinary pace" in verdict.reason
    assert examined(**fast, turns=[turn("agent", " ".join([words, words[: len(words) // 2]]), 0, 60)]).findings


@pytest.mark.parametrize(
    ("margin_nats", "syllables_per_s", "wrong", "right"),
    [
        (2.0, None, True, False),
        (2.0, 7.6, True, False),
        (2.0, 5.1, False, False),
        (0.0, None, False, False),
        (0.0, 7.6, True, False),
        (0.0, 5.1, False, True),
        (-2.0, None, False, True),
        (-2.0, 7.6, False, True),
    ],
)
def test_two_witnesses_decide_what_one_leaves_open(margin_nats, syllables_per_s, wrong, right):
    rate = VoiceRate(speech_s=9, stretches=8, speed=1.4, actual_hz=16_000, margin_nats=margin_nats, likeness_nats=2.0)
    track = Track(name="agent-received", source=ArraySource(np.zeros(1, np.float32), 24_000))
    told = Told(track=track, rate=rate, syllables_per_s=syllables_per_s, spans=SpanSet((Span(0, 9),)))
    assert (told.is_wrong, told.is_right) == (wrong, right)


def test_what_is_hardly_a_voice_is_unjudged():
    rate = VoiceRate(speech_s=9, stretches=8, speed=1.4, actual_hz=16_000, margin_nats=2.0, likeness_nats=1.0)
    track = Track(name="agent-received", source=ArraySource(np.zeros(1, np.float32), 24_000))
    told = Told(track=track, rate=rate, syllables_per_s=None, spans=SpanSet((Span(0, 9),)))
    assert not told.is_wrong
    assert not told.is_right
    assert "hardly like a voice" in told.reason


def test_a_wrong_rate_explains_what_is_heard_of_it():
    (cause,) = examined(agent_received=(AGENT, 16_000, 24_000)).findings
    gaps = Finding(
        id="starved-playback",
        cause=Cause.STARVATION,
        severity=Severity.HIGH,
        confidence=0.9,
        summary="",
        remedy="",
        primary=Evidence(track="agent-received", span=cause.primary.span, measure={}, limit=voices.FAR),
    )
    assert [finding.explained_by for finding in explained([gaps, cause])] == [None, "wrong-rate"]
