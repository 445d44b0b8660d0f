"""Chunks that are heard twice in a row, through codecs and under noise; expected values are where they were planted."""

from io import BytesIO

import numpy as np
import pytest
import soundfile
from hypothesis import example, given, settings
from hypothesis import strategies as st

from voicediag import signals
from voicediag.measure.heard_twice import LEAST_CONTRAST_DB, heard_twice
from voicediag.session import ArraySource

RATE_HZ = 16_000


@pytest.fixture(scope="module")
def voice():
    """Return eight seconds that are loud from 2 to 7 s."""
    made = signals.speech_like(duration_s=8.0, rate_hz=RATE_HZ, level_db=-24.0, seed=11).samples.copy()
    noise = np.random.default_rng(12).standard_normal(5 * RATE_HZ)
    made[2 * RATE_HZ : 7 * RATE_HZ] += 0.04 * np.convolve(noise, np.ones(4) / 4, "same").astype(np.float32)
    return made


def doubled(sound, at_s, length_s, *, rate_hz=RATE_HZ):
    """Return sound whose chunk before `at_s` is heard once more."""
    at, length = round(at_s * rate_hz), round(length_s * rate_hz)
    return np.concatenate((sound[:at], sound[at - length :])).astype(np.float32)


def coded(sound, form, subtype, *, rate_hz=RATE_HZ):
    file = BytesIO()
    soundfile.write(file, sound, rate_hz, format=form, subtype=subtype)
    file.seek(0)
    return soundfile.read(file, dtype="float32")[0][: sound.size]


def told(sound, *, rate_hz=RATE_HZ):
    return heard_twice(ArraySource(np.asarray(sound, np.float32), rate_hz))


@pytest.mark.parametrize("codec", [None, ("WAV", "ULAW"), ("WAV", "ALAW"), ("OGG", "OPUS")])
@pytest.mark.parametrize("length_s", [0.06, 0.1, 0.37])
def test_a_chunk_that_comes_twice_is_found_through_a_codec(voice, codec, length_s):
    sound = doubled(voice, 4.0, length_s)
    places = told(coded(sound, *codec) if codec else sound)
    assert len(places) == 1
    assert places[0].start_s == pytest.approx(4.0, abs=0.006)
    assert places[0].length_s == pytest.approx(length_s, abs=1 / RATE_HZ)
    assert places[0].contrast_db >= LEAST_CONTRAST_DB


def test_noise_that_lies_over_both_hides_it_no_sooner_than_the_voice(voice):
    noise = np.random.default_rng(13).standard_normal(voice.size + RATE_HZ // 10)
    rms = float(np.sqrt(np.mean(voice[2 * RATE_HZ : 7 * RATE_HZ] ** 2)))
    places = told(doubled(voice, 4.0, 0.1) + rms * 10 ** (-12 / 20) * noise)
    assert [round(place.length_s, 3) for place in places] == [0.1]


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 22_050, 48_000])
def test_any_rate_will_do(rate_hz):
    noise = np.random.default_rng(14).standard_normal(6 * rate_hz)
    places = told(doubled(0.05 * noise, 3.0, 0.08, rate_hz=rate_hz), rate_hz=rate_hz)
    assert len(places) == 1
    assert places[0].start_s == pytest.approx(3.0, abs=0.006)
    assert places[0].length_s == pytest.approx(0.08, abs=1e-4)


def test_places_in_the_second_piece_and_over_its_edge_are_where_they_are():
    noise = 0.05 * np.random.default_rng(15).standard_normal(40 * 8_000)
    sound = doubled(doubled(noise, 14.95, 0.1, rate_hz=8_000), 33.0, 0.2, rate_hz=8_000)
    places = told(sound, rate_hz=8_000)
    assert [round(place.start_s, 2) for place in places] == [14.95, 33.0]
    assert [round(place.length_s, 3) for place in places] == [0.1, 0.2]


def test_a_pitch_a_tone_and_an_echo_are_no_chunks(voice):
    at_s = np.arange(6 * RATE_HZ) / RATE_HZ
    pulses = np.zeros(at_s.size)
    pulses[::160] = 0.5
    echo = voice.copy()
    echo[1_600:] += 0.6 * voice[:-1_600]
    for sound in (0.3 * np.sin(2 * np.pi * 440 * at_s), np.convolve(pulses, np.hanning(32), "same"), voice, echo):
        assert told(sound) == ()


def test_a_word_said_again_after_a_pause_is_no_chunk(voice):
    word, pause = voice[4 * RATE_HZ : 4 * RATE_HZ + 4_000], np.zeros(1_600)
    assert told(np.concatenate((voice[: 4 * RATE_HZ], word, pause, word, pause, voice[5 * RATE_HZ :]))) == ()


@settings(max_examples=20, deadline=None)
@example(frames=2_632, value=1.0)
@given(frames=st.integers(0, 9_000), value=st.sampled_from([0.0, 1.0, 1e30, float("nan"), float("inf")]))
def test_rubbish_is_never_heard_twice(frames, value):
    assert told(np.full(frames, value), rate_hz=8_000) == ()


def test_a_long_track_is_searched_whole_where_a_first_look_finds_one(voice):
    # Of three pieces of 15 s the first look sees the first and the third.
    four = np.tile(voice, 4)
    later = doubled(four, 20.0, 0.1)
    both = doubled(later, 4.0, 0.1)
    sources = (ArraySource(np.asarray(each, np.float32), RATE_HZ) for each in (later, both))
    seen, whole = (heard_twice(source, first_look_s=20.0) for source in sources)
    assert not seen
    assert [place.start_s for place in whole] == [pytest.approx(4.0, abs=0.006), pytest.approx(20.1, abs=0.006)]
