"""A track answers with as much as was asked for: silence where it has none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicediag.errors import InputError
from voicediag.session import TRACK_NAMES, ArraySource, Clock, Track, track_name
from voicediag.spans import Span

RATE_HZ = 1_000


def track(frames, clock=None, name="user-sent"):
    samples = np.arange(1, frames + 1, dtype=np.float32) / (frames + 1)
    return Track(name=name, source=ArraySource(samples, RATE_HZ), clock=clock or Clock()), samples


@given(st.integers(0, 50), st.integers(-30, 30), st.integers(-20, 60), st.integers(0, 60))
def test_a_span_is_read_frame_by_frame(frames, offset, start, length):
    subject, samples = track(frames, Clock(offset_s=offset / RATE_HZ))
    begin = offset + start
    got = subject.read(Span(begin / RATE_HZ, (begin + length) / RATE_HZ))
    want = [samples[at] if 0 <= at < frames else 0.0 for at in range(start, start + length)]
    np.testing.assert_array_equal(got, np.array(want, np.float32))


def test_the_span_of_a_track_follows_its_clock():
    subject, _ = track(500, Clock(offset_s=2))
    assert subject.span == Span(2.0, 2.5)


@pytest.mark.parametrize("name", TRACK_NAMES)
def test_a_track_is_its_roles(name):
    subject, _ = track(1, name=name)
    assert name.startswith(subject.role)


def test_a_name_that_is_none_is_refused_with_those_that_are():
    assert track_name("agent-played") == "agent-played"
    with pytest.raises(InputError, match="user-captured, user-sent, agent-received, agent-played"):
        track_name("mic")


@pytest.mark.parametrize(
    "samples", [np.zeros(3), np.zeros(3, np.int16), np.zeros((3, 2), np.float32), np.zeros((), np.float32)]
)
def test_samples_of_another_form_are_refused(samples):
    with pytest.raises(InputError, match="float32 samples of shape"):
        ArraySource(samples, RATE_HZ)


def test_only_sources_that_decode_lose_frames():
    subject, _ = track(5)
    assert subject.lost_frames == 0
