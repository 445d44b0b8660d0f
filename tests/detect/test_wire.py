"""What the detectors of the wire share; and that none of them raises, whatever a log says and in which order."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenes import RATE_HZ, session_of

from voicediag.detect import (
    dropped_connection,
    provider_error,
    session_limit,
    silent_connect,
    unanswered_tool_call,
    unflushed_playback,
    unheeded_goaway,
    wire,
)
from voicediag.detect.examination import Examination
from voicediag.session import Mark, PlaybackEvent
from voicediag.session.events import MarkKind, PlayerEvent
from voicediag.session.landmarks import MOST_MARKS
from voicediag.spans import Span

WAITING = [module.DETECTOR for module in (silent_connect, unanswered_tool_call, unheeded_goaway, unflushed_playback)]
DETECTORS = [*WAITING, *(module.DETECTOR for module in (provider_error, session_limit, dropped_connection))]
SILENCE = np.zeros(20 * RATE_HZ, np.float32)
TRACKS = {"agent-received": SILENCE}

# Threads that log side by side swap lines, and a message may come before the session's start.
times = st.floats(-60, 100)
marks = st.builds(
    Mark,
    kind=st.sampled_from(get_args(MarkKind)),
    at_s=times,
    message=st.just("m"),
    id=st.sampled_from(["", "a", "b", "up", "down"]),
    left_s=st.none() | st.floats(0, 1e6),
    awaits_ask=st.booleans(),
    received=st.integers(0, 10**6),
)
events = st.builds(
    PlaybackEvent,
    t_ns=st.integers(0, 100 * 10**9),
    event=st.sampled_from(get_args(PlayerEvent)),
    frame=st.integers(0, 10**6),
    frames=st.integers(0, 10**6),
)


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.id)
@given(st.lists(marks, max_size=12), st.lists(events, max_size=8))
def test_no_log_makes_a_detector_raise(detector, log, player):
    verdict = detector.examine(Examination(session_of(TRACKS, marks=tuple(log), playback=tuple(player))))
    for finding in verdict.findings:
        for evidence in finding.evidence:
            assert 0 <= evidence.span.start_s < evidence.span.end_s <= 20
        assert all(value is None or value == value for value in finding.primary.measure.values())  # noqa: PLR0124 - NaN


@pytest.mark.parametrize("detector", WAITING, ids=lambda detector: detector.id)
def test_a_log_that_was_not_kept_to_its_end_is_unjudged_where_it_would_be_found(detector):
    log = [Mark(kind=kind, at_s=float(at_s), message="m", left_s=0.0) for at_s, kind in enumerate(["setup", "closed"])]
    more = [Mark(kind="error", at_s=2.0, message="m")] * MOST_MARKS
    verdict = detector.examine(Examination(session_of(TRACKS, marks=(*log, *more))))
    assert not verdict.findings


def place(start_s, stop_s):
    return wire.place(session_of(TRACKS), start_s, stop_s, prefer=None)[1]


def test_a_place_is_cut_to_what_can_be_heard():
    assert place(3, 5) == Span(3, 5)
    assert place(-2, 50) == Span(0, 20)
    assert place(60, 70) == Span(19.9, 20)
    assert place(4, 4) == Span(4, 4.1)
    assert place(4, 1) == Span(4, 4.1)


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.id)
def test_a_telephones_wire_tells_nothing_of_the_model(detector):
    log = [Mark(kind=kind, at_s=float(at_s), message="m") for at_s, kind in enumerate(["telephone", "interrupted"])]
    verdict = detector.examine(Examination(session_of(TRACKS, marks=tuple(log))))
    told = {
        "the session does not hold both voices of the call",
        "no line of the wire log says how the connection ended",
    }
    assert verdict.reason in {wire.NO_MODEL, *told}
