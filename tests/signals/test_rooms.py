"""An echo's delay, loss, drift and wander against closed forms."""

import numpy as np
import pytest

from voicediag.errors import InputError
from voicediag.signals import energy_ratio_db, impulse_response, leak, sine, speech_like

RATE_HZ = 16_000


@pytest.fixture(scope="module")
def speaker():
    return speech_like(duration_s=6, rate_hz=RATE_HZ, seed=1).samples


def lag_of(speaker, echo, span=slice(None)):
    """Return the lag in frames at the peak of a plain correlation, the slow and sure way."""
    a, b = echo[span].astype(np.float64), speaker[span].astype(np.float64)
    size = 2 * a.size
    curve = np.fft.irfft(np.fft.rfft(a, size) * np.conj(np.fft.rfft(b, size)), size)
    return int(np.argmax(curve))


class TestImpulseResponse:
    def test_the_direct_sound_is_where_it_was_put(self):
        found = impulse_response(rate_hz=RATE_HZ, rt60_s=0.3, direct_to_reverberant_db=0, seed=1, delay_ms=12.5)
        assert np.flatnonzero(found)[0] == 200
        assert found[200] == 1

    def test_direct_to_reverberant_is_exact(self):
        found = impulse_response(rate_hz=RATE_HZ, rt60_s=0.3, direct_to_reverberant_db=6, seed=1).astype(np.float64)
        assert 10 * np.log10(found[0] ** 2 / np.sum(found[1:] ** 2)) == pytest.approx(6, abs=1e-4)

    def test_it_decays_by_60_db_in_rt60(self):
        found = impulse_response(rate_hz=RATE_HZ, rt60_s=0.5, direct_to_reverberant_db=0, seed=2)[1:]
        energy = np.mean(found.reshape(50, -1).astype(np.float64) ** 2, axis=1)
        slope = np.polyfit(np.arange(50) / 50, 10 * np.log10(energy), 1)[0]
        assert slope == pytest.approx(-60, abs=2)


class TestLeak:
    def test_a_whole_delay_without_a_room_is_a_shift(self, speaker):
        found = leak(speaker, rate_hz=RATE_HZ, delay_ms=187, erl_db=20).echo
        assert found.dtype == np.float32
        assert found.shape == speaker.shape
        shifted = speaker[: -round(0.187 * RATE_HZ)]
        scale = np.linalg.norm(speaker) / np.linalg.norm(shifted) / 10
        np.testing.assert_allclose(found[round(0.187 * RATE_HZ) :], shifted * scale, atol=1e-6)

    def test_half_a_frame_is_kept(self):
        tone = sine(frequency_hz=1_000, duration_s=1, rate_hz=RATE_HZ, peak=0.5)
        found = leak(tone, rate_hz=RATE_HZ, delay_ms=10.5 / 16, erl_db=0).echo
        expected = 0.5 * np.sin(2 * np.pi * 1_000 * (np.arange(RATE_HZ) - 10.5) / RATE_HZ)
        np.testing.assert_allclose(found[100:-100], expected[100:-100], atol=2e-3)

    @pytest.mark.parametrize("erl_db", [-3, 18, 46])
    def test_the_loss_is_exact_in_a_room(self, speaker, erl_db):
        room = impulse_response(rate_hz=RATE_HZ, rt60_s=0.4, direct_to_reverberant_db=3, seed=4)
        found = leak(speaker, rate_hz=RATE_HZ, delay_ms=90, erl_db=erl_db, response=room)
        assert energy_ratio_db(speaker, found.echo) == pytest.approx(erl_db, abs=1e-3)
        assert found.erl_db == erl_db

    def test_the_rooms_own_delay_is_not_added(self, speaker):
        room = impulse_response(rate_hz=RATE_HZ, rt60_s=0.2, direct_to_reverberant_db=6, seed=4, delay_ms=15)
        found = leak(speaker, rate_hz=RATE_HZ, delay_ms=90, erl_db=20, response=room).echo
        assert lag_of(speaker, found) == pytest.approx(0.090 * RATE_HZ, abs=1)

    def test_a_faster_microphone_hears_the_echo_later_and_later(self):
        speaker = speech_like(duration_s=20, rate_hz=RATE_HZ, seed=2).samples
        found = leak(speaker, rate_hz=RATE_HZ, delay_ms=50, erl_db=10, drift_ppm=500).echo
        # At 1 s the lag has grown by 0.5 ms, at 19 s by 9.5 ms.
        early, late = (lag_of(speaker, found, slice(s * RATE_HZ, (s + 2) * RATE_HZ)) for s in (0, 18))
        assert early == pytest.approx(0.0505 * RATE_HZ, abs=2)
        assert late == pytest.approx(0.0595 * RATE_HZ, abs=2)

    def test_a_wander_swings_by_its_amplitude(self):
        speaker = speech_like(duration_s=8, rate_hz=RATE_HZ, seed=2).samples
        found = leak(speaker, rate_hz=RATE_HZ, delay_ms=50, erl_db=10, wander_ms=5, wander_period_s=8).echo
        # The sine is at +1 at 2 s and at -1 at 6 s.
        late, early = (
            lag_of(speaker, found, slice(round((s - 0.3) * RATE_HZ), round((s + 0.3) * RATE_HZ))) for s in (2, 6)
        )
        assert late == pytest.approx(0.055 * RATE_HZ, abs=8)
        assert early == pytest.approx(0.045 * RATE_HZ, abs=8)

    def test_a_silent_speaker_leaves_nothing_to_compare_with(self):
        with pytest.raises(InputError, match="speaker that plays something"):
            leak(np.zeros(100, np.float32), rate_hz=RATE_HZ, delay_ms=1, erl_db=1)
