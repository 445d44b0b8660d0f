import numpy as np
import pytest

from voicediag.measure.voice_fall import largest_voice_fall
from voicediag.spans import Span

HOP_S = 0.02
RANDOM = np.random.default_rng(20_261_122)


def words(seconds, *, falls_at_s, by_db, room_falls_db=0.0):
    """Return hops of phrases at -20 dB, two seconds in three, over a room at -60 dB, and where the phrases are."""
    times = np.arange(0, seconds, HOP_S)
    speaks, late = times % 3 < 2, times >= falls_at_s
    db = np.where(speaks, -20 - by_db * late, -60 - room_falls_db * late) + RANDOM.normal(0, 2, times.size)
    return (10 ** (db / 20)).astype(np.float32), [Span(start, start + 2) for start in range(0, seconds - 2, 3)]


@pytest.mark.parametrize("seconds", [30, 3_600])
def test_the_moment_and_the_size_of_a_fall_are_measured_and_the_room_apart(seconds):
    rms, spans = words(seconds, falls_at_s=seconds / 2 + 0.3, by_db=20, room_falls_db=7)
    fall = largest_voice_fall(rms, spans, hop_s=HOP_S, side_s=1.5)
    # To within one stretch of a third of a second.
    assert fall.at_s == pytest.approx(seconds / 2 + 0.3, abs=0.35)
    assert fall.fall_db == pytest.approx(20, abs=1)
    assert fall.room_fall_db == pytest.approx(7, abs=1)
    # A quarter of a Gaussian lies 0.67 sigma below its middle; of stretches of 15 hops sigma is a quarter of a hop's.
    assert 17 < fall.apart_db < 20


def test_a_steady_voice_is_not_parted():
    rms, spans = words(60, falls_at_s=100, by_db=0)
    fall = largest_voice_fall(rms, spans, hop_s=HOP_S, side_s=1.5)
    assert fall.fall_db < 2
    assert fall.apart_db < 1


def test_digital_silence_is_no_room():
    rms, spans = words(30, falls_at_s=15, by_db=20)
    rms[rms < 10 ** (-50 / 20)] = 0
    spoken = largest_voice_fall(rms, spans, hop_s=HOP_S, side_s=1.5)
    # What is left is voice: its own tenth fell with it.
    assert spoken.room_fall_db == pytest.approx(20, abs=1)
    assert largest_voice_fall(np.zeros_like(rms), spans, hop_s=HOP_S, side_s=1.5).room_fall_db is None


@pytest.mark.parametrize("spans", [[], [Span(0, 2)], [Span(0, 0.1), Span(1, 1.2)]])
def test_too_little_speech_has_no_two_sides(spans):
    assert largest_voice_fall(np.full(500, 0.1, np.float32), spans, hop_s=HOP_S, side_s=1.5) is None
