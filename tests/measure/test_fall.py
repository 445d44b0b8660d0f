import numpy as np
import pytest

from voicediag.measure.fall import largest_fall

HOP_S = 0.02
RANDOM = np.random.default_rng(20_261_121)


def hops(minutes, *, falls_at_s, by_db):
    """Return hops of phrases at -20 dB, two seconds in three, over a room at -60 dB, all lower from a moment on."""
    times = np.arange(0, 60 * minutes, HOP_S)
    db = np.where(times % 3 < 2, -20, -60) + RANDOM.normal(0, 2, times.size)
    return (10 ** ((db - by_db * (times >= falls_at_s)) / 20)).astype(np.float32)


@pytest.mark.parametrize(("minutes", "falls_at_s"), [(0.5, 8.0), (0.5, 22.3), (60, 1_802.5)])
def test_the_fall_is_measured_at_its_moment(minutes, falls_at_s):
    fall = largest_fall(hops(minutes, falls_at_s=falls_at_s, by_db=20), hop_s=HOP_S, side_s=1.5, margin_db=15.9)
    assert fall.voice_fall_db == pytest.approx(20, abs=1.5)
    assert fall.room_fall_db == pytest.approx(20, abs=1.5)
    # The room is heard at the next pause, which comes within two seconds.
    assert falls_at_s <= fall.at_s <= falls_at_s + 2.1
    assert fall.low_before == pytest.approx(0, abs=0.01)


def test_a_steady_track_falls_by_nothing():
    fall = largest_fall(hops(0.5, falls_at_s=100, by_db=0), hop_s=HOP_S, side_s=1.5, margin_db=15.9)
    # The first phrase alone has no room under it, and so no voice that stands clear of one.
    assert fall.voice_fall_db is None or min(fall.voice_fall_db, fall.room_fall_db) < 3


def test_a_fan_that_stops_lowers_only_the_room():
    rms = np.maximum(hops(0.5, falls_at_s=100, by_db=0), 0)
    rms[: rms.size // 2] = np.maximum(rms[: rms.size // 2], 10 ** (-40 / 20))
    fall = largest_fall(rms, hop_s=HOP_S, side_s=1.5, margin_db=15.9)
    assert fall.room_fall_db == pytest.approx(20, abs=2)
    assert abs(fall.voice_fall_db) < 3


def test_a_user_who_says_no_more_has_no_voice_that_could_have_fallen():
    rms = hops(0.5, falls_at_s=15, by_db=20)
    spoken = (np.arange(rms.size) >= 15 / HOP_S) & (rms > 10 ** (-50 / 20))
    rms[spoken] = 10 ** (-80 / 20)
    fall = largest_fall(rms, hop_s=HOP_S, side_s=1.5, margin_db=15.9)
    assert fall.room_fall_db == pytest.approx(20, abs=3)
    assert fall.after.voice_s == 0
    assert fall.voice_fall_db is None


@pytest.mark.parametrize("size", [0, 1, 150])
def test_a_track_without_two_sides_has_no_fall(size):
    assert largest_fall(np.full(size, 0.1, np.float32), hop_s=HOP_S, side_s=1.5, margin_db=15.9) is None


def test_digital_silence_is_no_fall():
    assert largest_fall(np.zeros(1_000, np.float32), hop_s=HOP_S, side_s=1.5, margin_db=15.9) is None
