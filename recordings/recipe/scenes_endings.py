"""unheeded-goaway, and a handover: the provider ends the connection in the middle of a talk."""

from __future__ import annotations

from dataclasses import replace

from recipe.endings import expiry, go_away, handed_over
from recipe.script import Agent, Scene, User

FOLDER = "unheeded-goaway"
RESUMABLE: dict[str, object] = {"sessionResumption": {}}

HANDOVER = Scene(
    folder="clean",
    name="handover",
    notes="The provider says that the connection ends; the app opens the next one in time.",
    options=RESUMABLE,
    seed=61,
    lines=(
        User(say=("allison/hello",), heard="Hello."),
        Agent(text="Good evening, this is the box office."),
        User(say=("allison/one-moment-please",), heard="One moment, please."),
        Agent(text="Take your time."),
        User(say=("allison/auth-thankyou",), heard="Thank you.", after_s=1.4),
    ),
    tail_s=1.0,
    wire_damage=handed_over(9.5),
)
SCENES = (
    replace(
        HANDOVER,
        folder=FOLDER,
        name="closed-1011",
        twin="clean/handover",
        notes="The app makes nothing of the notice; the caller goes on talking into a closed connection.",
        tail_s=2.0,
        taps_microphone=True,
        wire_damage=go_away(4.0),
    ),
    replace(
        HANDOVER,
        folder=FOLDER,
        name="expired-1001",
        twin="clean/handover",
        notes="The session reaches its longest duration; the caller goes on talking into a closed connection.",
        provider="openai-realtime",
        voice="flite-slt",
        options={},
        tail_s=2.0,
        taps_microphone=True,
        wire_damage=expiry,
    ),
)
