import numpy as np
import pytest
from scenes import RATE_HZ, voice

from voicediag.measure import find_clipping, level, measure_active_level, measure_loudness, measure_true_peak
from voicediag.measure.track import TrackMeters

READ_ALONE = {
    "rms_dbfs": lambda sound: level(sound, rate_hz=RATE_HZ).rms_dbfs,
    "dc": lambda sound: level(sound, rate_hz=RATE_HZ).dc,
    "true_peak_dbtp": lambda sound: measure_true_peak(sound, rate_hz=RATE_HZ).true_peak_dbtp,
    "integrated_lufs": lambda sound: measure_loudness(sound, rate_hz=RATE_HZ).integrated_lufs,
    "active_speech_dbov": lambda sound: measure_active_level(sound, rate_hz=RATE_HZ).active_speech_dbov,
    "clipped_samples": lambda sound: find_clipping(sound, rate_hz=RATE_HZ).clipped_samples,
}


@pytest.fixture(scope="module")
def sound():
    return np.clip(8 * voice(1), -1, 32_767 / 32_768)


def read(sound, block):
    meters = TrackMeters(RATE_HZ)
    for start in range(0, sound.size, block):
        meters.push(sound[start : start + block])
    return meters.result().meters()


@pytest.mark.parametrize("key", READ_ALONE)
def test_every_meter_reads_in_company_what_it_reads_alone(sound, key):
    assert read(sound, 160_000)[key] == READ_ALONE[key](sound)


@pytest.mark.parametrize("block", [997, 16_000, 1_000_000])
def test_the_reading_does_not_depend_on_the_blocks(sound, block):
    assert read(sound, block) == read(sound, 160_000)


def test_no_sound_reads_none_and_nothing():
    reading = read(np.zeros(0, np.float32), 1)
    assert {value for key, value in reading.items() if key.endswith(("dbfs", "dbtp", "lufs", "dbov"))} == {None}
    assert reading["clipped_samples"] == 0
