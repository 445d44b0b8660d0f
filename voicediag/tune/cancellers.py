"""The echo cancellers that can be installed beside voicediag, each behind the same call.

None of them tells what it knows of the echo: WebRTC's own statistics (ERL, ERLE, delay, residual likelihood) reach no
Python package. So they are handed the two tracks in blocks of 10 ms, as an app would, and judged by what comes out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from types import MappingProxyType
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from voicediag.errors import InputError
from voicediag.session import Samples

Sample = TypeVar("Sample", np.float32, np.int16)

# What all of them take.
RATE_HZ = 16_000
BLOCK = RATE_HZ // 100
FULL_SCALE = 32_768
# As long as the tail of AEC3's filter; Speex, which pyaec wraps, asks for a room's tail too.
PYAEC_TAPS = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class Canceller:
    """An echo canceller of somebody else's.

    Attributes
    ----------
    title : str
        What it is.
    package : str
        What has to be installed.
    extra : str
        Which extra of voicediag brings it.
    run : callable
        Takes microphone, loudspeaker and the delay between them in ms, and gives back the microphone without the echo;
        float32 at `RATE_HZ`, whole blocks.
    """

    title: str
    package: str
    extra: str
    run: Callable[[Samples, Samples, int], Samples]

    @property
    def version(self) -> str:
        """Which version is installed."""
        return metadata.version(self.package)

    def cancel(self, mic: Samples, speaker: Samples, *, delay_ms: int) -> Samples:
        """Return the microphone without the echo, as long as `mic`.

        Parameters
        ----------
        mic, speaker : float32, shape (frames,), at `RATE_HZ`
        delay_ms : int
            How much later the microphone repeats the loudspeaker: a hint, at least 0.

        Raises
        ------
        InputError
            Where the package is not installed.
        """
        blocks = -(-mic.size // BLOCK)
        padded = [
            np.pad(sound[: mic.size], (0, blocks * BLOCK - min(sound.size, mic.size))) for sound in (mic, speaker)
        ]
        try:
            return self.run(padded[0], padded[1], delay_ms)[: mic.size]
        except ImportError as error:
            raise InputError(
                expected=f"the package {self.package}, which brings {self.title}",
                got=f"none ({error})",
                likely=f"it comes with an extra: pip install 'voicediag[{self.extra}]'",
            ) from error


def _aec3(mic: Samples, speaker: Samples, delay_ms: int) -> Samples:
    from pywebrtc_audio import EchoCanceller

    canceller = EchoCanceller(sample_rate=RATE_HZ, stream_delay_ms=delay_ms)
    return np.concatenate([canceller.process(near, far) for near, far in _blocks(mic, speaker)])


def _livekit(mic: Samples, speaker: Samples, delay_ms: int) -> Samples:
    from livekit.rtc import AudioFrame, AudioProcessingModule

    module = AudioProcessingModule(echo_cancellation=True)
    out = []
    for near, far in _blocks(_int16(mic), _int16(speaker)):
        frames = [AudioFrame(bytearray(sound.tobytes()), RATE_HZ, 1, BLOCK) for sound in (far, near)]
        module.process_reverse_stream(frames[0])
        module.set_stream_delay_ms(delay_ms)
        module.process_stream(frames[1])
        out.append(np.frombuffer(frames[1].data, np.int16).copy())
    return _float32(np.concatenate(out))


def _pyaec(mic: Samples, speaker: Samples, delay_ms: int) -> Samples:
    from pyaec import Aec

    # Its filter begins at no delay and reaches as far as its taps, so that the hint is of no use to it.
    del delay_ms
    canceller = Aec(BLOCK, PYAEC_TAPS, RATE_HZ, True)  # noqa: FBT003 - it takes no keywords
    out = [canceller.cancel_echo(near.tolist(), far.tolist()) for near, far in _blocks(_int16(mic), _int16(speaker))]
    return _float32(np.array(out, np.int16).ravel())


def _blocks(mic: NDArray[Sample], speaker: NDArray[Sample]) -> Iterator[tuple[NDArray[Sample], NDArray[Sample]]]:
    for at in range(0, mic.size, BLOCK):
        yield mic[at : at + BLOCK], speaker[at : at + BLOCK]


def _int16(samples: Samples) -> NDArray[np.int16]:
    return np.clip(np.round(samples * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)


def _float32(codes: NDArray[np.int16]) -> Samples:
    return (codes / np.float32(FULL_SCALE)).astype(np.float32)


CANCELLERS: Mapping[str, Canceller] = MappingProxyType(
    {
        "aec3": Canceller(title="WebRTC AEC3", package="pywebrtc-audio", extra="cancel", run=_aec3),
        "livekit": Canceller(
            title="LiveKit's audio processing (WebRTC AEC3)", package="livekit", extra="cancellers", run=_livekit
        ),
        "pyaec": Canceller(title="pyaec (Speex)", package="pyaec", extra="cancellers", run=_pyaec),
    }
)


def canceller(name: str) -> Canceller:
    """Return the canceller of a name.

    Raises
    ------
    InputError
        Where there is none.
    """
    if name not in CANCELLERS:
        raise InputError(expected=f"a canceller ({', '.join(CANCELLERS)})", got=repr(name))
    return CANCELLERS[name]
