"""unanswered-tool-call, and the same calls answered: the model asks the app for something and waits."""

from __future__ import annotations

from dataclasses import replace

from recipe.script import Agent, Scene, User
from recipe.tool_calls import Gemini, OpenAI, answered, answered_after_cancel, never_answered, never_asked

FOLDER = "unanswered-tool-call"
BEGINNING = (
    User(say=("allison/hello",), heard="Hello."),
    Agent(text="Hello, this is the bus line."),
    User(say=("allison/please-try-again",), heard="Please try again."),
)
# A call that goes wrong needs no greeting.
ASKED = BEGINNING[2:]
# The answer waits for the tool.
END = (Agent(text="The next bus leaves in four minutes.", wait_s=1.9),)

TIMETABLE = Scene(
    folder="clean",
    name="timetable",
    notes="A caller asks for the next bus; the model asks the app, which answers at once.",
    seed=51,
    lines=(*BEGINNING, *END),
    wire_damage=answered(Gemini, user_turn=1),
)
BUS_STOP = replace(
    TIMETABLE,
    name="bus-stop",
    provider="openai-realtime",
    voice="flite-slt",
    seed=52,
    lines=(*BEGINNING, replace(END[0], prompted=True)),
    wire_damage=answered(OpenAI, user_turn=1),
)
CLEAN = (TIMETABLE, BUS_STOP)
SCENES = (
    replace(
        TIMETABLE,
        folder=FOLDER,
        name="handler-threw",
        twin="clean/timetable",
        notes="The tool's handler threw, and the app sends no answer: the model waits for it and says nothing.",
        lines=ASKED,
        tail_s=12.0,
        wire_damage=never_answered(user_turn=0),
    ),
    replace(
        TIMETABLE,
        folder=FOLDER,
        name="after-cancel",
        twin="clean/timetable",
        notes="The caller speaks on, the model cancels its call, and the app answers it 1.2 s later.",
        lines=(*ASKED, User(say=("allison/one-moment-please",), heard="One moment, please.", after_s=1.4), *END),
        wire_damage=answered_after_cancel(user_turn=0, late_s=1.2),
    ),
    replace(
        BUS_STOP,
        folder=FOLDER,
        name="no-response-create",
        twin="clean/bus-stop",
        notes="The app sends the tool's output and never asks for a response: the model says nothing.",
        lines=ASKED,
        tail_s=9.0,
        wire_damage=never_asked(user_turn=0),
    ),
)
