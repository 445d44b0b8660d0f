from functools import cache

import numpy as np
import pytest
import soxr
from scenes import RECORDINGS, room

import voicediag as vd
from voicediag.errors import InputError
from voicediag.measure import activity
from voicediag.measure.speech import ENGINES, SpeechMeter, speech, weights
from voicediag.spans import SpanSet

RATE_HZ = 16_000
installed = pytest.mark.skipif(not weights.is_installed(), reason="no Silero here; make test brings it")
engines = pytest.mark.parametrize("engine", [pytest.param("silero", marks=installed), "plain"])


@cache
def voice():
    """A quarter of a minute of an agent that speaks and pauses, without any noise."""
    track = vd.load(RECORDINGS / "clean" / "hotel.vds").tracks["agent-received"]
    sound = track.source.read(0, 16 * track.rate_hz)
    return np.asarray(soxr.resample(sound, track.rate_hz, RATE_HZ), np.float32)


def overlap_share(found, truth):
    return (found & truth).total_s / (found | truth).total_s


@engines
@pytest.mark.parametrize("gain_db", [0.0, -30.0])
def test_a_voice_is_found_in_a_live_room_however_loud(engine, gain_db):
    # There is no noise in the voice itself, so its level says where it is.
    truth = activity.by_level(voice(), rate_hz=RATE_HZ)
    truth = SpanSet(span for span in truth.spans)
    noise = np.resize(room(1, level_db=-62), voice().size)
    heard = np.round((voice() + noise) * 10 ** (gain_db / 20) * 32_768) / 32_768
    found = speech(heard.astype(np.float32), rate_hz=RATE_HZ, engine=engine)
    assert overlap_share(found.phrases(0.3), truth) > 0.85
    assert (found.engine, found.step_s) == (engine, 0.01)


@engines
def test_pieces_and_the_whole_are_heard_alike(engine):
    sound = np.concatenate([voice()] * 8)
    meter = SpeechMeter(RATE_HZ, engine)
    for start in range(0, sound.size, 333_333):
        meter.push(sound[start : start + 333_333])
        if start == 333_333:
            assert meter.result().probability.size == 666_666 // 160
    whole = speech(sound, rate_hz=RATE_HZ, engine=engine).probability
    assert np.array_equal(meter.result().probability, whole)


@engines
@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 48_000])
def test_the_rate_moves_nothing(engine, rate_hz):
    at_once = speech(voice(), rate_hz=RATE_HZ, engine=engine).phrases(0.3)
    other = speech(soxr.resample(voice(), RATE_HZ, rate_hz), rate_hz=rate_hz, engine=engine).phrases(0.3)
    assert overlap_share(at_once, other) > 0.9


@engines
def test_noise_and_silence_are_no_speech(engine):
    random = np.random.default_rng(2)
    rain = 0.05 * random.standard_normal(10 * RATE_HZ).astype(np.float32)
    assert speech(rain, rate_hz=RATE_HZ, engine=engine).speech_s == 0
    assert speech(np.zeros(5 * RATE_HZ, np.float32), rate_hz=RATE_HZ, engine=engine).speech_s == 0


@engines
def test_too_little_sound_is_no_speech(engine):
    for frames in (0, 1, 159, 160, 2_000):
        found = speech(np.zeros(frames, np.float32), rate_hz=RATE_HZ, engine=engine)
        assert (found.probability.size, len(found.spans)) == (frames // 160, 0)


def test_pauses_are_closed_up_to_a_length():
    found = speech(voice(), rate_hz=RATE_HZ, engine="plain")
    pauses = found.spans.complement(found.spans.hull)
    closed = [pause for pause in pauses if pause.duration_s < 0.4]
    assert len(found.phrases(0.4)) == len(found.spans) - len(closed)
    assert found.phrases(0.0) == found.spans


def test_the_reference_is_this():
    mine = speech(voice(), rate_hz=RATE_HZ)
    assert np.array_equal(vd.measure.activity.reference(voice(), rate_hz=RATE_HZ).probability, mine.probability)
    assert mine.engine == ("silero" if weights.is_installed() else "plain")


def test_an_engine_that_nobody_knows_is_refused():
    with pytest.raises(InputError, match=" or ".join(ENGINES)):
        speech(voice(), rate_hz=RATE_HZ, engine="webrtc")
