"""self-hearing-loop: the agent hears itself, believes that the user spoke, and answers."""

from __future__ import annotations

from dataclasses import replace

from recipe.scenes_clean import COOKING, HOTEL
from recipe.script import Agent, Echo, Path

FOLDER = "self-hearing-loop"
SCENES = (
    replace(
        COOKING,
        folder=FOLDER,
        name="kitchen",
        twin="clean/cooking",
        notes="A cooking assistant on a tablet: its loudspeaker leaks into the microphone and it answers itself.",
        path=Path(delay_ms=122.0, erl_db=14.0),
        lines=(
            COOKING.lines[0],
            # Stopped after "garlic" and after "finely", as heard.
            Agent(text="Mince two cloves of garlic, then warm some oil.", stop_s=1.63),
            Echo(heard="Mince 2 cloves of garlic."),
            Agent(text="Yes, mince two cloves of garlic very finely, please.", stop_s=2.54),
            Echo(heard="Yes, mince 2 cloves of garlic very finely."),
            Agent(text="Very finely, then slice one large onion."),
            Echo(heard="Very finely, then slice 1 large onion."),
            Agent(text="Right, slice one large onion."),
        ),
        tail_s=0.4,
    ),
    replace(
        HOTEL,
        folder=FOLDER,
        name="hotel",
        twin="clean/hotel",
        notes="A hotel's kiosk that is not to be interrupted: each of its sentences comes back as the guest's.",
        path=Path(delay_ms=64.0, erl_db=10.0),
        lines=(
            HOTEL.lines[0],
            Agent(text="Your room is ready from three o'clock."),
            Echo(heard="Your room is ready from 3 o'clock."),
            Agent(text="Perfect, three o'clock. Will you need parking for two cars?", wait_s=1.15),
            Echo(heard="Perfect, 3 o'clock. Will you need parking for 2 cars?"),
            Agent(text="We have parking for two cars.", wait_s=1.15),
            Echo(heard="We have parking for 2 cars."),
            Agent(text="Two cars, very well.", wait_s=1.15),
        ),
        tail_s=0.4,
    ),
)
