"""echo-leak: the loudspeaker in the microphone, loud and soft, near and late."""

from __future__ import annotations

from dataclasses import replace

from recipe.scenes_clean import DRIVE, LIBRARY, PARCEL
from recipe.script import Agent, Echo, Path

FOLDER = "echo-leak"
SCENES = (
    replace(
        LIBRARY,
        folder=FOLDER,
        name="speakerphone-187ms",
        twin="clean/library",
        notes="A speakerphone without echo canceller; its echo is taken for the caller and stops the greeting.",
        path=Path(delay_ms=187.0, erl_db=18.0),
        lines=(
            replace(LIBRARY.lines[0], stop_s=0.95),
            Echo(heard=""),
            Agent(text="Sorry, go ahead.", wait_s=1.1),
            *LIBRARY.lines[1:],
        ),
    ),
    replace(
        PARCEL,
        folder=FOLDER,
        name="double-talk-32db",
        twin="clean/parcel",
        notes="A weak echo, 32 dB down, while the caller talks at the same time.",
        path=Path(delay_ms=140.0, erl_db=32.0),
    ),
    replace(
        DRIVE,
        folder=FOLDER,
        name="car-90ms",
        twin="clean/drive",
        notes="A car's hands-free kit without echo canceller.",
        path=Path(delay_ms=90.0, erl_db=22.0),
    ),
    replace(
        PARCEL,
        folder=FOLDER,
        name="late-640ms",
        twin="clean/parcel",
        notes="A Bluetooth loudspeaker whose queue lies behind the canceller's reference: the echo is too late for it.",
        path=Path(delay_ms=640.0, erl_db=18.0),
    ),
)
