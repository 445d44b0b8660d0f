"""silent-track: silence that looks healthy to whoever only counts bytes."""

from __future__ import annotations

from dataclasses import replace

from recipe.damages import hissing, muted
from recipe.scenes_clean import CARDS, HELPDESK, READING_COACH

FOLDER = "silent-track"
SCENES = (
    replace(
        HELPDESK,
        folder=FOLDER,
        name="muted-device",
        twin="clean/helpdesk",
        notes="The app reads a virtual microphone that is muted: digital silence goes up while the caller speaks.",
        damage=muted(),
        deaf=True,
    ),
    replace(
        READING_COACH,
        folder=FOLDER,
        name="silent-model",
        twin="clean/reading-coach",
        notes="The model's audio peaks at 18 of 32768 while its transcript speaks.",
        model_damage=hissing(18 / 32_768, seed=41),
    ),
    replace(
        CARDS,
        folder=FOLDER,
        name="mute-switch",
        twin="clean/cards",
        notes="The headset's mute switch is on: its preamplifier's hiss goes up, at a peak of 20 of 32768.",
        lines=CARDS.lines[:3],
        damage=hissing(20 / 32_768, seed=42),
        deaf=True,
    ),
)
