"""browser-processing: a page that asked for the microphone as it is, and what it was given."""

from __future__ import annotations

from dataclasses import replace

from recipe.damages import gained
from recipe.places import BEDROOM
from recipe.script import Scene, User

# What Chromium's own made of speech at -40 dBFS in a fake device: -28.7 dBFS.
AUTOMATIC_GAIN_DB = 10.9
MEMO = Scene(
    folder="clean",
    name="voice-memo",
    notes="A quiet talker, recorded by a page that was granted the microphone as it is.",
    place=BEDROOM,
    speech_db=-34,
    floor_db=-64,
    seed=71,
    first_s=0.6,
    tail_s=0.5,
    granted={},
    lines=(User(say=("allison/please-try-call-later",), heard=""),),
)
SCENES = (
    replace(
        MEMO,
        folder="browser-processing",
        name="gain-control",
        twin="clean/voice-memo",
        notes="The browser put its gain control on, though it was asked not to.",
        granted={"autoGainControl": True},
        damage=gained(AUTOMATIC_GAIN_DB),
    ),
)
CLEAN = (MEMO,)
