"""Constant runs against a plain loop, and dropouts of known place."""

import itertools

import numpy as np
import pytest
import soxr
from hypothesis import given
from hypothesis import strategies as st
from scenes import RECORDINGS

import voicediag as vd
from voicediag import signals
from voicediag.formats.pcm import decode
from voicediag.live.emulator.clips import encoded, from_float
from voicediag.measure.silence import (
    DropoutMeter,
    SilenceMeter,
    constant_runs,
    find_dropouts,
    find_silence,
)

RATE_HZ = 16_000


def loop(samples, least):
    """Runs of equal samples, one after the other."""
    found, start = [], 0
    for _, run in itertools.groupby(samples.tolist()):
        length = len(list(run))
        if length >= least:
            found.append((start, start + length))
        start += length
    return found


def room(rng, seconds=2.0, rms=0.01):
    """16-bit noise."""
    return (np.round(rms * 32_768 * rng.standard_normal(round(seconds * RATE_HZ))) / 32_768).astype(np.float32)


@given(
    values=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 60)), max_size=30),
    least=st.integers(2, 40),
)
def test_runs_are_those_of_a_plain_loop(values, least):
    samples = np.repeat([value for value, _ in values], [length for _, length in values]).astype(np.float32)
    starts, ends = constant_runs(samples, least=least)
    assert list(zip(starts.tolist(), ends.tolist(), strict=True)) == loop(samples, least)


@given(
    values=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 60_000)), max_size=12),
    cuts=st.lists(st.integers(0, 300_000), max_size=6),
)
def test_pieces_read_as_a_plain_loop(values, cuts):
    samples = np.repeat([value / 4 for value, _ in values], [length for _, length in values]).astype(np.float32)
    meter = SilenceMeter(RATE_HZ)
    for part in np.split(samples, sorted(cuts)):
        meter.push(part)
    read = meter.result()
    expected = loop(samples, 320)
    assert list(zip(read.starts.tolist(), read.ends.tolist(), strict=True)) == expected
    assert read.values.tolist() == [samples[start] for start, _ in expected]


def test_zero_and_stuck_are_told_apart(rng):
    samples = room(rng)
    samples[1_000:9_000] = 0
    samples[20_000:24_000] = 0.25
    read = find_silence(samples, rate_hz=RATE_HZ)
    assert (read.zero_s, read.stuck_s, read.total_s) == (0.5, 0.25, 0.75)
    assert read.fraction == 0.375


def test_the_quietest_room_is_not_digital_silence(rng):
    assert find_silence(room(rng, rms=1 / 32_768), rate_hz=RATE_HZ).total_s == 0


def test_no_frames_have_no_share():
    read = find_silence(np.empty(0, dtype=np.float32), rate_hz=RATE_HZ)
    assert (read.fraction, read.total_s, read.frames) == (None, 0.0, 0)


@pytest.mark.parametrize("length", [40, 320, 2_000, 8_000])
@pytest.mark.parametrize("held", [0.0, 0.003])
def test_a_dropout_is_found_to_the_sample(rng, length, held):
    samples = room(rng)
    samples[10_000 : 10_000 + length] = held
    samples[[9_999, 10_000 + length]] = 0.011
    read = find_dropouts(samples, rate_hz=RATE_HZ)
    assert (read.starts.tolist(), read.ends.tolist()) == ([10_000], [10_000 + length])
    assert read.values[0] == np.float32(held)
    assert read.edge_rms[0] == pytest.approx(0.01, rel=0.25)
    assert read.total_s == pytest.approx(length / RATE_HZ)


@pytest.mark.parametrize(
    ("start", "end"),
    [(10_000, 10_020), (10_000, 18_100), (0, 320), (31_680, 32_000)],
    ids=["too short", "too long", "at the start", "at the end"],
)
def test_what_is_no_dropout(rng, start, end):
    samples = room(rng)
    samples[start:end] = 0
    assert find_dropouts(samples, rate_hz=RATE_HZ).starts.size == 0


def test_a_pause_that_fades_out_and_in_is_no_dropout(rng):
    samples = room(rng, rms=0.1)
    samples[10_000:14_000] = 0
    fade = np.linspace(1, 0, 2_000) ** 3
    samples[8_000:10_000] *= fade
    samples[14_000:16_000] *= fade[::-1]
    assert find_dropouts((np.round(samples * 32_768) / 32_768).astype(np.float32), rate_hz=RATE_HZ).starts.size == 0


def test_a_packet_that_was_ramped_down_is_a_dropout(rng):
    samples = room(rng, rms=0.1)
    samples[10_000:10_304] = 0
    ramp = np.linspace(1, 0, 10)
    samples[9_990:10_000] *= ramp
    samples[10_304:10_314] *= ramp[::-1]
    assert find_dropouts(samples, rate_hz=RATE_HZ).starts.size == 1


def test_a_flat_top_is_no_dropout():
    tone = np.clip(3 * np.sin(2 * np.pi * 60 * np.arange(RATE_HZ) / RATE_HZ), -1, 1).astype(np.float32)
    assert find_dropouts(tone, rate_hz=RATE_HZ).starts.size == 0


def test_a_gate_that_lets_noise_through_zero_makes_no_dropouts(rng):
    samples = room(rng, rms=20 / 32_768)
    smooth = np.convolve(samples, np.ones(64) / 8, "same")
    gated = np.sign(smooth) * np.maximum(np.abs(smooth) - 10 / 32_768, 0)
    assert find_dropouts(np.round(gated * 32_768).astype(np.float32) / 32_768, rate_hz=RATE_HZ).starts.size == 0


@given(cuts=st.lists(st.integers(0, 200_000), max_size=6), seed=st.integers(0, 9))
def test_dropouts_in_pieces_are_those_of_the_whole(cuts, seed):
    rng = np.random.default_rng(seed)
    samples = room(rng, seconds=12.5)
    for start in (*rng.integers(0, 199_000, 20), 65_530, 131_000):
        samples[start : start + rng.integers(20, 900)] = 0
    meter, whole = DropoutMeter(RATE_HZ), find_dropouts(samples, rate_hz=RATE_HZ)
    for part in np.split(samples, sorted(cuts)):
        meter.push(part)
    pieces = meter.result()
    np.testing.assert_array_equal(pieces.starts, whole.starts)
    np.testing.assert_array_equal(pieces.ends, whole.ends)
    assert whole.starts.size > 10


@pytest.mark.parametrize("name", ["hotel", "cards"])
def test_soft_ends_of_words_in_g711_are_no_dropouts(name):
    # Whole sound, whose soft ends stand still on one code for some ms.
    track = vd.load(RECORDINGS / "clean" / f"{name}.vds").tracks["agent-played"]
    whole = soxr.resample(track.read(track.span), track.rate_hz, 8_000)
    coded = decode(encoded(from_float(whole * (0.3 / np.abs(whole).max())), "mulaw"), "mulaw")
    assert find_dropouts(coded, rate_hz=8_000).starts.size == 0


def test_frames_that_are_missing_from_g711_are_found():
    voice = signals.speech_like(duration_s=20, rate_hz=8_000, level_db=-22, seed=5).samples
    coded = decode(encoded(from_float(voice), "mulaw"), "mulaw")
    loud = np.sqrt(np.mean(coded.reshape(-1, 160) ** 2, axis=1)) > 0.03
    inside = [n for n in np.flatnonzero(loud) if n % 10 == 3 and loud[n - 1] and loud[n + 1]]
    for number in inside:
        coded[number * 160 : (number + 1) * 160] = 0
    found = find_dropouts(coded, rate_hz=8_000)
    assert len(inside) > 20
    assert found.starts.size == pytest.approx(len(inside), rel=0.1)
