"""protocol-slip and provider-error: a rule of the provider is broken, or the provider says so itself."""

from __future__ import annotations

from dataclasses import replace

from recipe.scenes_clean import CARDS, HELPDESK
from recipe.scenes_connect import CALLER
from recipe.scenes_unflushed import RECEPTION
from recipe.slips import snake_case_server, token_on_key_endpoint, truncate_by_the_clock, update_refused

SCENES = (
    replace(
        CALLER,
        folder="token-form",
        name="wrong-method",
        notes="A page connects with an ephemeral token to the method that takes keys only, and is refused.",
        taps_microphone=True,
        wire_damage=token_on_key_endpoint,
    ),
    replace(
        HELPDESK,
        folder="protocol-slip",
        name="snake-case-server",
        twin="clean/helpdesk",
        notes="A proxy between the app and the service writes the protocol's keys in snake_case.",
        lines=HELPDESK.lines[:3],
        wire_damage=snake_case_server,
    ),
    replace(
        RECEPTION,
        folder="protocol-slip",
        name="truncate-by-the-clock",
        twin="clean/reception",
        notes="The app truncates at the time since the call began; the service refuses it.",
        wire_damage=truncate_by_the_clock,
    ),
    replace(
        CARDS,
        folder="provider-error",
        name="update-refused",
        twin="clean/cards",
        notes="The session's update names a voice that does not exist; the app goes on without its instructions.",
        lines=CARDS.lines[:3],
        wire_damage=update_refused,
    ),
)
