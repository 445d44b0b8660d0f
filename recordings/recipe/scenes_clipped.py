"""clipped-audio: too much gain, with and without saturation."""

from __future__ import annotations

from dataclasses import replace

from recipe.damages import clipped, wrapped
from recipe.scenes_clean import CARDS, READING_COACH

FOLDER = "clipped-audio"
SCENES = (
    replace(
        READING_COACH,
        folder=FOLDER,
        name="preamp-18db",
        twin="clean/reading-coach",
        notes="A microphone boost of 18 dB drives the converter into its rails.",
        damage=clipped(18),
    ),
    replace(
        CARDS,
        folder=FOLDER,
        name="wrap-around",
        twin="clean/cards",
        notes="The app multiplies 16-bit samples by five without saturating; the raw microphone is fine.",
        damage=wrapped(14),
        taps_microphone=True,
    ),
)
