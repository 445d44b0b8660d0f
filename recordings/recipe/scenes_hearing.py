"""false-start and early-endpoint: the provider mishears where the user starts and ends. And the same, heard well."""

from __future__ import annotations

from dataclasses import replace

from recipe import cuts
from recipe.scenes_clean import CARDS, GEMINI, OPENAI, PARCEL
from recipe.script import Agent, Ghost, Scene, User

DICTATION = Scene(
    folder="clean",
    name="dictation",
    notes="A caller stops to think in the middle of a sentence.",
    provider=OPENAI,
    instructions="Take down the caller's number and read it back.",
    speech_db=-20,
    seed=81,
    lines=(
        Agent(text="Which number should I call?", wait_s=1.0, prompted=True),
        User(
            say=("allison/vm-num-i-have", "allison/is", *(f"allison/digits/{digit}" for digit in (3, 7, 4))),
            heard="The number I have is 3 7 4.",
            pause=(2, 0.36),
        ),
        Agent(text="Calling three seven four."),
    ),
)
READING = Scene(
    folder="clean",
    name="pausing-reader",
    notes="A learner reads on after a pause.",
    provider=GEMINI,
    seed=82,
    lines=(
        Agent(text="Please read the cards.", wait_s=1.0, prompted=True),
        User(say=("cards/001", "cards/002"), heard="Ten of clubs, four, queen of clubs.", pause=(1, 0.4)),
        Agent(text="Very good."),
    ),
)
CLEAN = (DICTATION, READING)
FALSE_STARTS = (
    replace(
        CARDS,
        folder="false-start",
        name="nobody-spoke",
        twin="clean/cards",
        notes="The service hears a start while the agent speaks and the player is silent; the answer is cut off.",
        lines=(
            *CARDS.lines[:4],
            replace(CARDS.lines[4], stop_s=1.03),
            Ghost(during_s=0.8),
            Agent(text="I am sorry, go on.", wait_s=1.1),
        ),
    ),
    replace(
        PARCEL,
        folder="false-start",
        name="interrupted-by-nobody",
        twin="clean/parcel",
        notes="Gemini Live tells of an interruption in the middle of an answer; the microphone holds only its room.",
        options={},
        lines=(
            PARCEL.lines[0],
            Agent(text="Your parcel left the depot this morning, and should be there before six.", stop_s=2.2),
            Ghost(during_s=1.9, lasts_s=0.3),
            Agent(text="As I said, before six.", wait_s=1.4),
        ),
    ),
)
EARLY = (
    replace(
        DICTATION,
        folder="early-endpoint",
        name="silence-80ms",
        twin="clean/dictation",
        notes="80 ms of silence end the turn, so that a pause in the middle of a sentence does.",
        options={"silence_duration_ms": 80},
        wire_damage=cuts.openai(80),
    ),
    replace(
        READING,
        folder="early-endpoint",
        name="answered-in-a-pause",
        twin="clean/pausing-reader",
        notes="The turn is over in the reader's pause; its answer is interrupted before a sound of it came.",
        options={"realtimeInputConfig": {"automaticActivityDetection": {"silenceDurationMs": 100}}},
        wire_damage=cuts.gemini,
    ),
)
