"""What a client hears with and plays through, a stretch of `TICK_S` at a time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from voicediag.live.client.room import TICK_S

if TYPE_CHECKING:
    from voicediag.live.client.room import Room


class Device(Protocol):
    """A microphone and a loudspeaker on one clock.

    Attributes
    ----------
    late_s : float
        From handing sound over to hearing it.
    """

    late_s: float

    def open(self) -> None:
        """Take hold of it."""
        ...

    def begin(self) -> None:
        """Start the clock."""
        ...

    async def exchange(self, played: bytes) -> bytes:
        """Play a stretch, and return what the microphone gave when it was over; both are 16-bit."""
        ...

    def close(self) -> list[str]:
        """End, and return what went wrong with the sound itself."""
        ...


@dataclass(slots=True)
class SimulatedDevice:
    """A simulated room in real time."""

    room: Room
    late_s: float = 0.0
    _began_s: float = 0.0
    _ticks: int = field(default=0)

    def open(self) -> None:
        """Do nothing: there is always room for a simulation."""

    def begin(self) -> None:
        """Start the clock."""
        self._began_s = asyncio.get_running_loop().time()

    async def exchange(self, played: bytes) -> bytes:
        """Return what the room gave.

        Deadlines are absolute: a sleep after every stretch would fall behind by what each of them takes.
        """
        heard = self.room.tick(played)
        self._ticks += 1
        await asyncio.sleep(max(0.0, self._began_s + self._ticks * TICK_S - asyncio.get_running_loop().time()))
        return heard

    def close(self) -> list[str]:
        """Return nothing: a simulation loses no sound."""
        return []
