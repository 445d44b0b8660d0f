"""A telephone line, 20 ms at a time: what the caller's end sends, and what it plays of what the app sent.

What the app sends is buffered and played in order, in real time. A mark comes back once everything before it was
played; `clear` empties the buffer, and every mark in it comes back at once (Twilio's page on the socket's messages).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from voicediag.formats.pcm import FULL_SCALE, decode
from voicediag.live.emulator.caller import LINE_HZ
from voicediag.live.emulator.clips import encoded, from_float

if TYPE_CHECKING:
    from voicediag.live.emulator.clips import Pcm
    from voicediag.session import Samples

TICK_S: Final = 0.02
FRAMES: Final = round(TICK_S * LINE_HZ)
# An echo canceller that is off: a loudspeaker in the hand or on a desk.
ECHO_ERL_DB: Final = 14.0
# What is played below this is no speech.
LOUD_DBFS: Final = -45.0
# Half an hour; Twilio does not say how much it takes.
MOST_BUFFERED: Final = 30 * 60 * LINE_HZ
# Silence in mu-law.
QUIET: Final = b"\xff"


@dataclass(slots=True)
class Line:
    """The caller's end of a call.

    Parameters
    ----------
    echo_s : float, optional
        How long after it was played the caller's microphone hears the agent; None where it does not.
    room_dbfs : float
        Level of the noise on the line.
    seed : int
    """

    echo_s: float | None = None
    room_dbfs: float = -62.0
    seed: int = 0
    received: int = 0
    played: int = 0
    loud: bool = False
    _buffer: bytearray = field(default_factory=bytearray)
    _marks: deque[tuple[int, str]] = field(default_factory=deque)
    _mouth: deque[Samples] = field(default_factory=deque)
    _echo: Samples = field(init=False, repr=False)
    _random: np.random.Generator = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Lay the way of the echo."""
        # What a tick sends was spoken before it, and what it plays is heard after it.
        self._echo = np.zeros(FRAMES + round((self.echo_s or 0.0) * LINE_HZ), np.float32)
        self._random = np.random.default_rng(self.seed)

    def say(self, samples: Pcm) -> None:
        """Speak, after what is being said."""
        self._mouth += [
            decode(samples[start : start + FRAMES].tobytes(), "pcm_16") for start in range(0, samples.size, FRAMES)
        ]

    def queue(self, sound: bytes) -> None:
        """Take sound to play, mu-law."""
        taken = sound[: max(0, MOST_BUFFERED - len(self._buffer))]
        self._buffer += taken
        self.received += len(taken)

    def mark(self, name: str) -> None:
        """Take a mark, which comes back after the sound before it."""
        self._marks.append((self.received, name))

    def clear(self) -> None:
        """Throw away what was not played yet."""
        self.played += len(self._buffer)
        self._buffer.clear()

    def passed(self) -> list[str]:
        """Return the marks before which everything was played or thrown away, each once."""
        names = []
        while self._marks and self._marks[0][0] <= self.played:
            names.append(self._marks.popleft()[1])
        return names

    def tick(self) -> bytes:
        """Play 20 ms and return what the caller's end sent meanwhile, mu-law."""
        sound = bytes(self._buffer[:FRAMES])
        del self._buffer[:FRAMES]
        self.played += len(sound)
        heard = decode(sound.ljust(FRAMES, QUIET), "mulaw")
        self.loud = float(np.sqrt(np.mean(np.square(heard)))) >= 10 ** (LOUD_DBFS / 20)
        sent = self._random.standard_normal(FRAMES).astype(np.float32) * np.float32(10 ** (self.room_dbfs / 20))
        if self._mouth:
            spoken = self._mouth.popleft()
            sent[: spoken.size] += spoken
        if self.echo_s is not None:
            self._echo = np.concatenate((self._echo, heard))
            sent += self._echo[:FRAMES] * np.float32(10 ** (-ECHO_ERL_DB / 20))
            self._echo = self._echo[FRAMES:]
        return encoded(from_float(np.clip(sent, -1, 1 - 1 / FULL_SCALE)), "mulaw")
