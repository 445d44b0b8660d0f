"""Buffers that came twice, and sound that only looks like it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicediag.measure.repeats import RepeatMeter, find_repeats

RATE_HZ = 16_000


def int16(samples):
    return (np.clip(np.round(np.asarray(samples) * 32_768), -32_768, 32_767) / 32_768).astype(np.float32)


def sound(rng, seconds=3.0, rms=0.05):
    return int16(rms * rng.standard_normal(round(seconds * RATE_HZ)))


def doubled(samples, start, frames, *, times=1):
    """`samples` with the `frames` from `start` on delivered `times` more."""
    buffer = samples[start : start + frames]
    return np.concatenate([samples[: start + frames], np.tile(buffer, times), samples[start + frames :]])


def found(read):
    return list(zip(read.starts.tolist(), read.lengths.tolist(), read.lags.tolist(), strict=True))


@pytest.mark.parametrize("frames", [128, 160, 320, 441, 1_024, 4_000])
def test_a_buffer_that_came_twice_is_found_to_the_sample(rng, frames):
    read = find_repeats(doubled(sound(rng), 20_000, frames), rate_hz=RATE_HZ)
    assert found(read) == [(20_000 + frames, frames, frames)]
    assert read.total_s == pytest.approx(frames / RATE_HZ)


@pytest.mark.parametrize("times", [2, 5, 12])
def test_a_stuck_buffer_is_one_repeat(rng, times):
    read = find_repeats(doubled(sound(rng), 20_000, 320, times=times), rate_hz=RATE_HZ)
    assert found(read) == [(20_320, 320 * times, 320)]


def test_a_buffer_from_a_few_before(rng):
    samples = sound(rng)
    samples[20_000:20_320] = samples[20_000 - 960 : 20_320 - 960]
    assert found(find_repeats(samples, rate_hz=RATE_HZ)) == [(20_000, 320, 960)]


def test_each_of_many_is_told(rng):
    samples = sound(rng, seconds=20)
    places = [20_000 * k + 320 for k in range(1, 15)]
    for place in places:
        samples[place : place + 320] = samples[place - 320 : place]
    assert [start for start, _, _ in found(find_repeats(samples, rate_hz=RATE_HZ))] == places


@pytest.mark.parametrize("rate_hz", [8_000, 24_000, 48_000])
def test_at_other_rates(rng, rate_hz):
    frames = rate_hz // 50
    read = find_repeats(doubled(sound(rng), 20_000, frames), rate_hz=rate_hz)
    assert found(read) == [(20_000 + frames, frames, frames)]


@pytest.mark.parametrize("hz", [50, 100, 125, 250, 400, 425, 440, 1_000, 4_000])
def test_tones_do_not_repeat(hz):
    time = np.arange(4 * RATE_HZ) / RATE_HZ
    for amplitude in (0.9, 0.1, 0.01):
        tone = amplitude * np.sin(2 * np.pi * hz * time)
        beeps = tone * (time % 0.5 < 0.25)
        for samples in (int16(tone), int16(beeps)):
            assert found(find_repeats(samples, rate_hz=RATE_HZ)) == []


def test_call_progress_tones_do_not_repeat():
    time = np.arange(4 * RATE_HZ) / RATE_HZ
    for low, high in ((350, 440), (440, 480), (480, 620), (700, 1_200)):
        dual = 0.4 * np.sin(2 * np.pi * low * time) + 0.4 * np.sin(2 * np.pi * high * time)
        assert found(find_repeats(int16(dual), rate_hz=RATE_HZ)) == []


def test_a_synthetic_buzz_does_not_repeat():
    buzz = 0.3 * np.sign(np.sin(2 * np.pi * 100 * (np.arange(4 * RATE_HZ) + 0.5) / RATE_HZ))
    assert found(find_repeats(int16(buzz), rate_hz=RATE_HZ)) == []


@pytest.mark.parametrize("steps", [0.0, 0.3, 0.7, 1.0, 2.0, 5.0])
def test_faint_dither_does_not_repeat(rng, steps):
    assert found(find_repeats(sound(rng, seconds=30, rms=steps / 32_768), rate_hz=RATE_HZ)) == []


def test_coarse_steps_do_not_repeat(rng):
    # Noise of three values, as G.711 makes of a quiet line.
    coarse = np.round(0.8 * rng.standard_normal(60 * RATE_HZ)) * 64 / 32_768
    assert found(find_repeats(coarse.astype(np.float32), rate_hz=RATE_HZ)) == []


def test_clicks_in_silence_do_not_repeat():
    samples = np.zeros(4 * RATE_HZ, dtype=np.float32)
    samples[::800] = 0.5
    assert found(find_repeats(samples, rate_hz=RATE_HZ)) == []


@pytest.mark.parametrize("frames", [0, 1, 10, 100])
def test_scraps_do_not_repeat(rng, frames):
    read = find_repeats(sound(rng)[:frames], rate_hz=RATE_HZ)
    assert (read.frames, read.starts.size, read.total_s) == (frames, 0, 0.0)


@pytest.mark.parametrize("place", [65_536 - 320, 65_536 - 100, 65_536, 65_536 + 50])
def test_across_the_edge_of_a_block(rng, place):
    samples = sound(rng, seconds=9)
    samples[place : place + 320] = samples[place - 320 : place]
    assert found(find_repeats(samples, rate_hz=RATE_HZ)) == [(place, 320, 320)]


@settings(max_examples=25)
@given(cuts=st.lists(st.integers(0, 200_000), max_size=6), seed=st.integers(0, 9))
def test_pieces_read_as_the_whole(cuts, seed):
    rng = np.random.default_rng(seed)
    samples = sound(rng, seconds=12.5)
    for place in (*rng.integers(8_000, 190_000, 8), 65_500):
        frames = rng.integers(80, 2_000)
        samples[place : place + frames] = samples[place - frames : place]
    meter, whole = RepeatMeter(RATE_HZ), find_repeats(samples, rate_hz=RATE_HZ)
    for part in np.split(samples, sorted(cuts)):
        meter.push(part)
    assert found(meter.result()) == found(whole)
    assert whole.starts.size >= 5


def test_no_repeats_in_other_peoples_recordings(shared_data):
    soundfile = pytest.importorskip("soundfile")
    files = sorted((shared_data / "speech").rglob("*.flac"))[:40]
    assert files
    for file in files:
        samples, rate_hz = soundfile.read(file, dtype="float32", always_2d=True)
        assert found(find_repeats(samples[:, 0], rate_hz=rate_hz)) == [], file.name
