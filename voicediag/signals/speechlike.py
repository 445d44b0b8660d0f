"""Noise that moves like speech, for tests that need no voice.

Three traits carry over from speech, because measurements rely on them: the long-term spectrum (flat to 500 Hz, then
9 dB an octave down: Byrne et al. 1994, figure 2, simplified), the syllable rate of 4 Hz at which the envelope
comes and goes (Drullman 1994), and phrases of one to three seconds between pauses. It has no words and no pitch:
recognisers and pitch trackers must be tried on real speech.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voicediag.signals.tones import Samples, scaled_to
from voicediag.spans import Span, SpanSet

SYLLABLE_RATE_HZ = 4.0
LOWEST_HZ = 100.0
KNEE_HZ = 500.0
SLOPE_DB_PER_OCTAVE = -9.0
PHRASE_S = (1.0, 3.0)
PAUSE_S = (0.4, 1.2)
# Between syllables speech falls by some 20 dB, it does not stop.
VALLEY = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechLike:
    """Speech-like noise and where it speaks.

    Attributes
    ----------
    samples : float32, (frames,)
    phrases : SpanSet
        Where it speaks, in seconds from the first frame; all else is digital silence or the floor.
    level_db : float
        Level over the phrases, in dB re an RMS of 1.0, before any floor was added.
    """

    samples: Samples
    phrases: SpanSet
    level_db: float


def speech_like(
    *, duration_s: float, rate_hz: int, seed: int, level_db: float = -26.0, floor_db: float | None = None
) -> SpeechLike:
    """Return speech-like noise whose level over its phrases is exactly `level_db`.

    Parameters
    ----------
    duration_s : float
        It begins with a phrase at 0 s and may end within one.
    floor_db : float, optional
        Level of a white noise under everything; without it the pauses are digitally silent.
    """
    random = np.random.default_rng(seed)
    frames = round(duration_s * rate_hz)
    ranges = _phrases(frames, rate_hz, random)
    envelope = np.zeros(frames)
    for start, end in ranges:
        envelope[start:end] = _syllables(end - start, rate_hz, random)
    spoken = sum(end - start for start, end in ranges)
    samples = scaled_to(_coloured(frames, rate_hz, random) * envelope, level_db=level_db, active_frames=spoken)
    if floor_db is not None:
        samples += scaled_to(random.standard_normal(frames), level_db=floor_db)
    phrases = SpanSet(Span(start / rate_hz, end / rate_hz) for start, end in ranges)
    return SpeechLike(samples=samples, phrases=phrases, level_db=level_db)


def _phrases(frames: int, rate_hz: int, random: np.random.Generator) -> list[tuple[int, int]]:
    """Return half-open frame ranges of phrases, the first from 0."""
    ranges = []
    start = 0
    while start < frames:
        end = min(frames, start + round(random.uniform(*PHRASE_S) * rate_hz))
        ranges.append((start, end))
        start = end + round(random.uniform(*PAUSE_S) * rate_hz)
    return ranges


def _syllables(frames: int, rate_hz: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Return an envelope in [VALLEY, 1]: raised cosines of uneven length and strength, four a second on average."""
    bumps: list[NDArray[np.float64]] = []
    made = 0
    while made < frames:
        length = max(2, round(rate_hz / SYLLABLE_RATE_HZ * random.uniform(0.7, 1.3)))
        bump = np.sin(np.pi * (np.arange(length) + 0.5) / length) ** 2
        bumps.append(VALLEY + (1 - VALLEY) * random.uniform(0.5, 1.0) * bump)
        made += length
    return np.concatenate(bumps)[:frames]


def _coloured(frames: int, rate_hz: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Return noise with the long-term spectrum of speech."""
    spectrum = np.fft.rfft(random.standard_normal(frames))
    frequency = np.fft.rfftfreq(frames, 1 / rate_hz)
    octaves = np.log2(np.maximum(frequency, KNEE_HZ) / KNEE_HZ)
    weight = 10 ** (SLOPE_DB_PER_OCTAVE * octaves / 20)
    weight[frequency < LOWEST_HZ] = 0
    return np.fft.irfft(spectrum * weight, frames)
