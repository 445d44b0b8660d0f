"""The sound of an agent's turns, as 16-bit samples at the rate that the providers send."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from voicediag.formats.pcm import FULL_SCALE, decode

if TYPE_CHECKING:
    from pathlib import Path

    from voicediag.live.emulator.scenario import Scenario
    from voicediag.session import Samples

Pcm: TypeAlias = NDArray[np.int16]
RATE_HZ = 24_000


def clips_of(scenario: Scenario) -> tuple[Pcm, ...]:
    """Return the sound of each reply, int16, shape (frames,), at 24 kHz.

    Raises
    ------
    InputError
        Where a clip cannot be read.
    """
    return tuple(
        _demo()[number % len(_demo())] if reply.clip is None else clip_of(reply.clip)
        for number, reply in enumerate(scenario.replies)
    )


def at_rate(pcm: Pcm, rate_hz: int) -> Pcm:
    """Return 24 kHz samples at another rate."""
    return pcm if rate_hz == RATE_HZ else from_float(resampled(decode(pcm.tobytes(), "pcm_16"), RATE_HZ, rate_hz))


def encoded(pcm: Pcm, encoding: str) -> bytes:
    """Return samples as the wire carries them: ``pcm_16``, or ``mulaw`` and ``alaw`` of ITU-T G.711.

    A G.711 code is the one whose decoded value lies next, which is what the recommendation's tables come to.
    """
    if encoding == "pcm_16":
        return pcm.astype("<i2").tobytes()
    values = decode(bytes(range(256)), encoding)
    codes = np.argsort(values, kind="stable")
    edges = (values[codes][1:] + values[codes][:-1]) / 2
    return codes[np.searchsorted(edges, pcm / np.float32(FULL_SCALE))].astype(np.uint8).tobytes()


@cache
def _demo() -> tuple[Pcm, ...]:
    """Return the turns of the demo session's agent, cut from what it was sent."""
    from voicediag.formats.demo import load_demo

    session = load_demo()
    track = session.tracks["agent-received"]
    turns = [turn for turn in session.turns if turn.role == "agent"]
    return tuple(from_float(resampled(track.read(turn.span), track.rate_hz, RATE_HZ)) for turn in turns)


def clip_of(path: Path) -> Pcm:
    """Return a sound file, its channels mixed to one."""
    from voicediag.formats.sound_file import open_sound

    sound = open_sound(path)
    mixed = np.asarray(sound.read(0, sound.frames).mean(axis=1), np.float32)
    return from_float(resampled(mixed, sound.rate_hz, RATE_HZ))


def resampled(samples: Samples, rate_hz: int, to_hz: int) -> Samples:
    """Return samples at another rate."""
    if rate_hz == to_hz:
        return samples
    import soxr

    return np.asarray(soxr.resample(samples, rate_hz, to_hz), np.float32)


def from_float(samples: Samples) -> Pcm:
    """Return float samples in 16 bits; what is too loud saturates."""
    return np.clip(np.rint(samples * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
