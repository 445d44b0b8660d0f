import json
import sys

import numpy as np
import pytest
import soundfile

from voicediag import cli, signals
from voicediag.resampling import speech

VOICE = signals.speech_like(duration_s=3.0, rate_hz=16_000, level_db=-24.0, seed=3).samples.astype(np.float64)


def test_half_as_loud_is_six_decibels_away_in_every_bin():
    # The floor lies far below a white noise.
    noise = np.random.default_rng(1).standard_normal(16_000)
    assert speech.log_spectral_distance_db(noise, noise / 2) == pytest.approx(6.02, abs=0.01)
    assert speech.log_spectral_distance_db(noise, noise) == 0
    assert speech.log_spectral_distance_db(np.zeros(16_000), noise) == 0


def test_a_delay_is_no_difference():
    told = speech.speech_quality(VOICE, np.concatenate([np.zeros(37), VOICE])[: VOICE.size], 16_000)
    assert told.stoi == pytest.approx(1, abs=1e-6)
    assert told.log_spectral_distance_db == pytest.approx(0, abs=0.01)
    assert told.blind_above_hz is None


def test_noise_as_loud_as_the_voice():
    rng = np.random.default_rng(2)
    noise = rng.standard_normal(VOICE.size) * VOICE.std()
    soft, loud = (speech.speech_quality(VOICE, VOICE + part * noise, 16_000) for part in (0.01, 1))
    assert loud.stoi < 0.9 < soft.stoi
    assert speech.speech_quality(VOICE, VOICE, 24_000).blind_above_hz == 8_000


def test_what_cannot_be_told_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "pesq", None)
    told = speech.speech_quality(VOICE, VOICE, 16_000)
    assert told.pesq_wb is None
    assert "voicediag[speech-quality]" in " ".join(told.unsaid)
    short = speech.speech_quality(VOICE[:800], VOICE[:800], 16_000)
    assert short.stoi is None
    assert "too short" in " ".join(short.unsaid)


def test_pesq_of_no_difference_is_the_best_there_is():
    pytest.importorskip("pesq")
    assert speech.speech_quality(VOICE, VOICE, 16_000).pesq_wb == pytest.approx(4.644, abs=0.001)


def test_the_command_says_it(tmp_path, capsys, monkeypatch):
    voice = signals.speech_like(duration_s=2.0, rate_hz=24_000, level_db=-24.0, seed=3).samples
    soundfile.write(tmp_path / "voice.wav", voice, 24_000)
    words = ["voicediag", "resampler", "linear", "--voice", str(tmp_path / "voice.wav")]
    monkeypatch.setattr(sys, "argv", [*words, "--whole", "--json"])
    with pytest.raises(SystemExit):
        cli.main()
    told = json.loads(capsys.readouterr().out)["speech"]
    assert told.keys() == {"whole"}
    assert 0.5 < told["whole"]["log_spectral_distance_db"] < 20
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit):
        cli.main()
    said = capsys.readouterr().out
    assert "The voice in one piece, beside soxr VHQ:" in said
    assert "The voice in chunks of 20 ms" in said
