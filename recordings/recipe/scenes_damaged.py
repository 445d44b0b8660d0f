"""damaged-recording: the conversation was well, the recorder was not."""

from __future__ import annotations

from dataclasses import replace

from recipe.scenes_clean import PARCEL

SCENES = (
    replace(
        PARCEL,
        folder="damaged-recording",
        name="killed-recorder",
        twin="clean/parcel",
        notes="The recorder was killed after six seconds: raw tracks, half a line of the log, nothing closed.",
        killed_s=6.0,
    ),
)
