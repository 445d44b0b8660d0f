"""A message of the wire as the dialects write it, before it has its number."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from voicediag.session import AudioRef

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message: when it passed, which way, what it said and, where it does not say so itself, what it is called."""

    at_s: float
    up: bool
    body: Mapping[str, Any]
    audio: AudioRef | None = None
    kind: str = ""


def audio_of(track: Literal["user-sent", "agent-received"], frame: int, frames: int) -> AudioRef:
    """Return where a chunk's sound is."""
    return AudioRef(track=track, frame=frame, frames=frames)


def pieces(text: str, count: int) -> list[str]:
    """Return `text` in at most `count` pieces that join to it again, as transcripts arrive."""
    words = text.split(" ")
    count = max(1, min(count, len(words)))
    edges = [round(number * len(words) / count) for number in range(count + 1)]
    parts = [" ".join(words[a:b]) for a, b in itertools.pairwise(edges)]
    return [part if number == 0 else f" {part}" for number, part in enumerate(parts)]
