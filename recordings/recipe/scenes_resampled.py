"""poor-resampler: a resampler that forgets, and one that does not filter."""

from __future__ import annotations

from dataclasses import replace

from recipe.damages import chunks_alone, straight_lines
from recipe.scenes_drift import TALK
from recipe.scenes_hearing import DICTATION

FOLDER = "poor-resampler"
SCENES = (
    replace(
        DICTATION,
        folder=FOLDER,
        name="chunks-alone",
        twin="clean/dictation",
        notes="Each 20 ms of the microphone's 48 kHz are resampled to 24 kHz by a call of their own.",
        damage=chunks_alone(48_000, 20),
    ),
    replace(
        TALK,
        folder=FOLDER,
        name="straight-lines",
        twin="clean/safety-talk",
        notes="Prompts of a telephone are brought from 8 to 24 kHz by straight lines between their samples.",
        model_damage=straight_lines(8_000),
        player_ppm=None,
    ),
)
