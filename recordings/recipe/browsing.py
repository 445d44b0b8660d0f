"""What a page's recorder keeps: the microphone alone, and how it was captured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from voicediag.session import CaptureLog

if TYPE_CHECKING:
    from collections.abc import Mapping

ASKED = {"echoCancellation": False, "noiseSuppression": False, "autoGainControl": False}
CHUNK_FRAMES = 1_024
BEGAN_MS = 1_795_168_800_000.0
SENT_MS = 2.0
MS, NANOSECONDS_A_MS = 1_000, 1_000_000


def captured(granted: Mapping[str, bool], frames: int, rate_hz: int, seed: int) -> CaptureLog:
    """Return the log of a capture in chunks that each come some milliseconds after they were full."""
    frame = np.arange(0, frames, CHUNK_FRAMES)
    size = np.minimum(CHUNK_FRAMES, frames - frame)
    full_ms = (frame + size) * MS / rate_hz
    late_ms = np.random.default_rng(seed).uniform(0.5, 3.0, frame.size)
    begin = {
        "rate_hz": rate_hz,
        "played": "nothing",
        "asked": ASKED,
        "granted": {**ASKED, **granted, "sampleRate": 48_000},
    }
    return CaptureLog(
        t_ns=np.round((full_ms + SENT_MS + late_ms) * NANOSECONDS_A_MS).astype(np.int64),
        sequence=np.arange(frame.size),
        frame=frame,
        frames=size,
        wall_ms=np.round(BEGAN_MS + full_ms),
        sent_ms=np.round(BEGAN_MS + full_ms + SENT_MS),
        told=(
            {"t_ns": 0, "begin": begin},
            {"t_ns": round((full_ms[-1] + 10) * NANOSECONDS_A_MS), "end": {"how": "stopped", "chunks": frame.size}},
        ),
    )
