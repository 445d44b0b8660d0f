"""Chunks cut out of a synthesised voice at known frames, and the whole voice as their twin."""

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from scenes import RECORDINGS

from voicediag.measure.splices import LEAST, find_splices
from voicediag.session import ArraySource

RATE_HZ = 24_000
CHUNK = 960


def whole(length_s=20):
    """Return an agent's voice, phrases between digital silence."""
    files = sorted((RECORDINGS / "clean").glob("[bcdh]*.vds/agent-received.flac"))
    return np.concatenate([soundfile.read(file, dtype="float32")[0] for file in files])[: length_s * RATE_HZ]


def loud(sound, count):
    """Return frames in the middle of the loudest tenths of a second, in order."""
    level = np.square(sound[: sound.size // 2_400 * 2_400]).reshape(-1, 2_400).mean(axis=1)
    return sorted((np.argsort(level[1:-1])[::-1][:count] + 1) * 2_400 + 1_200)


def cut(sound, places):
    """Return sound without a chunk from each place on, and the frames of the seams."""
    kept = np.ones(sound.size, np.bool_)
    for place in places:
        kept[place : place + CHUNK] = False
    return sound[kept], [place - number * CHUNK for number, place in enumerate(places)]


def test_whole_speech_has_none():
    assert find_splices(ArraySource(whole(), RATE_HZ)) == ()


def test_most_cuts_in_loud_speech_are_seen_at_their_frames_and_nothing_else():
    sound, seams = cut(whole(), loud(whole(), 20))
    found = [each.frame for each in find_splices(ArraySource(sound, RATE_HZ))]
    near = [min(abs(frame - seam) for seam in seams) for frame in found]
    assert max(near) <= 2
    assert len(found) >= 8


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 48_000])
def test_two_tones_that_meet_are_a_seam(rate_hz):
    at = np.arange(rate_hz) / rate_hz
    noise = np.random.default_rng(1).normal(0, 1e-3, rate_hz)
    before, after = np.sin(2 * np.pi * 300 * at), np.sin(2 * np.pi * 430 * at + 1.5)
    sound = (0.2 * np.where(at < 0.5, before, after) + noise).astype(np.float32)
    (seam,) = find_splices(ArraySource(sound, rate_hz))
    assert abs(seam.frame - rate_hz // 2) <= 1
    assert seam.surprise > LEAST
    assert find_splices(ArraySource((0.2 * before + noise).astype(np.float32), rate_hz)) == ()


def test_how_loud_a_track_is_does_not_matter():
    sound, _ = cut(whole(), loud(whole(), 20))
    loud_frames = [each.frame for each in find_splices(ArraySource(sound, RATE_HZ))]
    soft_frames = [each.frame for each in find_splices(ArraySource(sound / 4, RATE_HZ))]
    assert len(set(loud_frames) & set(soft_frames)) >= 0.9 * len(loud_frames)


def test_a_first_look_passes_over_most_of_what_is_whole_and_reads_all_where_it_is_not():
    sound, _ = cut(whole(40), loud(whole(40), 30))
    source = ArraySource(sound, RATE_HZ)
    assert find_splices(source, first_look_s=15.0) == find_splices(source)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 3_000), st.sampled_from([8_000, 48_000]), st.integers(0, 2**32 - 1))
def test_any_sound_has_an_answer(frames, rate_hz, seed):
    sound = np.random.default_rng(seed).uniform(-1, 1, frames).astype(np.float32)
    assert isinstance(find_splices(ArraySource(sound, rate_hz)), tuple)
