"""self-hearing-loop: the agent hears itself, believes that the user spoke, and answers."""

from __future__ import annotations

from recipe.places import KITCHEN
from recipe.script import Agent, Echo, Path, Scene, User

KITCHEN_LOOP = Scene(
    folder="self-hearing-loop",
    name="kitchen",
    notes="A cooking assistant on a tablet: its loudspeaker leaks into the microphone and it answers itself.",
    instructions="You are a cooking assistant. When the cook says hello, read the first step.",
    place=KITCHEN,
    speech_db=-25,
    floor_db=-62,
    path=Path(delay_ms=122.0, erl_db=14.0),
    seed=11,
    lines=(
        User(say=("allison/hello",), heard="Hello."),
        Agent(text="Mince two cloves of garlic, then warm some oil.", stop_s=1.63),
        Echo(heard="Mince 2 cloves of garlic."),
        Agent(text="Yes, mince two cloves of garlic very finely, please.", stop_s=2.54),
        Echo(heard="Yes, mince 2 cloves of garlic very finely."),
        Agent(text="Very finely, then slice one large onion."),
        Echo(heard="Very finely, then slice 1 large onion."),
        Agent(text="Right, slice one large onion."),
    ),
    tail_s=0.4,
)

SCENES = (KITCHEN_LOOP,)
