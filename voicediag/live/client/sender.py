"""When the microphone's chunks are sent: as they come, or by a sender that sleeps after each one.

A chunk lasts `TICK_S`, and one comes in each. A sender that sleeps as long after each chunk, and a little more, falls
behind without end, though every single interval looks right.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from voicediag.live.client.room import TICK_S

# Ten minutes: a session that falls further behind drops what is oldest.
MOST_WAITING: Final = 30_000


@dataclass(slots=True)
class Sender:
    """Chunks of the microphone on their way out.

    Parameters
    ----------
    overhead_s : float, optional
        How much longer than a chunk it sleeps; None: it sends each chunk when it comes.
    """

    overhead_s: float | None = None
    _waiting: deque[bytes] = field(default_factory=lambda: deque(maxlen=MOST_WAITING))
    _due_s: float = 0.0

    def due(self, sound: bytes, now_s: float) -> Iterator[tuple[float, bytes]]:
        """Take a chunk that came at `now_s`; yield what is sent by then, and when."""
        if self.overhead_s is None:
            yield now_s, sound
            return
        self._waiting.append(sound)
        # A chunk that came when nobody slept is sent at once.
        begins_s = now_s if len(self._waiting) == 1 else self._due_s
        self._due_s = max(self._due_s, begins_s)
        while self._waiting and self._due_s <= now_s:
            yield self._due_s, self._waiting.popleft()
            self._due_s += TICK_S + self.overhead_s
