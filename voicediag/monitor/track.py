"""A meter for one track: how loud it is now, and how loud its speech and its floor were in the last seconds."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

import numpy as np

from voicediag.measure import find_clipping, level, measure_active_level, noise_floor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from voicediag.session import Samples

NOW_S = 0.2
PAST_S = 8.0
# What is measured over the last seconds changes slowly, and costs more.
SLOWLY_S = 1.0
# House rule: less speech than that has no level yet.
LEAST_SPEECH_S = 1.0


class _Past:
    """The last seconds of a track."""

    def __init__(self, frames: int) -> None:
        self._pieces: deque[Samples] = deque()
        self._most = frames
        self.frames = 0

    def push(self, samples: Samples) -> None:
        """Add samples and forget as many."""
        self._pieces.append(samples[-self._most :])
        self.frames += self._pieces[-1].size
        while self.frames - self._pieces[0].size >= self._most:
            self.frames -= self._pieces.popleft().size

    def last(self, frames: int) -> Samples:
        """Return at most so many of the newest samples."""
        held = np.concatenate(self._pieces) if self._pieces else np.zeros(0, np.float32)
        return np.asarray(held[-frames:], np.float32)


class TrackNow:
    """Measures a track that goes on.

    Parameters
    ----------
    rate_hz : int
    """

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._all, self._alone = (_Past(round(PAST_S * rate_hz)) for _ in range(2))
        self._since = 0
        self._clipped = 0
        self._slow: dict[str, float | None] = {"speech_dbov": None, "floor_dbfs": None}

    def push(self, samples: Samples, *, alone: bool = True) -> None:
        """Take the next samples, float32 in [-1, 1]; `alone` where nobody else is heard in them."""
        self._all.push(samples)
        if alone:
            self._alone.push(samples)
        self._since += samples.size
        if self._since >= SLOWLY_S * self._rate_hz:
            self._measure(min(self._since, self._all.frames))
            self._since = 0

    def read(self) -> Mapping[str, Any]:
        """Return its numbers: linear `rms` and `peak` of now, decibels of the last seconds, clipped samples so far."""
        now = level(self._all.last(round(NOW_S * self._rate_hz)), rate_hz=self._rate_hz)
        return {"rms_dbfs": now.rms_dbfs, "peak_dbfs": now.peak_dbfs, "clipped": self._clipped, **self._slow}

    def _measure(self, new: int) -> None:
        self._clipped += find_clipping(self._all.last(new), rate_hz=self._rate_hz).clipped_samples
        past = self._alone.last(self._alone.frames)
        active = measure_active_level(past, rate_hz=self._rate_hz)
        speech_s = (active.activity_factor or 0.0) * past.size / self._rate_hz
        self._slow = {
            "speech_dbov": active.active_speech_dbov if speech_s >= LEAST_SPEECH_S else None,
            "floor_dbfs": noise_floor(level(past, rate_hz=self._rate_hz)).noise_floor_dbfs,
        }
