"""slow-turn: the agent answers, and takes too long: for the VAD, for a tool, for the model."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from recipe.scenes_clean import DIRECTORY, HOTEL
from recipe.scenes_tools import BEGINNING, TIMETABLE
from recipe.script import Agent, Line
from recipe.tool_calls import Gemini, answered
from recipe.wire_damages import OnTheWire
from voicediag.spans import Span

if TYPE_CHECKING:
    from recipe.messages import Message
    from recipe.script import Moments, WireDamage

FOLDER = "slow-turn"
SILENCE_S, TOOL_S, MODEL_S = 2.4, 4.2, 3.8


def late(*turns: int, part: str, part_s: float, before: WireDamage | None = None) -> WireDamage:
    """Say which of the user's turns were answered late, and what took so long; `before` may change the wire."""

    def change(messages: list[Message], at: Moments) -> OnTheWire:
        passed = before(messages, at).messages if before else messages
        spans = tuple(Span(at.user[turn].end_s, at.agent[turn].start_s) for turn in turns)
        longest_ms = round(max(span.duration_s for span in spans) * 1_000, 1)
        sizes = {"turns": len(turns), "audio_ms": longest_ms, part: round(part_s * 1_000, 1)}
        return OnTheWire(messages=passed, spans=spans, sizes=sizes)

    return change


def waiting(lines: tuple[Line, ...], wait_s: float, *only: int) -> tuple[Line, ...]:
    """Return the lines with the agent's waits changed, of all of its turns or of those that are named."""
    return tuple(
        replace(line, wait_s=wait_s) if isinstance(line, Agent) and (not only or index in only) else line
        for index, line in enumerate(lines)
    )


SCENES = (
    replace(
        HOTEL,
        folder=FOLDER,
        name="vad-waits",
        twin="clean/hotel",
        notes="The VAD waits for 2.4 s of silence before each answer.",
        lines=waiting(HOTEL.lines, SILENCE_S + 0.45),
        options={**HOTEL.options, "silence_duration_ms": round(SILENCE_S * 1_000)},
        wire_damage=late(0, 1, 2, part="vad_wait_ms", part_s=SILENCE_S + 0.02),
    ),
    replace(
        TIMETABLE,
        folder=FOLDER,
        name="tool-takes-long",
        twin="clean/timetable",
        notes="The app asks a slow server for the next bus, and nobody says a word meanwhile.",
        lines=(*BEGINNING, Agent(text="The next bus leaves in four minutes.", wait_s=TOOL_S + 1.1)),
        wire_damage=late(1, part="tool_ms", part_s=TOOL_S, before=answered(Gemini, user_turn=1, tool_s=TOOL_S)),
    ),
    replace(
        DIRECTORY,
        folder=FOLDER,
        name="model-takes-long",
        twin="clean/directory",
        notes="The model takes 3.3 s over one of its answers.",
        lines=waiting(DIRECTORY.lines, MODEL_S, 3),
        wire_damage=late(1, part="first_chunk_ms", part_s=MODEL_S - 0.52),
    ),
)
