"""The chunks that a page's audio thread sends, as `web/worklet.js` cuts them."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from math import isfinite
from typing import Final

from voicediag.errors import InputError

_HEAD: Final = struct.Struct("<IIdddI4x")
# A worklet of ours sends 1,024 frames at a time.
MOST_FRAMES: Final = 1 << 16
# As far as a float counts every whole number.
_LAST_FRAME: Final = float(1 << 53)
WIDTH: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A stretch of sound with its times.

    Attributes
    ----------
    frame : int
        Its first frame, by the audio context's clock.
    wall_ms, sent_ms : float
        Milliseconds since 1970 by the browser: when the audio thread had filled it, and when the Worker sent it.
    mic, played : bytes
        16-bit little-endian; `played` is empty where only the microphone is recorded.
    """

    sequence: int
    frame: int
    frames: int
    wall_ms: float
    sent_ms: float
    mic: bytes
    played: bytes


def parse(data: bytes) -> Chunk:
    """Return the chunk that a message holds.

    Raises
    ------
    InputError
        Where its head does not fit what follows.
    """
    if len(data) < _HEAD.size:
        raise InputError(expected=f"a head of {_HEAD.size} bytes", got=f"{len(data)} bytes")
    sequence, frames, frame, wall_ms, sent_ms, has_played = _HEAD.unpack_from(data)
    size = frames * WIDTH
    if not 0 < frames <= MOST_FRAMES or len(data) != _HEAD.size + size * (2 if has_played else 1):
        raise InputError(expected="as many samples as the head says", got=f"{frames} frames in {len(data)} bytes")
    # NaN and infinity fail the comparison.
    if not 0 <= frame < _LAST_FRAME or not isfinite(wall_ms) or not isfinite(sent_ms):
        raise InputError(expected="a frame and two times", got=f"{frame:g}, {wall_ms:g}, {sent_ms:g}")
    return Chunk(
        sequence=sequence,
        frame=int(frame),
        frames=frames,
        wall_ms=wall_ms,
        sent_ms=sent_ms,
        mic=data[_HEAD.size : _HEAD.size + size],
        played=data[_HEAD.size + size :],
    )
