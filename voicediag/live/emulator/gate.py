"""Whether the user speaks: a level gate over what comes in, which stands in for the provider's voice detection.

Its clock is the sound itself: milliseconds of all sound that was sent, as providers count them. A client that stops
sending therefore never stops speaking, which is what the real services do as well.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from voicediag.live.emulator.scenario import Vad
    from voicediag.session import Samples

FRAME_MS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Speech started or stopped, this far into the sound that was sent."""

    kind: Literal["started", "stopped"]
    audio_ms: int


@dataclass(slots=True)
class Gate:
    """A level gate for one user.

    Parameters
    ----------
    vad : Vad
    rate_hz : int
        Of the samples that are pushed.
    """

    vad: Vad
    rate_hz: int
    speaking: bool = False
    _frames: int = 0
    _loud_ms: int = 0
    _quiet_ms: int = 0
    _rest: Samples = field(default_factory=lambda: np.zeros(0, np.float32))

    @property
    def audio_ms(self) -> int:
        """How much sound was looked at so far."""
        return self._frames * 1000 // self.rate_hz

    def push(self, samples: Samples) -> list[Heard]:
        """Return what happened in these samples, float32, shape (frames,)."""
        width = self.rate_hz * FRAME_MS // 1000
        sound = np.concatenate((self._rest, samples)) if self._rest.size else samples
        whole = sound.size - sound.size % width
        self._rest = sound[whole:]
        levels = np.sqrt(np.mean(np.square(sound[:whole].reshape(-1, width)), axis=1))
        heard = []
        for level in levels:
            self._frames += width
            if said := self._step(float(level)):
                heard.append(said)
        return heard

    def end(self) -> list[Heard]:
        """Return that speech has stopped, if it had started: the stream ends here."""
        self._loud_ms = 0
        self._quiet_ms = 0
        if not self.speaking:
            return []
        self.speaking = False
        return [Heard(kind="stopped", audio_ms=self.audio_ms)]

    def _step(self, level: float) -> Heard | None:
        if 20 * math.log10(max(level, 1e-9)) >= self.vad.threshold_dbfs:
            self._loud_ms += FRAME_MS
            self._quiet_ms = 0
            return self._started() if not self.speaking and self._loud_ms >= self.vad.onset_ms else None
        self._quiet_ms += FRAME_MS
        if not self.speaking:
            self._loud_ms = 0
            return None
        return self.end()[0] if self._quiet_ms >= self.vad.silence_ms else None

    def _started(self) -> Heard:
        self.speaking = True
        return Heard(kind="started", audio_ms=max(0, self.audio_ms - self._loud_ms - self.vad.prefix_ms))
