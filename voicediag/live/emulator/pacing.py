"""How a reply's sound and words lie in time: its chunks, paced on absolute moments, and what faults do to them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from voicediag.live.emulator.clips import Pcm, at_rate

if TYPE_CHECKING:
    import random

    from voicediag.live.emulator.faults import Faults

# What `wrong-rate` sends of each three samples that it declares: 16 kHz as 24 kHz.
SENT, DECLARED = 2, 3
# One chunk in this many never comes.
LOST_ONE_IN = 10
# A stall begins this far into a reply: some sound must have been played before, so that it is heard as a gap.
STALL_AT = 0.3
WORDS_A_PIECE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A message's sound, sent `after_s` the reply began."""

    after_s: float
    samples: Pcm


def chunks_of(
    pcm: Pcm, *, rate_hz: int, chunk_ms: int, speed: float, faults: Faults, lot: random.Random
) -> list[Chunk]:
    """Return a clip in chunks.

    Parameters
    ----------
    pcm : int16, shape (frames,)
        At 24 kHz.
    rate_hz : int
        What the chunks are declared to have.
    chunk_ms, speed : int, float
        As in `Scenario`.
    lot : random.Random
        What faults draw from.
    """
    sound = at_rate(pcm, rate_hz * SENT // DECLARED if "wrong-rate" in faults else rate_hz)
    frames = rate_hz * chunk_ms // 1000
    held_s = faults.seconds("jittery-chunks")
    slow_s = faults.seconds("slow-sound")
    speed = speed if held_s is None else 1.0
    speed = speed if slow_s is None else 1 / (1 + slow_s)
    chunks = [
        Chunk(after_s=start / rate_hz / speed, samples=sound[start : start + frames])
        for start in range(0, sound.size, frames)
    ]
    if "never-chunks" in faults and len(chunks) > 2:
        lost = set(lot.sample(range(1, len(chunks) - 1), max(1, len(chunks) // LOST_ONE_IN)))
        chunks = [chunk for number, chunk in enumerate(chunks) if number not in lost]
    chunks = chunks if held_s is None else _held_up(chunks, held_s, lot)
    stall_s = faults.seconds("late-chunks")
    return chunks if stall_s is None else _stalled(chunks, stall_s)


def pieces_of(text: str, duration_s: float) -> list[tuple[float, str]]:
    """Return a transcript in pieces, each with the moment within the sound at which it comes."""
    words = text.split()
    groups = [words[start : start + WORDS_A_PIECE] for start in range(0, len(words), WORDS_A_PIECE)]
    return [
        (duration_s * number / len(groups), (" " if number else "") + " ".join(group))
        for number, group in enumerate(groups)
    ]


def _held_up(chunks: list[Chunk], most_s: float, lot: random.Random) -> list[Chunk]:
    """Return chunks each of which is held up; none overtakes another."""
    # The cube of a lot: most are hardly late, a few are by all of it.
    held = accumulate((chunk.after_s + most_s * lot.random() ** 3 for chunk in chunks), max)
    return [Chunk(after_s=after_s, samples=chunk.samples) for after_s, chunk in zip(held, chunks, strict=True)]


def _stalled(chunks: list[Chunk], stall_s: float) -> list[Chunk]:
    """Return chunks with those of a stall sent all at once at its end."""
    if not chunks:
        return chunks
    begin_s = chunks[-1].after_s * STALL_AT
    end_s = begin_s + stall_s
    return [
        Chunk(after_s=end_s, samples=chunk.samples) if begin_s < chunk.after_s < end_s else chunk for chunk in chunks
    ]
