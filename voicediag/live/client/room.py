"""A simulated room: a user, a microphone, and the loudspeaker beside it, tick by tick.

It stands where a sound card would, so that a session can be held on a machine that has none, with an echo of known
delay and level, or a microphone that is too weak.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from voicediag.formats.pcm import FULL_SCALE, decode

if TYPE_CHECKING:
    import soxr

    from voicediag.session import Samples

TICK_S: Final = 0.02
# A quiet office into a headset's microphone.
ROOM_DBFS: Final = -62.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """How the microphone hears the loudspeaker.

    Parameters
    ----------
    delay_ms : float
        How much later than it is played.
    erl_db : float
        How much weaker.
    """

    delay_ms: float = 120.0
    erl_db: float = 14.0


@dataclass(slots=True)
class Room:
    """A room in which one user speaks.

    Parameters
    ----------
    mic_hz, speaker_hz : int
        Rates of what the microphone gives and of what the loudspeaker is given.
    user : float32, shape (frames,)
        What the user says, at `mic_hz`, from the beginning of the session on.
    repeats : bool
        Whether the user says it again and again.
    echo : Echo, optional
    gain : float
        Of the microphone.
    """

    mic_hz: int
    speaker_hz: int
    user: Samples
    repeats: bool = False
    echo: Echo | None = None
    gain: float = 1.0
    room_dbfs: float = ROOM_DBFS
    _to_mic: soxr.ResampleStream = field(init=False, repr=False)
    _air: Samples = field(init=False, repr=False)
    _ticks: int = 0
    _random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(20_261_121))

    def __post_init__(self) -> None:
        """Lay the way from the loudspeaker to the microphone."""
        import soxr

        delay_ms = self.echo.delay_ms if self.echo else 0.0
        self._air = np.zeros(round(delay_ms * self.mic_hz / 1_000), np.float32)
        self._to_mic = soxr.ResampleStream(self.speaker_hz, self.mic_hz, 1)

    def tick(self, played: bytes) -> bytes:
        """Return what the microphone hears while `played` sounds, both 16-bit and `TICK_S` long."""
        frames = round(TICK_S * self.mic_hz)
        sound = self._random.standard_normal(frames) * 10 ** (self.room_dbfs / 20) + self._said(frames)
        if self.echo:
            sound += self._heard(played, frames) * 10 ** (-self.echo.erl_db / 20)
        self._ticks += 1
        scaled = np.rint(sound * self.gain * FULL_SCALE)
        return np.clip(scaled, -FULL_SCALE, FULL_SCALE - 1).astype("<i2").tobytes()

    def _heard(self, played: bytes, frames: int) -> Samples:
        """Return what of the loudspeaker reaches the microphone in this tick."""
        self._air = np.concatenate((self._air, self._to_mic.resample_chunk(decode(played, "pcm_16"))))
        heard = np.zeros(frames, np.float32)
        heard[: min(frames, self._air.size)] = self._air[:frames]
        self._air = self._air[frames:]
        return heard

    def _said(self, frames: int) -> Samples:
        """Return what the user says in this tick."""
        at, said = self._ticks * frames, np.zeros(frames, np.float32)
        piece = self.user[at % self.user.size if self.repeats and self.user.size else at :][:frames]
        said[: piece.size] = piece
        return said
