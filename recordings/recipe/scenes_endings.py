"""The connection ends in the middle of a talk: announced or not, by its time, by a break, by the client itself."""

from __future__ import annotations

from dataclasses import replace

from recipe.endings import dropped, expiry, go_away, handed_over
from recipe.script import Agent, Scene, User

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
        User(say=("allison/auth-thankyou",), heard="Thank you.", after_s=1.4),
    ),
    tail_s=1.0,
    wire_damage=handed_over(9.5),
)
SCENES = (
    replace(
        HANDOVER,
        folder="unheeded-goaway",
        name="closed-1011",
        twin="clean/handover",
        notes="The app makes nothing of the notice; the caller goes on talking into a closed connection.",
        tail_s=2.0,
        taps_microphone=True,
        wire_damage=go_away(4.0),
    ),
    replace(
        HANDOVER,
        folder="session-limit",
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
    replace(
        HANDOVER,
        folder="dropped-connection",
        name="broken-1006",
        twin="clean/handover",
        notes="The line breaks; the app notices nothing and the caller goes on talking.",
        tail_s=2.0,
        taps_microphone=True,
        wire_damage=dropped(up=False, code=1006, reason="connection lost"),
    ),
    replace(
        HANDOVER,
        folder="dropped-connection",
        name="ping-timeout",
        twin="clean/handover",
        notes="The client's own ping timeout runs out, and it closes the connection.",
        tail_s=2.0,
        taps_microphone=True,
        wire_damage=dropped(up=True, code=1011, reason="keepalive ping timeout"),
    ),
)
