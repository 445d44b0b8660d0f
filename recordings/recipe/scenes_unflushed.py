"""unflushed-playback: the caller barges in, the provider stops, and the player plays on."""

from __future__ import annotations

from dataclasses import replace

from recipe.scenes_clean import BARGE_IN, OPENAI

FOLDER = "unflushed-playback"
RECEPTION = replace(
    BARGE_IN,
    name="reception",
    provider=OPENAI,
    voice="flite-slt",
    seed=71,
    # Of a response that is complete already nothing would be cancelled.
    lines=(*BARGE_IN.lines[:3], BARGE_IN.lines[-1]),
)
CLEAN = (RECEPTION,)
SCENES = (
    replace(
        BARGE_IN,
        folder=FOLDER,
        name="never-flushed",
        twin="clean/barge-in",
        notes="The app passes over the interruption, and the player plays what it has to the end.",
        unflushed_s=60.0,
    ),
    replace(
        RECEPTION,
        folder=FOLDER,
        name="flushed-late",
        twin="clean/reception",
        notes="The player is flushed 700 ms after the truncation that the app itself sends.",
        unflushed_s=0.7,
    ),
)
