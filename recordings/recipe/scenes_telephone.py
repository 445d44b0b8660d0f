"""Calls over Twilio Media Streams: the line and the app are emulated, the voices are not."""

from __future__ import annotations

from dataclasses import replace

from recipe.telephone import Call

TERMS = (
    "I am sorry to hear that. Before we begin I have to tell you about our terms of service, and that takes a while. "
    "Please stay on the line until I have finished."
)
HELPLINE = Call(
    folder="clean",
    name="helpline",
    notes="A caller breaks into a long greeting over the telephone.",
    answers=(
        "Help desk, what can I do for you?",
        TERMS,
        "Weasels? I will open a ticket for you.",
    ),
    says=(("allison/something-terribly-wrong", None), ("allison/tt-weasels", 1.5)),
    seed=91,
)
CALLS = (
    HELPLINE,
    replace(
        HELPLINE,
        folder="echo-leak",
        name="telephone-160ms",
        twin="clean/helpline",
        notes="The caller's loudspeaker is heard on the line: no echo canceller on the way.",
        faults=("speaker-echo=0.16",),
    ),
    replace(
        HELPLINE,
        folder="unflushed-playback",
        name="never-cleared",
        twin="clean/helpline",
        notes="The app answers the caller who broke in and sends Twilio no clear.",
        clears=False,
    ),
)
