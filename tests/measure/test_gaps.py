"""Gaps planted in a synthesised voice at known samples, and the whole voice as their twin."""

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from scenes import RECORDINGS

from voicediag import signals
from voicediag.measure.gaps import GapMeter, find_gaps

RATE_HZ = 24_000
LIKELY = 0.5


def whole():
    """Return 40 s of an agent's voice, phrases between digital silence."""
    files = sorted((RECORDINGS / "clean").glob("[bcdh]*.vds/agent-received.flac"))
    return np.concatenate([soundfile.read(file, dtype="float32")[0] for file in files])[: 40 * RATE_HZ]


VOICE = whole()


def loud_places(count, *, sound=VOICE, rate_hz=RATE_HZ):
    """Return samples amid loud speech, two seconds and more apart."""
    step = rate_hz // 100
    level = np.sqrt(np.mean(sound[: sound.size // step * step].reshape(-1, step) ** 2, axis=1))
    loud = np.convolve(level > 0.3 * np.percentile(level[level > 0.001], 90), np.ones(5), "same") == 5
    places = [0]
    for at in (np.flatnonzero(loud) * step + step // 3).tolist():
        if at - places[-1] > 2 * rate_hz:
            places.append(at)
    return places[1 : count + 1]


FILLINGS = ("zeros", "held", "comfort")


def filled(filling, size, last, random):
    """Return what a player puts into a gap after a sample."""
    if filling == "comfort":
        return 0.002 * random.standard_normal(size)
    return np.full(size, last if filling == "held" else 0.0)


def with_gaps(places, size, filling):
    """Return the voice with a gap put in at each place, and where they are."""
    random, pieces, spans, last, at = np.random.default_rng(4), [], [], 0, 0
    for place in places:
        gap = filled(filling, size, VOICE[place - 1], random).astype(np.float32)
        pieces += [VOICE[last:place], gap]
        at += place - last
        spans.append((at, at + size))
        at, last = at + size, place
    return np.concatenate([*pieces, VOICE[last:]]), spans


def found_at(gaps, spans, slack):
    """Return how many spans were found, each to `slack` samples at both ends."""
    likely = gaps.likely(LIKELY)
    return sum(
        bool(((np.abs(likely.starts - start) <= slack) & (np.abs(likely.ends - end) <= slack)).any())
        for start, end in spans
    )


@pytest.mark.parametrize("filling", FILLINGS)
@pytest.mark.parametrize("size_ms", [40, 200, 900])
def test_gaps_are_found_where_they_are(filling, size_ms):
    places = loud_places(10)
    played, spans = with_gaps(places, size_ms * RATE_HZ // 1_000, filling)
    gaps = find_gaps(played, rate_hz=RATE_HZ)
    assert len(places) >= 8
    assert found_at(gaps, spans, slack=RATE_HZ // 250) >= 0.8 * len(spans)
    assert gaps.likely(LIKELY).starts.size <= len(spans) + 1


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 48_000])
def test_gaps_are_found_at_any_rate(rate_hz):
    played, spans = with_gaps(loud_places(10), 100 * RATE_HZ // 1_000, "zeros")
    moved = [(start * rate_hz // RATE_HZ, end * rate_hz // RATE_HZ) for start, end in spans]
    heard = soxr.resample(played, RATE_HZ, rate_hz)
    assert found_at(find_gaps(heard, rate_hz=rate_hz), moved, slack=rate_hz // 200) >= 0.8 * len(spans)


def test_gaps_are_found_under_noise_that_came_after_them():
    played, spans = with_gaps(loud_places(10), 100 * RATE_HZ // 1_000, "zeros")
    noise = np.random.default_rng(5).normal(0, 0.003, played.size).astype(np.float32)
    assert found_at(find_gaps(played + noise, rate_hz=RATE_HZ), spans, slack=RATE_HZ // 200) >= 0.7 * len(spans)


@pytest.mark.parametrize("filling", ["zeros", "held"])
def test_what_fills_a_gap_is_told(filling):
    places = loud_places(6)
    played, spans = with_gaps(places, 2_400, filling)
    likely = find_gaps(played, rate_hz=RATE_HZ).likely(LIKELY)
    told = 0
    for (start, _), place in zip(spans, places, strict=True):
        for near in np.flatnonzero(np.abs(likely.starts - start) <= 20):
            assert likely.values[near] == pytest.approx(VOICE[place - 1] if filling == "held" else 0, abs=1e-4)
            told += 1
    assert told >= len(spans) - 1


def test_whole_speech_has_none():
    assert find_gaps(VOICE, rate_hz=RATE_HZ).likely(LIKELY).starts.size == 0


@pytest.mark.parametrize("floor_db", [None, -60.0])
def test_noise_that_moves_like_speech_has_none(floor_db):
    sound = signals.speech_like(duration_s=30, rate_hz=16_000, seed=3, floor_db=floor_db).samples
    assert find_gaps(sound, rate_hz=16_000).likely(LIKELY).starts.size == 0


@pytest.mark.parametrize("frames", [0, 1, 100, 2_000])
def test_hardly_any_sound_has_none(frames):
    sound = np.random.default_rng(1).normal(0, 0.1, frames).astype(np.float32)
    assert find_gaps(sound, rate_hz=8_000).likely(LIKELY).starts.size == 0


@settings(max_examples=10, deadline=None)
@given(cuts=st.lists(st.integers(0, 8_000 * 40), max_size=5))
def test_pieces_read_as_the_whole(cuts):
    played, _ = with_gaps(loud_places(8), 2_400, "zeros")
    heard = soxr.resample(played, RATE_HZ, 8_000)
    meter, one = GapMeter(8_000), find_gaps(heard, rate_hz=8_000)
    for part in np.split(heard, sorted(cut for cut in cuts if cut < heard.size)):
        meter.push(part)
    pieces = meter.result()
    np.testing.assert_array_equal(pieces.starts, one.starts)
    np.testing.assert_array_equal(pieces.probability, one.probability)
