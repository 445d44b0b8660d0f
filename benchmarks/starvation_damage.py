"""The eight ways in which a player starves, planted in sound at known samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
from numpy.random import Generator

from voicediag.session import Samples

Kind = Literal["zeros", "held", "faded", "comfort", "lost", "blanked", "repeated", "swapped"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
LATE: Final = frozenset({"zeros", "held", "faded", "comfort"})
NEVER: Final = frozenset({"lost", "blanked"})
FADE_S = 0.005
COMFORT_DBFS = (-62.0, -48.0)


@dataclass(frozen=True)
class Damage:
    """One place at which what was played is not what came.

    Attributes
    ----------
    kind : str
        `zeros`, `held`, `faded`, `comfort`: put in while nothing had come; the sound goes on after it where it stopped.
        `lost`: left out, and the time closed up. `blanked`: left out, zeros in its place. `repeated`: heard twice.
        `swapped`: two chunks of this length in the wrong order.
    received_s, played_s : tuple of float
        Begin and end on each clock; they are equal where one of the two has nothing of it.
    length_s : float
        How long the gap or the chunk is.
    """

    kind: Kind
    received_s: tuple[float, float]
    played_s: tuple[float, float]
    length_s: float

    @property
    def is_late(self) -> bool | None:
        """Whether the sound came later; None where it is neither late nor lost."""
        return True if self.kind in LATE else False if self.kind in NEVER else None


@dataclass(frozen=True)
class Planted:
    """A piece to be played in place of a stretch of the received sound.

    `begins` is where the damage begins in the piece, `length` how long it is there.
    """

    piece: Samples
    begins: int
    length: int
    received: tuple[int, int]


def plant(kind: Kind, sound: Samples, at: int, size: int, *, rate_hz: int, random: Generator) -> Planted:
    """Return what is played of `sound` from `at` on in place of `taken(kind, size)` samples."""
    match kind:
        case "zeros":
            return Planted(np.zeros(size, np.float32), 0, size, (at, at))
        case "held":
            return Planted(np.full(size, sound[at - 1], np.float32), 0, size, (at, at))
        case "faded":
            edge = round(FADE_S * rate_hz)
            dying = sound[at - 1] * np.linspace(1, 0, edge, dtype=np.float32)[:size]
            soft = sound[at : at + edge] * np.linspace(0, 1, edge, dtype=np.float32)
            return Planted(np.concatenate((dying, np.zeros(size - dying.size, np.float32), soft)), 0, size, (at, at))
        case "comfort":
            level = 10 ** (random.uniform(*COMFORT_DBFS) / 20)
            return Planted((level * random.standard_normal(size)).astype(np.float32), 0, size, (at, at))
        case "lost":
            return Planted(np.zeros(0, np.float32), 0, 0, (at, at + size))
        case "blanked":
            return Planted(np.zeros(size, np.float32), 0, size, (at, at + size))
        case "repeated":
            chunk = sound[at : at + size]
            return Planted(np.concatenate((chunk, chunk)), size, size, (at, at + size))
        case "swapped":
            first, second = sound[at : at + size], sound[at + size : at + 2 * size]
            return Planted(np.concatenate((second, first)), 0, 2 * size, (at, at + 2 * size))


def taken(kind: Kind, size: int, *, rate_hz: int) -> int:
    """Return how many samples of the received sound a damage takes with it."""
    match kind:
        case "lost" | "blanked" | "repeated":
            return size
        case "swapped":
            return 2 * size
        case "faded":
            return round(FADE_S * rate_hz)
        case _:
            return 0
