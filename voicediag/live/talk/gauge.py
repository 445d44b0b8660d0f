"""What is told of a conversation while it goes on; whoever wires the house says what that is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from voicediag.protocols.events import Event


class Gauge(Protocol):
    """Watches one conversation, on a thread of its own; one call at a time."""

    def sound(self, mic: bytes, played: bytes) -> None:
        """Take a stretch of both tracks, 16-bit and of one length."""
        ...

    def meant(self, event: Event, at_s: float) -> None:
        """Take what a message of the provider meant."""
        ...

    def marked(self, at_s: float) -> None:
        """Take a moment that the user marked."""
        ...

    def state(self) -> Mapping[str, Any]:
        """Return what there is to be told, as JSON."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Judges:
    """What the left tower knows, handed over by a face.

    Parameters
    ----------
    gauge : callable
        Returns a gauge for a rate in Hz and a model.
    check : callable
        Returns what there is to be told of a session folder that is closed, as JSON.
    """

    gauge: Callable[[int, str], Gauge]
    check: Callable[[Path], Mapping[str, Any]]
