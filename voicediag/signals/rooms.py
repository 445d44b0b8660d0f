"""Echo paths: how a loudspeaker comes back into a microphone, with known delay, loss, drift and wander.

ERL, the echo return loss, is positive where the path attenuates, as in ITU-T G.168: 18 dB means that the echo carries
18 dB less energy than what the speaker got. Energy, not peak: reverberation counts. Since both are counted over the
same speech, this is also the distance of their active powers, the speaker's activity taken for both.

The delay is that of the direct sound, buffers included. A drift of +50 ppm means that the microphone's clock runs
50 ppm faster than the speaker's: the echo comes later by 50 µs each second. A wander is a slow sine on the delay.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from voicediag.errors import InputError

if TYPE_CHECKING:
    from voicediag.signals.tones import Samples

# A Kaiser window of this shape over 32 taps keeps the images of a fractional delay below -80 dB.
TAPS = 32
KAISER_BETA = 8.0
BLOCK_FRAMES = 65_536
PPM = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """An echo and the truth about it.

    Attributes
    ----------
    echo : float32, (frames,)
        What the microphone gets of the speaker, as long as the speaker's signal.
    delay_ms, erl_db, drift_ppm, wander_ms : float
        As asked for; the wander is its amplitude.
    """

    echo: Samples
    delay_ms: float
    erl_db: float
    drift_ppm: float
    wander_ms: float


def impulse_response(
    *, rate_hz: int, rt60_s: float, direct_to_reverberant_db: float, seed: int, delay_ms: float = 0.0
) -> Samples:
    """Return a room's response: a unit impulse at `delay_ms`, then noise that decays by 60 dB in `rt60_s`.

    Parameters
    ----------
    delay_ms : float
        Rounded to whole frames.
    direct_to_reverberant_db : float
        Energy of the impulse over that of the tail, exactly.

    Returns
    -------
    float32, (delay + rt60,)
        The model is Polack's (J.-D. Polack, La transmission de l'énergie sonore dans les salles, 1988).
    """
    direct = round(delay_ms / 1_000 * rate_hz)
    tail = max(1, round(rt60_s * rate_hz))
    # 60 dB in energy is a factor of 1000 in amplitude.
    decay = np.exp(-math.log(1_000) * np.arange(1, tail + 1) / tail)
    reverb = np.random.default_rng(seed).standard_normal(tail) * decay
    reverb *= 10 ** (-direct_to_reverberant_db / 20) / math.sqrt(float(np.sum(reverb**2)))
    return np.concatenate([np.zeros(direct), [1.0], reverb]).astype(np.float32)


def leak(
    speaker: Samples,
    *,
    rate_hz: int,
    delay_ms: float,
    erl_db: float,
    response: Samples | None = None,
    drift_ppm: float = 0.0,
    wander_ms: float = 0.0,
    wander_period_s: float = 8.0,
) -> Leak:
    """Return the echo of `speaker`, scaled so that its energy lies exactly `erl_db` below the speaker's.

    Parameters
    ----------
    speaker : float32, (frames,), in [-1, 1]
    delay_ms : float
        Of the direct sound; any fraction of a frame is kept.
    response : float32, (taps,), optional
        The room; its strongest tap is taken as the direct sound and put at `delay_ms`. None is an echo without a room.

    Raises
    ------
    InputError
        Where the speaker is silent: there is no energy to compare with.
    """
    power = float(np.sum(np.square(speaker, dtype=np.float64)))
    if power == 0:
        raise InputError(expected="a speaker that plays something", got=f"{speaker.size} silent frames")
    wet, lead = _in_room(speaker.astype(np.float64), response)
    time_s = np.arange(speaker.size) / rate_hz
    delay_s = delay_ms / 1_000 + drift_ppm * PPM * time_s
    delay_s += wander_ms / 1_000 * np.sin(2 * np.pi * time_s / wander_period_s)
    echo = _read_at(wet, np.arange(speaker.size) - delay_s * rate_hz + lead)
    echo *= math.sqrt(power / float(np.sum(echo**2))) * 10 ** (-erl_db / 20)
    return Leak(
        echo=echo.astype(np.float32), delay_ms=delay_ms, erl_db=erl_db, drift_ppm=drift_ppm, wander_ms=wander_ms
    )


def energy_ratio_db(speaker: Samples, echo: Samples) -> float:
    """Return the ERL between two signals: the energy of `speaker` over that of `echo`, in dB."""
    return 10 * math.log10(float(np.sum(speaker.astype(np.float64) ** 2) / np.sum(echo.astype(np.float64) ** 2)))


def _in_room(dry: NDArray[np.float64], response: Samples | None) -> tuple[NDArray[np.float64], int]:
    """Return `dry` as the room gives it back, and how many frames the direct sound lags in that."""
    if response is None:
        return dry, 0
    frames = dry.size + response.size - 1
    size = 1 << (frames - 1).bit_length()
    wet = np.fft.irfft(np.fft.rfft(dry, size) * np.fft.rfft(response, size), size)[:frames]
    return wet, int(np.argmax(np.abs(response)))


def _read_at(samples: NDArray[np.float64], places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return `samples` read between its frames, zero outside, by a windowed sinc of `TAPS` taps."""
    padded = np.pad(samples, TAPS)
    taps = np.arange(TAPS) - TAPS // 2 + 1
    found = np.empty(places.size)
    for begin in range(0, places.size, BLOCK_FRAMES):
        place = places[begin : begin + BLOCK_FRAMES]
        whole = np.floor(place).astype(np.int64)
        distance = taps[None, :] - (place - whole)[:, None]
        edge = np.clip(1 - (distance / (TAPS // 2)) ** 2, 0, None)
        weight = np.sinc(distance) * np.i0(KAISER_BETA * np.sqrt(edge)) / np.i0(KAISER_BETA)
        index = np.clip(whole[:, None] + taps[None, :] + TAPS, 0, padded.size - 1)
        found[begin : begin + BLOCK_FRAMES] = np.sum(padded[index] * weight, axis=1)
    return found
