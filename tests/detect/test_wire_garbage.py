"""Whatever a wire log and a player's log say, the detectors that read them answer and raise nothing."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scenes import RATE_HZ, agent_voice, session_of, voice

from voicediag.detect import early_endpoint, false_start, starved_playback
from voicediag.detect.examination import Examination
from voicediag.session import Chunks, Cue, Mark, PlaybackEvent

TRACKS = {"user-sent": voice(1, duration_s=3), "agent-received": agent_voice(2, duration_s=3)}
DETECTORS = (starved_playback, false_start, early_endpoint)
times = st.floats(-1, 86_400)
frames = st.integers(0, 2**40)
cues = st.builds(
    Cue,
    kind=st.sampled_from(["speech-started", "speech-stopped", "interrupted", "turn-complete"]),
    at_s=st.one_of(times, st.floats(0, 4)),
    audio_s=st.none() | times | st.floats(0, 4),
)
marks = st.builds(Mark, kind=st.sampled_from(["ready", "asked", "tool-call"]), at_s=times, message=st.just("x"))
events = st.builds(
    PlaybackEvent,
    t_ns=st.integers(0, 86_400 * 10**9),
    event=st.sampled_from(["played", "flushed", "underrun", "queued"]),
    frame=st.one_of(frames, st.integers(0, 3 * RATE_HZ)),
    frames=st.one_of(frames, st.integers(0, 3_000)),
)


@st.composite
def chunks(draw):
    # Frames of chunks lie within their stream: the reader of a folder sees to that. Their order is anybody's.
    rows = draw(st.lists(st.tuples(times, st.integers(0, 3 * RATE_HZ), st.integers(0, 2_000)), min_size=1, max_size=12))
    at_s, firsts, counts = (np.array(column) for column in zip(*rows, strict=True))
    return Chunks(
        rate_hz=draw(st.sampled_from([8_000, 16_000, 24_000])),
        at_s=at_s.astype(np.float64),
        firsts=firsts.astype(np.int64),
        ends=np.minimum(firsts + counts, 3 * RATE_HZ).astype(np.int64).clip(min=firsts),
        answers=np.sort(np.array(draw(st.lists(st.integers(0, 3), min_size=len(rows), max_size=len(rows))))),
        ended=draw(st.booleans()),
    )


@settings(max_examples=60, deadline=None)
@given(st.none() | chunks(), st.lists(cues, max_size=8), st.lists(marks, max_size=3), st.lists(events, max_size=12))
def test_garbage_is_answered(came, told, said, did):
    session = session_of(TRACKS, chunks=came, cues=tuple(told), marks=tuple(said), playback=tuple(did))
    exam = Examination(session)
    for detector in DETECTORS:
        verdict = detector.DETECTOR.examine(exam)
        assert verdict.id == detector.ID
        for finding in verdict.findings:
            assert all(evidence.span.start_s >= 0 for evidence in finding.evidence)
