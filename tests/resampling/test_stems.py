import json
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from voicediag import cli, signals
from voicediag.resampling.arguments import Rates
from voicediag.resampling.installed import LinearStream
from voicediag.resampling.stems import stems
from voicediag.resampling.target import target_of

RATES = Rates(in_hz=24_000, out_hz=16_000)


def band(low_hz, high_hz, seed):
    noise = signals.noise(duration_s=1.0, rate_hz=24_000, level_db=-20, seed=seed).astype(np.float64)
    hz = np.fft.rfftfreq(noise.size, 1 / 24_000)
    return np.fft.irfft(np.fft.rfft(noise) * ((hz > low_hz) & (hz < high_hz)))


VOICE = np.concatenate([band(100, 3_000, 1), band(8_500, 11_500, 2), band(100, 3_000, 3)])


def test_a_sibilant_comes_back_louder_than_the_voice():
    found = stems(target_of(LinearStream, RATES), VOICE)
    # The second in the middle lies above 8 kHz: a perfect resampler leaves nothing of it.
    assert 0.95 <= min(found.louder_s) <= 1.05
    assert 1.9 <= max(found.louder_s) <= 2.05
    assert len(found.louder_s) == pytest.approx(50, abs=3)
    middle = slice(20_000, 28_000)
    hz = np.linspace(8_500, 11_500, 1_000)
    powers = np.cos(np.pi * hz / 48_000) ** 4 + np.cos(np.pi * (24_000 - hz) / 48_000) ** 4
    wanted_db = 10 * np.log10(powers.mean() * np.mean(band(8_500, 11_500, 2) ** 2))
    assert 10 * np.log10(np.mean(found.added[middle] ** 2)) == pytest.approx(wanted_db, abs=0.3)
    np.testing.assert_allclose(found.filtered + found.added, found.resampled, atol=1e-12)


def test_of_a_clean_resampler_nothing_is_heard():
    found = stems(target_of(lambda: soxr.ResampleStream(24_000, 16_000, 1, dtype="float64"), RATES), VOICE)
    assert found.louder_s == ()
    assert np.max(np.abs(found.cut)) < 1e-9
    inner = slice(1_000, 15_000)
    assert np.std(found.added[inner]) < 1e-3 * np.std(found.perfect[inner])


def test_the_command_writes_them(tmp_path, capsys, monkeypatch):
    soundfile.write(tmp_path / "voice.wav", VOICE, 24_000)
    words = ["voicediag", "resampler", "linear-stream", "--stems", str(tmp_path / "out"), "--json"]
    monkeypatch.setattr(sys, "argv", [*words, "--voice", str(tmp_path / "voice.wav")])
    with pytest.raises(SystemExit):
        cli.main()
    told = json.loads(capsys.readouterr().out)["stems"]
    assert told["louder_s"] == pytest.approx(1.0, abs=0.06)
    assert {Path(path).name for path in told["files"]} == {
        f"{name}.wav" for name in ("perfect", "resampled", "filtered", "added", "cut")
    }
    assert all(soundfile.info(path).samplerate == 16_000 for path in told["files"])
