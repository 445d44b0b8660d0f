"""Phrases as players of clips play them: cut where they begin and end, with silence or a room between.

A cut phrase breaks off as hard as a gap does. What tells the two apart is where: at the end of what was said, or in
the middle.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import soxr
from numpy.random import Generator

from benchmarks import starvation_material
from voicediag.session import Samples

STEP_S: Final = 0.01
PAUSE_STEPS: Final = 12
CLIPS_S: Final = 8.0
UNDER_DB: Final = (12.0, 36.0)
PAUSES_S: Final = (0.05, 1.2)


def trimmed(said: Samples, rate_hz: int, under_db: float, random: Generator) -> Samples:
    """Return one phrase of a clip from its first step of 10 ms that is loud to its last."""
    step = round(STEP_S * rate_hz)
    loud = step_levels(said, step) > 10 ** (-under_db / 20)
    quiet = np.flatnonzero(np.convolve(loud, np.ones(PAUSE_STEPS), "same") == 0)
    begin = int(random.choice(quiet)) if quiet.size and random.random() < 0.7 else 0
    later = quiet[quiet > begin + 60]
    end = int(random.choice(later[:200])) if later.size and random.random() < 0.8 else loud.size
    kept = np.flatnonzero(loud[begin:end]) + begin
    return said[kept[0] * step : (kept[-1] + 1) * step] if kept.size else said


def step_levels(sound: Samples, step: int) -> Samples:
    """Return the RMS of each whole step."""
    return np.sqrt(np.mean(sound[: sound.size // step * step].reshape(-1, step) ** 2, axis=1))


def trimmed_clips(count: int = 200, *, first: int = 0) -> Iterator[tuple[Samples, int]]:
    """Yield eight seconds of trimmed phrases each, of voices that nothing was fitted on; half of it in a live room."""
    voices = starvation_material.recordings(fitted=False)
    for index in range(first, first + count):
        random = np.random.default_rng((starvation_material.SEED, 4, index))
        rate_hz = int(random.choice(starvation_material.RATES_HZ))
        under_db, pause_s = random.uniform(*UNDER_DB), random.uniform(*PAUSES_S)
        fixed = bool(random.random() < 0.5)
        pieces = [np.zeros(0, np.float32)]
        while sum(piece.size for piece in pieces) < CLIPS_S * rate_hz:
            voice, from_hz = voices[int(random.integers(len(voices)))]
            said = np.asarray(soxr.resample(voice, from_hz, rate_hz), np.float32)
            level = np.float32(10 ** (starvation_material.SPEECH_DBOV / 20))
            silence_s = pause_s if fixed else random.uniform(*PAUSES_S)
            pieces += [
                trimmed(said, rate_hz, under_db, random) * level,
                np.zeros(round(silence_s * rate_hz), np.float32),
            ]
        sound = np.concatenate(pieces)[: round(CLIPS_S * rate_hz)]
        if index % 2:
            snr_db = float(random.uniform(25, 50))
            sound = sound + starvation_material.noise(sound, rate_hz, snr_db, fitted=False, random=random)
        yield sound.astype(np.float32), rate_hz
