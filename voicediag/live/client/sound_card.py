"""The machine's own microphone and loudspeaker, as one stream, so that both count the same crystal's frames.

Nothing cleans the sound up: what an echo canceller of the operating system would hide is what is looked for.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from voicediag.errors import LiveError
from voicediag.formats.pcm import FULL_SCALE, decode
from voicediag.live.client.room import TICK_S

if TYPE_CHECKING:
    import soxr

# An event loop that hangs for longer than this loses sound, and says so.
MOST_WAITING: Final = 250
# A stream that gave nothing for so long has stopped; drivers do not always say so.
DEAD_S = 3.0
# The loudspeaker's side is kept this far ahead, so that a late tick is not heard.
AHEAD: Final = 2


@dataclass(slots=True)
class SoundCard:
    """One duplex stream.

    Parameters
    ----------
    mic_hz : int
        What the microphone's sound is resampled to.
    speaker_hz : int
        What the stream runs at.
    """

    mic_hz: int
    speaker_hz: int
    late_s: float = 0.0
    _heard: asyncio.Queue[bytes] = field(init=False, repr=False)
    _to_play: deque[bytes] = field(default_factory=deque)
    _faults: Counter[str] = field(default_factory=Counter)
    _stream: Any = None
    _to_mic: soxr.ResampleStream = field(init=False, repr=False)

    def open(self) -> None:
        """Take hold of the device.

        Raises
        ------
        LiveError
            Where there is no library for it, or no device.
        """
        import soxr

        self._heard = asyncio.Queue()
        self._to_mic = soxr.ResampleStream(self.speaker_hz, self.mic_hz, 1)
        loop = asyncio.get_running_loop()

        def pass_on(captured: Any, out: Any, frames: int, _time: object, status: object) -> None:
            """Run on the card's own thread: copies and no more."""
            out[:] = (self._to_play.popleft() if self._to_play else b"").ljust(2 * frames, b"\0")
            loop.call_soon_threadsafe(self._take, bytes(captured), str(status) if status else "")

        self._stream = _stream(self.speaker_hz, pass_on)

    def begin(self) -> None:
        """Begin to capture and to play."""
        self._stream.start()
        self.late_s = float(self._stream.latency[1]) + AHEAD * TICK_S
        self._to_play.extend([b""] * AHEAD)

    async def exchange(self, played: bytes) -> bytes:
        """Hand `played` to the loudspeaker and wait for the microphone's next stretch.

        Raises
        ------
        LiveError
            Where the card has stopped: unplugged, or taken by another program.
        """
        self._to_play.append(played)
        try:
            captured = decode(await asyncio.wait_for(self._heard.get(), DEAD_S), "pcm_16")
        except TimeoutError:
            raise LiveError(f"the sound card gave nothing for {DEAD_S:g} s") from None
        resampled = self._to_mic.resample_chunk(captured) * FULL_SCALE
        return bytes(np.clip(np.rint(resampled), -FULL_SCALE, FULL_SCALE - 1).astype("<i2").tobytes())

    def close(self) -> list[str]:
        """Let go of the device and return what it complained of."""
        if self._stream is not None:
            self._stream.stop()
            self._stream.close()
        return [f"{what}: {times} times" for what, times in self._faults.items()]

    def _take(self, captured: bytes, status: str) -> None:
        if status:
            self._faults[f"the sound card reports {status}"] += 1
        if self._heard.qsize() >= MOST_WAITING:
            self._faults["a stretch of the microphone was lost, because the program hung"] += 1
            return
        self._heard.put_nowait(captured)


def _stream(rate_hz: int, callback: Any) -> Any:
    try:
        import sounddevice
    except (ImportError, OSError) as error:
        # OSError is what it raises where PortAudio is missing.
        raise LiveError(
            f"expected the package sounddevice and PortAudio, got {error}; likely slip: pip install 'voicediag[mic]', "
            "and on Debian apt-get install libportaudio2"
        ) from error
    try:
        return sounddevice.RawStream(
            samplerate=rate_hz, blocksize=round(TICK_S * rate_hz), channels=1, dtype="int16", callback=callback
        )
    except (sounddevice.PortAudioError, ValueError) as error:
        raise LiveError(f"expected a microphone and a loudspeaker, got {error}") from error
