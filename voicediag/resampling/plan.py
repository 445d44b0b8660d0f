"""The test signal: one sound that answers every question about a resampler that is handed it once.

A chirp up at the start and one down at the end tell delay, polarity and clock; between them lie tones, one after the
other, some of them below half of the lower rate and some above. Each is faded in and out over 40 ms and measured only
where a long filter has settled.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from voicediag.resampling.tones import Array, sine

# 6 dB of headroom, so that the overshoot of a steep filter does not clip and is not taken for an error.
PEAK = 0.5
REFERENCE_HZ = 997
CHIRP_S, CHIRP_GAP_S, FADE_S, GUARD_S = 0.25, 0.2, 0.04, 0.02
# The longest filters in use (soxr VHQ) ring for about 500 samples of the lower rate.
SETTLE_SAMPLES, LEAST_SETTLE_S = 800, 0.06
REFERENCE_S, TONE_S = 0.25, 0.1
SWEEP_S = 2.0
# Half of a filter's transition lies here; speech has little of its energy in the last seventh.
VOICE_SHARE = 0.85
LANDING_SHARE = 0.875
LEAST_APART_HZ = 30
SHARES = (0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.845, 0.87, 0.89, 0.91, 0.93, 0.95, 0.97, 0.985)
FEW_SHARES = (0.4, 0.6, 0.8, 0.845, 0.93)
ABOVE = (1.005, 1.02, 1.04, 1.07, 1.1, 1.13, 1.17, 1.22, 1.3, 1.4, 1.5, 1.65, 1.8, 1.9, 1.98)
FEW_ABOVE = (1.02, 1.13, 1.3, 1.5, 1.8, 1.9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tone:
    """One tone of the plan: its frequency, and from when to when it is steady, in seconds of the input."""

    frequency_hz: int
    start_s: float
    end_s: float
    is_reference: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The test signal and where everything in it lies.

    Attributes
    ----------
    samples : array of float64, (frames,)
    tones : tuple of Tone
    chirps_s : pair of float
        When the chirp up and the chirp down begin.
    """

    rate_in_hz: int
    rate_out_hz: int
    samples: Array
    tones: tuple[Tone, ...]
    chirps_s: tuple[float, float]

    @property
    def shared_hz(self) -> float:
        """The highest frequency that both rates can hold."""
        return min(self.rate_in_hz, self.rate_out_hz) / 2

    @property
    def images(self) -> int:
        """Of how many lines each tone may consist: by how much the rate is raised before it is lowered."""
        return self.rate_out_hz // math.gcd(self.rate_in_hz, self.rate_out_hz)

    @property
    def duration_s(self) -> float:
        """How long the test signal is."""
        return self.samples.size / self.rate_in_hz


def plan(rate_in_hz: int, rate_out_hz: int, *, brief: bool = False) -> Plan:
    """Return the test signal for a pair of rates; a brief one for what is too slow for the whole one."""
    frequencies = [*_within(rate_in_hz, rate_out_hz, brief=brief), *_above(rate_in_hz, rate_out_hz, brief=brief)]
    middle = len(frequencies) // 2
    order = [None, *frequencies[:middle], None, *frequencies[middle:], None]
    settle_s = max(LEAST_SETTLE_S, SETTLE_SAMPLES / min(rate_in_hz, rate_out_hz))
    at_s = CHIRP_GAP_S + CHIRP_S + CHIRP_GAP_S
    tones, places = [], []
    for frequency in order:
        steady_s = REFERENCE_S if frequency is None else TONE_S
        begin_s, at_s = at_s, at_s + 2 * FADE_S + 2 * settle_s + steady_s + GUARD_S
        start_s = begin_s + FADE_S + settle_s
        hz = frequency or REFERENCE_HZ
        tones.append(Tone(frequency_hz=hz, start_s=start_s, end_s=start_s + steady_s, is_reference=frequency is None))
        places.append((hz, begin_s, at_s - GUARD_S))
    chirps_s = (CHIRP_GAP_S, at_s + CHIRP_GAP_S)
    frames = round((chirps_s[1] + CHIRP_S + 2 * CHIRP_GAP_S) * rate_in_hz)
    samples = np.zeros(frames)
    for hz, begin_s, end_s in places:
        at = np.arange(round(begin_s * rate_in_hz), round(end_s * rate_in_hz), dtype=np.int64)
        samples[at] = sine(hz, rate_in_hz, at, peak=PEAK) * _fade(at / rate_in_hz - begin_s, end_s - begin_s)
    shared = min(rate_in_hz, rate_out_hz) / 2
    for begin_s, up in zip(chirps_s, (True, False), strict=True):
        at = np.arange(round(begin_s * rate_in_hz), round((begin_s + CHIRP_S) * rate_in_hz))
        samples[at] = chirp(at / rate_in_hz - begin_s, shared, up=up)
    return Plan(rate_in_hz=rate_in_hz, rate_out_hz=rate_out_hz, samples=samples, tones=tuple(tones), chirps_s=chirps_s)


def chirp(time_s: Array, shared_hz: float, *, up: bool) -> Array:
    """Return a linear chirp of `CHIRP_S` through the middle of the shared band at any times."""
    low_hz, high_hz = 0.05 * shared_hz, 0.6 * shared_hz
    first, slope = (low_hz, high_hz - low_hz) if up else (high_hz, low_hz - high_hz)
    phase = first * time_s + slope / (2 * CHIRP_S) * np.square(time_s)
    shape = np.square(np.sin(np.pi * np.clip(time_s / CHIRP_S, 0, 1)))
    return np.asarray(PEAK * shape * np.sin(2 * np.pi * phase))


def sweep(rate_hz: int) -> Array:
    """Return a linear sweep from 0 Hz to half of a rate, to look at: whatever is no straight line was made up."""
    at = np.arange(round(SWEEP_S * rate_hz)) / rate_hz
    turns = rate_hz / 4 / SWEEP_S * np.square(at)
    return np.asarray(PEAK * np.sin(2 * np.pi * turns))


def _fade(time_s: Array, length_s: float) -> Array:
    """Return a window that rises and falls with all of its derivatives continuous, so that no filter rings on."""
    return _rise(time_s / FADE_S) * _rise((length_s - time_s) / FADE_S)


def _rise(share: Array) -> Array:
    """Return 0 up to 0, 1 from 1 on, and a smooth step between."""
    inside = np.clip(share, 1e-3, 1 - 1e-3)
    step = 0.5 * (1 - np.tanh(0.5 * (1 / inside - 1 / (1 - inside))))
    return np.where(share <= 1e-3, 0.0, np.where(share >= 1 - 1e-3, 1.0, step))


def _within(rate_in_hz: int, rate_out_hz: int, *, brief: bool) -> list[int]:
    """Return the tones below half of the lower rate."""
    shared = min(rate_in_hz, rate_out_hz) / 2
    named = [hz for hz in (103, 307, 947, 1_047, 2_003, 3_400, 7_000) if hz < 0.98 * shared]
    raised = [_clear_of_images(hz, rate_in_hz, rate_out_hz) for hz in named[4:]]
    wanted = [round(share * shared) for share in (FEW_SHARES if brief else SHARES)]
    rest = [_clear_of_images(hz, rate_in_hz, rate_out_hz) for hz in wanted]
    return list(dict.fromkeys([*named[:4], *raised, *(hz for hz in rest if hz < 0.99 * shared)]))


def _above(rate_in_hz: int, rate_out_hz: int, *, brief: bool) -> list[int]:
    """Return the tones that the output cannot hold; none where its rate is the higher one."""
    shared, top = rate_out_hz / 2, rate_in_hz / 2
    if top <= shared * 1.001:
        return []
    near = [share * shared for share in (FEW_ABOVE if brief else ABOVE) if share * shared < top]
    far = [top * share for share in (0.7, 0.8, 0.9, 0.97)] if top > 2 * shared else [top * 0.97]
    rest = [round(hz) for hz in (*near, *far) if shared * 1.002 < hz < 0.995 * top]
    return list(dict.fromkeys(_clear_of_images(hz, rate_in_hz, rate_out_hz) for hz in rest))


def _clear_of_images(frequency_hz: int, rate_in_hz: int, rate_out_hz: int) -> int:
    """Return a frequency nearby whose images fall on neither itself nor each other.

    They lie at multiples of the rates' greatest common divisor from the tone and from its mirror, so that tone and
    mirror must be apart.
    """
    grid = math.gcd(rate_in_hz, rate_out_hz)
    apart = min(LEAST_APART_HZ, grid // 4)
    for hz in range(frequency_hz, frequency_hz + grid + 1):
        rest = 2 * hz % grid
        if min(rest, grid - rest) >= apart:
            return hz
    return frequency_hz
