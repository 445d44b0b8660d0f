"""Where only the agent speaks, and where only the user does, though the microphone holds both.

What is measured
    Windows in which the microphone holds the agent's echo and nothing louder, and windows in which it holds a voice and
    no echo. What a canceller takes off may be counted in the first only, what it does to the user in the second.
Method
    Powers of `EDGES_HZ` bands, every `HOP_S`. The far end's are moved by the lag and smeared as a room would; the gain
    of each band is a low percentile of microphone over far end, since a user only ever adds to it. What that gain
    predicts is held against what is there: a window that holds `ALONE_DB` more, averaged over the bands in dB, holds
    somebody else.
Conventions
    float32 samples of one rate, shape (frames,), beginning together; a positive lag means that the microphone is later.
Differences from other tools
    No voice detector on the microphone: it hears the echo as a voice. Only powers are compared, so that a path that
    jumps, drifts or distorts is still followed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voicediag.measure._filters import Samples

HOP_S = 0.010
FRAME_S = 0.032
WINDOW_S = 0.25
EDGES_HZ = (150, 300, 500, 800, 1_200, 1_800, 2_600, 3_600, 5_000, 7_000)
NYQUIST_SHARE = 0.9
# A furnished room; a longer tail only blurs the edges of the windows.
RT60_S = 0.3
GAIN_PERCENTILE = 30.0
FLOOR_PERCENTILE = 10.0
# Of 265 windows in which the user's stem was 10 dB below the echo 80 % stay below this, of 363 in which it came within
# 5 dB of it or above 13 % do (python -m benchmarks.canceller alone).
ALONE_DB = 3.0
# The echo that is predicted must rise above the room in some bands, and in most of a window.
LEAST_BANDS = 4
MOST_OF = 0.6
# Far below the far end's loud parts there is no speech of it.
SPOKEN_DB = 25.0
# A window is the user's where the echo is this far below what is there, and what is there this far above the room.
APART_DB = 15.0
TINY = 1e-12

Bands = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleTalk:
    """Who is alone in the microphone, window by window.

    Attributes
    ----------
    window_s : float
    agent : bool, shape (windows,)
        The agent's echo and nobody else.
    user : bool, shape (windows,)
        A voice without an echo.
    """

    window_s: float
    agent: NDArray[np.bool_]
    user: NDArray[np.bool_]

    @property
    def agent_s(self) -> float:
        """For how long the agent is alone."""
        return float(np.count_nonzero(self.agent)) * self.window_s

    @property
    def user_s(self) -> float:
        """For how long the user is alone."""
        return float(np.count_nonzero(self.user)) * self.window_s


def single_talk(mic: Samples, speaker: Samples, *, rate_hz: int, lag_s: float | None) -> SingleTalk:
    """Return who is alone in the microphone.

    Parameters
    ----------
    mic, speaker : float32, shape (frames,)
    rate_hz : int
    lag_s : float or None
        How much later the microphone repeats the speaker; None where it does not, and the agent is never in it.
    """
    frames = min(mic.size, speaker.size)
    heard = band_powers(mic[:frames], rate_hz)
    said = smeared(band_powers(moved(speaker[:frames], round((lag_s or 0.0) * rate_hz)), rate_hz))
    windows = heard.shape[0] // _HOPS
    if not windows or not said.any():
        nobody = np.zeros(windows, np.bool_)
        return SingleTalk(window_s=WINDOW_S, agent=nobody, user=_speech(heard) if windows else nobody)
    floor = np.percentile(heard, FLOOR_PERCENTILE, axis=0) + TINY
    loud = said.sum(axis=1) > np.percentile(said.sum(axis=1), 95) * _power(-SPOKEN_DB)
    echo = said * _gain(heard, said) if lag_s is not None else np.zeros_like(said)
    excess_db = 10 * np.log10((heard + TINY) / (echo + floor)).mean(axis=1)
    present = loud & (np.count_nonzero(echo > floor, axis=1) >= min(LEAST_BANDS, floor.size))
    agent = (_windows(present) >= MOST_OF) & (_windows(excess_db) < ALONE_DB)
    quiet = _windows(echo.sum(axis=1)) < _power(-APART_DB) * _windows(heard.sum(axis=1))
    silent = _windows(loud) == 0
    return SingleTalk(window_s=WINDOW_S, agent=agent, user=_speech(heard) & silent & quiet)


def band_powers(samples: Samples, rate_hz: int) -> Bands:
    """Return the power of each band, shape (hops, bands); bands beyond the rate are left out."""
    size, hop = round(FRAME_S * rate_hz), round(HOP_S * rate_hz)
    padded = np.pad(samples, (size // 2, size))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[: samples.size : hop]
    window = np.hanning(size).astype(np.float32) / np.float32(size)
    power = np.abs(np.fft.rfft(frames * window)) ** 2
    edges = [round(edge * FRAME_S) for edge in EDGES_HZ if edge <= NYQUIST_SHARE * rate_hz / 2]
    return np.add.reduceat(power[:, : edges[-1]], edges[:-1], axis=1).astype(np.float64)


def _gain(heard: Bands, said: Bands) -> NDArray[np.float64]:
    """Return how loud each band comes back: a low percentile over the hops in which the far end has something there."""
    spoken = said > np.percentile(said, 95, axis=0) * _power(-SPOKEN_DB)
    ratio_db = 10 * np.log10((heard + TINY) / (said + TINY))
    lows = [
        np.percentile(ratio_db[spoken[:, band], band], GAIN_PERCENTILE) if spoken[:, band].any() else -np.inf
        for band in range(said.shape[1])
    ]
    return _power(np.array(lows))


def _speech(heard: Bands) -> NDArray[np.bool_]:
    """Return the windows that stand clear of the room."""
    level = heard.sum(axis=1)
    return np.asarray(_windows(level) > _power(APART_DB) * (np.percentile(level, FLOOR_PERCENTILE) + TINY))


def smeared(power: Bands) -> Bands:
    """Return powers that die away as in a room."""
    keep = 10 ** (-6 * HOP_S / RT60_S)
    out = np.empty_like(power)
    held = np.zeros(power.shape[1])
    for hop, now in enumerate(power):
        held = keep * held + (1 - keep) * now
        out[hop] = held
    return out


def moved(samples: Samples, by: int) -> Samples:
    """Return samples `by` frames later, with silence where nothing is known."""
    out = np.zeros_like(samples)
    if by >= samples.size or -by >= samples.size:
        return out
    if by >= 0:
        out[by:] = samples[: samples.size - by]
    else:
        out[:by] = samples[-by:]
    return out


_HOPS = round(WINDOW_S / HOP_S)


def _windows(values: NDArray[np.float64] | NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the mean of each window of hops; what is left over at the end is dropped."""
    whole = values.shape[0] // _HOPS * _HOPS
    return np.asarray(values[:whole].reshape(-1, _HOPS).mean(axis=1, dtype=np.float64))


def _power(level_db: float | NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(10 ** (np.asarray(level_db) / 10))
