"""silent-connect: the connection stands, the caller speaks, and nothing comes."""

from __future__ import annotations

from dataclasses import replace

from recipe.scenes_clean import HELPDESK
from recipe.script import User
from recipe.wire_damages import never_answered, never_ready, without_model

CALLER = replace(
    HELPDESK,
    folder="silent-connect",
    twin="clean/helpdesk",
    deaf=True,
    first_s=2.2,
    tail_s=5.0,
    lines=(
        User(say=("allison/hello",), heard="Hello."),
        User(say=("allison/something-terribly-wrong",), heard="Something is terribly wrong.", after_s=2.0),
    ),
)
SCENES = (
    replace(
        CALLER,
        name="no-setup-complete",
        notes="The service never agrees to the setup, and the app sends the microphone all the same.",
        wire_damage=never_ready,
    ),
    replace(
        CALLER,
        name="setup-without-model",
        notes="The setup names no model. The service says nothing.",
        wire_damage=without_model,
    ),
    replace(
        CALLER,
        name="unanswered-greeting",
        notes="The app asks for a greeting in a way that this model does not answer, and waits.",
        wire_damage=never_answered(0.2),
    ),
)
