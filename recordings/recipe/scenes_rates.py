"""wrong-rate: the app sends what its microphone makes, and declares what the provider asks for."""

from __future__ import annotations

from dataclasses import replace

from recipe.scenes_clean import HELPDESK

SCENES = (
    replace(
        HELPDESK,
        folder="wrong-rate",
        name="24k-as-16k",
        twin="clean/helpdesk",
        notes="The microphone runs at 24 kHz and its samples are declared at 16 kHz; the model understands nothing.",
        sent_hz=24_000,
        deaf=True,
        taps_microphone=True,
    ),
)
