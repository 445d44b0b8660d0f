import numpy as np
import pytest

from voicediag import signals
from voicediag.live.client.room import TICK_S, Echo, Room

MIC_HZ, SPEAKER_HZ = 16_000, 24_000
SILENCE = np.zeros(0, np.float32)


def heard(room, sound=b"", ticks=50):
    size = round(TICK_S * SPEAKER_HZ) * 2
    pieces = [room.tick(sound[n * size : (n + 1) * size].ljust(size, b"\0")) for n in range(ticks)]
    return np.frombuffer(b"".join(pieces), "<i2") / 32_768


@pytest.mark.parametrize(("delay_ms", "erl_db"), [(120, 14), (40, 0)])
def test_the_microphone_hears_the_loudspeaker_as_late_and_as_weak_as_it_is_told(delay_ms, erl_db):
    room = Room(MIC_HZ, SPEAKER_HZ, SILENCE, echo=Echo(delay_ms=delay_ms, erl_db=erl_db), room_dbfs=-120)
    tone = signals.sine(frequency_hz=997, duration_s=1, rate_hz=SPEAKER_HZ, peak=0.5)
    mic = heard(room, (tone * 32_767).astype("<i2").tobytes())
    begins_s = np.flatnonzero(np.abs(mic) > 0.25 * mic.max())[0] / MIC_HZ
    # The tone's first quarter of a millisecond is below a quarter of its peak.
    assert begins_s * 1_000 == pytest.approx(delay_ms, abs=0.5)
    steady = mic[round((delay_ms / 1_000 + 0.3) * MIC_HZ) : round(0.9 * MIC_HZ)]
    assert 20 * np.log10(steady.max()) == pytest.approx(20 * np.log10(0.5) - erl_db, abs=0.2)


def test_without_an_echo_it_hears_none():
    loud = np.full(SPEAKER_HZ, 16_384, "<i2").tobytes()
    assert np.abs(heard(Room(MIC_HZ, SPEAKER_HZ, SILENCE, room_dbfs=-120), loud)).max() < 1e-3


def test_the_gain_is_the_microphone_s_so_that_its_noise_is_weaker_too():
    quiet, usual = (heard(Room(MIC_HZ, SPEAKER_HZ, SILENCE, gain=gain, room_dbfs=-30)) for gain in (0.1, 1.0))
    assert 20 * np.log10(quiet.std() / usual.std()) == pytest.approx(-20, abs=0.1)
    assert 20 * np.log10(usual.std()) == pytest.approx(-30, abs=0.2)


def test_the_user_is_heard_once_or_again_and_again():
    said = np.zeros(MIC_HZ // 2, np.float32)
    said[:320] = 0.5
    once, again = (heard(Room(MIC_HZ, SPEAKER_HZ, said, repeats=repeats, room_dbfs=-120)) for repeats in (False, True))
    assert [n * 320 for n in range(50) if once[n * 320 : (n + 1) * 320].max() > 0.4] == [0]
    assert [n * 320 for n in range(50) if again[n * 320 : (n + 1) * 320].max() > 0.4] == [0, 8_000]
