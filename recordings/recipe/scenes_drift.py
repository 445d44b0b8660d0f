"""clock-drift: a player that runs faster than what it is given, and the same talk on one clock."""

from __future__ import annotations

from dataclasses import replace

from recipe.script import Agent, Scene

TALK = Scene(
    folder="clean",
    name="safety-talk",
    notes="An agent gives instructions, each when the app asks for it; what it plays is tapped as well.",
    instructions="Read the next instruction.",
    voice="flite-slt",
    in_real_time=True,
    only_received=True,
    player_ppm=0.0,
    lines=tuple(
        Agent(text=text, wait_s=3.0, prompted=True)
        for text in (
            "Please keep the gangway clear at all times.",
            "Life jackets are under your seats.",
            "In case of fire, walk to the nearest exit.",
            "Do not use the lifts.",
            "Wait for the crew before you leave the boat.",
        )
    ),
)
SCENES = (
    replace(
        TALK,
        folder="clock-drift",
        name="fast-player",
        twin="clean/safety-talk",
        notes="What the player got was resampled for a clock that it does not have.",
        player_ppm=200.0,
    ),
)
CLEAN = (TALK,)
