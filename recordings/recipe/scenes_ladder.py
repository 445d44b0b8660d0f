"""Thirty-nine gaps in six minutes, each of which only a cushion would have hidden, and the same call without them."""

from __future__ import annotations

from dataclasses import replace

from recipe.script import Agent, Scene

# How late the sound of a number is at one chunk, or at two, in ms, and how many numbers are so: 39 gaps of 1.79 s in
# all, for a player that has waited does not wait again, and nothing between 60 and 140 ms.
LATE_MS = {(30, 60): 15, (60,): 1, (50,): 1, (40,): 2, (140,): 5}
LATE = [late_ms for late_ms, times in LATE_MS.items() for _ in range(times)]
# Neither the long ones nor the short ones one after the other.
ORDER = [7 * number % len(LATE) for number in range(len(LATE))]
NUMBERS = [100 + 137 * number % 900 for number in range(len(LATE))]
PLACES = (3, 7)
WAIT_S = 13.7
DRILL = Scene(
    folder="clean",
    name="number-drill",
    notes="An agent reads out numbers for six minutes, each when the app asks for it; its sound comes in real time.",
    instructions="Read the next number.",
    voice="flite-slt",
    cushion_s=0.0,
    in_real_time=True,
    only_received=True,
    lines=tuple(Agent(text=f"Number {number}.", wait_s=WAIT_S, prompted=True) for number in NUMBERS),
)
SCENES = (
    replace(
        DRILL,
        folder="starved-playback",
        name="gap-ladder",
        twin="clean/number-drill",
        notes="A player with an empty queue, and sound that comes up to 140 ms late.",
        lines=tuple(
            replace(line, stalls=tuple((at, ms / 1_000) for at, ms in zip(PLACES, LATE[order], strict=False)))
            for line, order in zip(DRILL.lines, ORDER, strict=True)
            if isinstance(line, Agent)
        ),
    ),
)
CLEAN = (DRILL,)
