"""Traits of speech that the stand-in must have."""

import numpy as np
import pytest

from voicediag.signals import speech_like
from voicediag.spans import Span, SpanSet

RATE_HZ = 16_000


@pytest.fixture(scope="module")
def spoken():
    return speech_like(duration_s=30, rate_hz=RATE_HZ, seed=3, level_db=-22)


def within(samples, span):
    return samples[round(span.start_s * RATE_HZ) : round(span.end_s * RATE_HZ)]


def test_the_level_over_the_phrases_is_exact(spoken):
    speech = np.concatenate([within(spoken.samples, phrase) for phrase in spoken.phrases])
    assert 10 * np.log10(np.mean(speech.astype(np.float64) ** 2)) == pytest.approx(-22, abs=1e-3)


def test_the_pauses_are_digitally_silent(spoken):
    pauses = spoken.phrases.complement(Span(0, 30))
    assert all(0.4 <= pause.duration_s <= 1.2001 for pause in pauses)
    assert not np.any(np.concatenate([within(spoken.samples, pause) for pause in pauses]))


def test_phrases_last_one_to_three_seconds(spoken):
    assert all(0.99 <= phrase.duration_s <= 3.01 for phrase in spoken.phrases.spans[:-1])
    assert spoken.phrases.hull.start_s == 0
    assert isinstance(spoken.phrases, SpanSet)


def test_the_envelope_moves_at_the_rate_of_syllables(spoken):
    energy = np.mean(spoken.samples[: 3_000 * 160].reshape(-1, 160) ** 2, axis=1)
    envelope = np.log(energy + 1e-6)
    spectrum = np.abs(np.fft.rfft(envelope - envelope.mean())) ** 2
    frequency = np.fft.rfftfreq(envelope.size, 0.01)
    syllables = spectrum[(frequency > 2.5) & (frequency < 6)].sum()
    faster = spectrum[(frequency > 8) & (frequency < 11.5)].sum()
    assert syllables > 3 * faster


def test_the_spectrum_falls_by_nine_db_an_octave(spoken):
    power = np.abs(np.fft.rfft(spoken.samples)) ** 2
    frequency = np.fft.rfftfreq(spoken.samples.size, 1 / RATE_HZ)
    density = [power[(frequency > f * 0.9) & (frequency < f * 1.1)].mean() for f in (1_000, 4_000)]
    assert 10 * np.log10(density[0] / density[1]) == pytest.approx(18, abs=1.5)


def test_a_floor_lies_under_the_pauses():
    spoken = speech_like(duration_s=10, rate_hz=RATE_HZ, seed=3, floor_db=-65)
    pause = np.concatenate([within(spoken.samples, span) for span in spoken.phrases.complement(Span(0, 10))])
    assert 10 * np.log10(np.mean(pause.astype(np.float64) ** 2)) == pytest.approx(-65, abs=0.3)
