"""starved-playback and bad-pacing: the agent's voice stops in the middle of what it says."""

from __future__ import annotations

from dataclasses import replace

from recipe.scenes_clean import COOKING, LIBRARY, SOFT_SPEECH
from recipe.script import Agent
from recipe.wire_damages import sleepily

FOLDER = "starved-playback"
GARLIC, FINELY, ONION = (line for line in COOKING.lines if isinstance(line, Agent))
GREETING, QUESTION = (line for line in LIBRARY.lines[:3] if isinstance(line, Agent))
SCENES = (
    replace(
        COOKING,
        folder="bad-pacing",
        name="late-burst",
        twin="clean/cooking",
        notes="Twice nothing comes down for more than a second, and then all of it at once.",
        lines=(
            COOKING.lines[0],
            replace(GARLIC, stalls=((10, 1.4),)),
            COOKING.lines[2],
            replace(FINELY, stalls=((12, 1.2),)),
        ),
    ),
    replace(
        COOKING,
        folder=FOLDER,
        name="dropped-chunks",
        twin="clean/cooking",
        notes="A bounded queue in front of the recorder drops chunks of 80 ms when the burst of a turn fills it.",
        lines=(
            COOKING.lines[0],
            replace(GARLIC, lost=(3, 6, 9, 13, 17, 21)),
            COOKING.lines[2],
            replace(FINELY, lost=(4, 7, 11, 15, 19, 24)),
            *COOKING.lines[4:],
        ),
    ),
    replace(
        LIBRARY,
        folder=FOLDER,
        name="player-halts",
        twin="clean/library",
        notes="The player's callback waits for something else, twice, while the sound lies in its queue.",
        lines=(
            replace(GREETING, halt_s=(1.1, 0.25)),
            LIBRARY.lines[1],
            replace(QUESTION, halt_s=(1.3, 0.4)),
            *LIBRARY.lines[3:],
        ),
    ),
    replace(
        SOFT_SPEECH,
        folder="bad-pacing",
        name="sleeping-sender",
        twin="clean/soft-speech",
        notes="The app sleeps 40 ms after each chunk of 40 ms, and 1.6 ms go by between two sleeps.",
        wire_damage=sleepily(0.04),
    ),
)
