"""Hands a conversation's sound and messages to a gauge on another thread, and tells what it says a few times a second.

The conversation never waits for it. What a gauge does not keep up with is left out of its numbers, and that is said in
the session; the recording has it all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from voicediag.live.talk.gauge import Gauge
    from voicediag.protocols.events import Event

EVERY_S: Final = 0.2
# Ten seconds of chunks, and of messages far more than come in them.
MOST_SOUNDS: Final = 500
MOST_EVENTS: Final = 5_000
BEHIND: Final = "the meters shown did not keep up: a stretch is missing in what they showed"


@dataclass(slots=True, kw_only=True)
class Watching:
    """What waits for a gauge.

    Parameters
    ----------
    gauge : Gauge
    tell : callable
        Takes what it says.
    problem : callable
        Takes what went wrong.
    """

    gauge: Gauge
    tell: Callable[[Mapping[str, Any]], None]
    problem: Callable[[str], None]
    _sounds: list[tuple[bytes, bytes]] = field(default_factory=list)
    _events: list[tuple[Event, float]] = field(default_factory=list)
    _marks: list[float] = field(default_factory=list)

    def sound(self, mic: bytes, played: bytes) -> None:
        """Take a stretch of both tracks."""
        if len(self._sounds) < MOST_SOUNDS:
            self._sounds.append((mic, played))
        else:
            self.problem(BEHIND)

    def meant(self, event: Event, at_s: float) -> None:
        """Take what a message meant."""
        if len(self._events) < MOST_EVENTS:
            self._events.append((event, at_s))
        else:
            self.problem(BEHIND)

    def marked(self, at_s: float) -> None:
        """Take a moment that the user marked."""
        if len(self._marks) < MOST_EVENTS:
            self._marks.append(at_s)

    async def run(self) -> None:
        """Ask the gauge, again and again; a gauge that fails ends this and nothing else."""
        while True:
            await asyncio.sleep(EVERY_S)
            waiting = (self._sounds, self._events, self._marks)
            self._sounds, self._events, self._marks = [], [], []
            try:
                self.tell(await asyncio.to_thread(self._read, *waiting))
            except Exception as error:  # noqa: BLE001 - a number that cannot be shown must not end a conversation
                self.problem(f"the meters shown stopped: {type(error).__name__}: {error}")
                return

    def _read(
        self, sounds: list[tuple[bytes, bytes]], events: list[tuple[Event, float]], marks: list[float]
    ) -> Mapping[str, Any]:
        if sounds:
            mic, played = (b"".join(sound) for sound in zip(*sounds, strict=True))
            self.gauge.sound(mic, played)
        for event, at_s in events:
            self.gauge.meant(event, at_s)
        for at_s in marks:
            self.gauge.marked(at_s)
        return self.gauge.state()
