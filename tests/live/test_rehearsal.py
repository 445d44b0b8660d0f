import numpy as np
import pytest

import voicediag as vd
from voicediag import signals
from voicediag.live.rehearsal import MIC_HZ, SPEAKER_HZ, TICK_S, Speakerphone, rehearse


def heard(phone, ticks):
    return np.concatenate([np.frombuffer(phone.tick(), "<i2") / 32_768 for _ in range(ticks)])


@pytest.mark.parametrize(("echo_ms", "erl_db"), [(120, 14), (40, 0)])
def test_the_microphone_hears_the_loudspeaker_as_late_and_as_weak_as_it_is_told(echo_ms, erl_db):
    phone = Speakerphone(echo_ms=echo_ms, erl_db=erl_db, room_dbfs=-120)
    tone = signals.sine(frequency_hz=997, duration_s=1, rate_hz=SPEAKER_HZ, peak=0.5)
    phone.queue((tone * 32_767).astype("<i2").tobytes())
    mic = heard(phone, round(1 / TICK_S))
    begins_s = np.flatnonzero(np.abs(mic) > 0.25 * mic.max())[0] / MIC_HZ
    # The stateful resampler gives out nothing for its own delay.
    assert begins_s * 1_000 == pytest.approx(echo_ms, abs=12)
    steady = mic[round((echo_ms / 1_000 + 0.3) * MIC_HZ) : round(0.9 * MIC_HZ)]
    assert 20 * np.log10(steady.max()) == pytest.approx(20 * np.log10(0.5) - erl_db, abs=0.2)


def test_what_is_flushed_is_not_played():
    phone = Speakerphone(room_dbfs=-120)
    phone.queue(b"\x00\x40" * SPEAKER_HZ)
    phone.flush()
    assert np.abs(heard(phone, 50)).max() < 1e-3


def test_a_live_session_is_recorded_and_its_echo_named(tmp_path):
    folder = rehearse(tmp_path, duration_s=24)
    diagnosis = vd.check(vd.load(folder))
    assert [finding.id for finding in diagnosis.root_causes] == ["echo-leak"]
    assert diagnosis.findings[0].primary.measure["delay_ms"] == pytest.approx(Speakerphone().echo_ms, abs=15)
    assert not any(b"rehearsal-key" in file.read_bytes() for file in folder.iterdir())
