"""starved-capture: the microphone at a tenth of its level, and frames that were lost."""

from __future__ import annotations

from dataclasses import replace

from recipe.damages import buffers_lost, frames_repeated, frames_zeroed, gained
from recipe.scenes_clean import DIRECTORY, HELPDESK, PARCEL
from recipe.script import Path

FOLDER = "starved-capture"
SCENES = (
    replace(
        HELPDESK,
        folder=FOLDER,
        name="tenth-of-level",
        twin="clean/helpdesk",
        notes="The microphone gives a tenth of its level, and its noise floor with it.",
        damage=gained(-20),
    ),
    replace(
        DIRECTORY,
        folder=FOLDER,
        name="second-engine",
        twin="clean/directory",
        notes="The level falls to a tenth when the player's audio engine opens.",
        damage=gained(-20, once_agent_plays=True),
    ),
    replace(
        HELPDESK,
        folder=FOLDER,
        name="zeroed-frames",
        twin="clean/helpdesk",
        notes="Five capture frames of 20 ms a second are missing and filled with zeros.",
        damage=frames_zeroed(5, seed=43),
    ),
    replace(
        DIRECTORY,
        folder=FOLDER,
        name="repeated-frames",
        twin="clean/directory",
        notes="Five capture frames of 20 ms a second hold the frame before once more.",
        damage=frames_repeated(5, seed=44),
    ),
    replace(
        PARCEL,
        folder=FOLDER,
        name="lost-buffers",
        twin="clean/parcel",
        notes="A timer sends from a queue, before which a capture buffer of 10 ms is dropped about once a second.",
        path=Path(delay_ms=187.0, erl_db=18.0),
        damage=buffers_lost(1, seed=45),
    ),
)
