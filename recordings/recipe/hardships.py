"""What befalls the agent's sound on its way to the loudspeaker: chunks that come late or never, a player that halts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from recipe.voices import AGENT_HZ

if TYPE_CHECKING:
    from recipe.script import Agent
    from recipe.stage import Reply

Chunk = tuple[float, int, int]
# Frames: times are rounded to them.
ROUNDING = 2


def befall(reply: Reply, line: Agent) -> None:
    """Plant what goes wrong in a turn of the agent, and let the player wait where it has nothing to play."""
    if line.lost:
        _lose(reply, line.lost)
    due_s = [at_s for at_s, _, _ in reply.chunks]
    for first, late_s in line.stalls:
        until_s = due_s[first] + late_s
        early, late = reply.chunks[:first], reply.chunks[first:]
        reply.stalls.append((early[-1][0], until_s))
        reply.chunks = [*early, *((max(at_s, until_s), frame, frames) for at_s, frame, frames in late)]
    clock = reply.play_frame
    for at_s, frame, frames in reply.chunks:
        if (dry := round(at_s * AGENT_HZ) - clock) > ROUNDING:
            reply.gaps.append((frame, dry))
            clock += dry
        clock += frames
    if line.halt_s is not None:
        reply.gaps.append((round(line.halt_s[0] * AGENT_HZ), round(line.halt_s[1] * AGENT_HZ)))


def _lose(reply: Reply, lost: tuple[int, ...]) -> None:
    """Take chunks out of a turn, and note where what is left joins."""
    kept: list[Chunk] = []
    sound = []
    for number, (at_s, frame, frames) in enumerate(reply.chunks):
        end = kept[-1][1] + kept[-1][2] if kept else 0
        if number in lost:
            reply.seams += [end] if end not in reply.seams else []
        else:
            kept.append((at_s, end, frames))
            sound.append(reply.samples[frame : frame + frames])
    reply.chunks, reply.samples = kept, np.concatenate(sound)
