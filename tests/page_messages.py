"""What a page of the recorder sends: its beginning, chunks, its end."""

import struct

import numpy as np

RATE_HZ = 48_000
FRAMES = 1_024


def begin(played="nothing", **more):
    off = {"echoCancellation": False, "noiseSuppression": False, "autoGainControl": False}
    told = {"type": "begin", "rate_hz": RATE_HZ, "played": played, "asked": off, "granted": off}
    return {**told, "device": "a microphone", "browser": "a browser", **more}


def chunk(number, *, played=False, frame=None, wall_ms=None):
    """A chunk whose samples count up from its number on."""
    sound = np.arange(FRAMES, dtype="<i2") + number
    frame = 5_000 + number * FRAMES if frame is None else frame
    wall_ms = 1.8e12 + number * FRAMES / RATE_HZ * 1_000 if wall_ms is None else wall_ms
    head = struct.pack("<IIdddI4x", number, FRAMES, frame, wall_ms, wall_ms + 1, int(played))
    return head + sound.tobytes() + ((-sound).tobytes() if played else b"")


def samples(*numbers):
    """What the track holds of those chunks."""
    return np.concatenate([np.arange(FRAMES, dtype=np.int16) + number for number in numbers])
