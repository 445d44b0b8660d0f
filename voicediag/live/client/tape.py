"""What a client writes its session to, as it happens."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from voicediag.live.recorder import Moment
    from voicediag.live.recording import Call, Recording
    from voicediag.protocols.events import Audio
    from voicediag.session import PlaybackEvent
    from voicediag.session.events import Direction


class Tape(Protocol):
    """Takes down a session; a `Recorder` is one."""

    def message(self, direction: Direction, data: str | bytes, at: Moment) -> None:
        """Take a message as it passed."""
        ...

    def tapped(self, sound: Audio, at: Moment) -> None:
        """Take sound of a device."""
        ...

    def played(self, event: PlaybackEvent) -> None:
        """Take what the player did."""
        ...

    def closed_by(self, direction: Direction, code: int, reason: str, at: Moment) -> None:
        """Take who closed the connection, and why."""
        ...


@dataclass(slots=True)
class CallTape:
    """Takes a session down in the recorder's own process."""

    recording: Recording
    call: Call
    _part: int = 1
    _first: int | None = 0

    def message(self, direction: Direction, data: str | bytes, at: Moment) -> None:
        """Take a message as it passed."""
        self.recording.message(self.call, direction, data, at)

    def tapped(self, sound: Audio, at: Moment) -> None:
        """Take sound of a device."""
        self.recording.tapped(self.call, sound, at)

    def played(self, event: PlaybackEvent) -> None:
        """Take what the player did; in the folder after a crash, frames are counted from the first that is in it."""
        if self.call.part != self._part:
            self._part, self._first = self.call.part, None
        if self._first is None and event.event == "queued":
            self._first = event.frame
        if self._first is not None and event.frame >= self._first:
            self.recording.played(self.call, replace(event, frame=event.frame - self._first))

    def closed_by(self, direction: Direction, code: int, reason: str, at: Moment) -> None:
        """Take who closed the connection, and why."""
        self.recording.connection_closed(self.call, direction, code, reason, at)
