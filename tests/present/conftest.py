"""Sessions and diagnoses built by hand: what is shown must not depend on what a detector says today."""

from dataclasses import replace

import numpy as np
import pytest

from voicediag.detect.finding import Cause, Evidence, Finding, Limit, Severity, clear, found, unjudged
from voicediag.diagnose import Diagnosis, explained
from voicediag.session import ArraySource, CaptureLog, Clock, Session, Track, Turn
from voicediag.signals import speech_like
from voicediag.spans import Span, SpanSet

EVIL = "<script>alert('x')</script>"
DELAY_S = 0.12
SOURCE = "3GPP TS 26.131, echo loss"


def track(name, samples, rate_hz=16_000, **kwargs):
    return Track(name=name, source=ArraySource(np.asarray(samples, np.float32), rate_hz), **kwargs)


@pytest.fixture
def two_voices():
    """Ten seconds in which the microphone hears the agent 120 ms later and 12 dB down; evil in every free text."""
    rate_hz = 16_000
    agent = speech_like(duration_s=10.0, rate_hz=rate_hz, level_db=-22.0, seed=3).samples
    late = round(DELAY_S * rate_hz)
    mic = 0.25 * np.concatenate((np.zeros(late, np.float32), agent[:-late]))
    tracks = (
        track("user-sent", mic, provenance=EVIL, clock=Clock(learnt_from=EVIL)),
        track("agent-played", agent, encoding=EVIL),
    )
    turns = (
        Turn(role="agent", text="Mince two cloves.", span=Span(1.0, 3.0), learnt_from="audio"),
        Turn(role="user", text=f"Mince 2 cloves. {EVIL}", span=Span(3.1, 3.1), learnt_from="arrival"),
    )
    return Session(
        source=f"{EVIL}.vds",
        tracks={one.name: one for one in tracks},
        turns=turns,
        provenance={"provider": EVIL, "model": "m", "notes": None},
    )


@pytest.fixture
def marked(two_voices):
    """The same, in which the user marked two moments, one of them with evil beside it."""
    none = {name: np.empty(0) for name in ("t_ns", "sequence", "frame", "frames", "wall_ms", "sent_ms")}
    told = ({"t_ns": 7_250_000_000, "mark": {"text": EVIL}}, {"t_ns": 2_500_000_000, "mark": {"text": ["odd"]}})
    return replace(two_voices, capture=CaptureLog(**none, told=told))


@pytest.fixture
def echo():
    """An echo over all of it, and a loop that it explains."""
    primary = Evidence(
        track="user-sent",
        against="agent-played",
        span=Span(1.0, 9.5),
        measure={"delay_ms": 120.0, "erl_db": 12.04, "drift_ppm": None},
        limit=Limit(46.0, "dB ERL", SOURCE),
    )
    return Finding(
        id="echo-leak",
        cause=Cause.ECHO,
        severity=Severity.HIGH,
        confidence=0.95,
        summary="The agent's voice comes back after 120 ms.",
        remedy="Let one audio engine own both.",
        primary=primary,
        where=SpanSet((Span(1.0, 9.0),)),
    )


@pytest.fixture
def loop():
    """Five turns that are the agent's own, of which a page shows three."""
    pieces = tuple(
        Evidence(
            track="user-sent",
            against="agent-played",
            span=Span(second, second + 1.0),
            measure={"lag_s": 0.12, "matched_words": 3, "said": "Mince two", "heard": EVIL},
            limit=Limit(3, "words", "house rule: <three> & no less"),
        )
        for second in (1.0, 2.5, 4.0, 5.5, 7.0)
    )
    return Finding(
        id="self-hearing-loop",
        cause=Cause.ECHO,
        severity=Severity.HIGH,
        confidence=0.9,
        summary=f"5 user turns are the agent's ({EVIL}).",
        remedy="Stop the echo.",
        primary=pieces[0],
        supporting=pieces[1:],
    )


@pytest.fixture
def diagnosis(two_voices, echo, loop):
    """A root cause, its symptom, a clear verdict with its bound and one that could not look."""
    verdicts = (
        found(echo),
        found(loop),
        clear("clipped-audio", bound="below 5 places"),
        unjudged("starved-capture", f"no speech to judge {EVIL}"),
    )
    return Diagnosis(
        session=two_voices,
        verdicts=verdicts,
        findings=explained([echo, loop]),
        meters={"user-sent": {"rms_dbfs": -30.25, "dc": None}, "agent-played": {"rms_dbfs": -18.0, "wraps": 0}},
    )
