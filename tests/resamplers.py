"""Resamplers that are known exactly: each with its response in closed form."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, firwin, group_delay, lfilter, upfirdn

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Exact:
    """A resampler, the response that it must have at each frequency of its prototype, and its delay in seconds."""

    name: str
    rate_in_hz: int
    rate_out_hz: int
    resample: Callable[[Array], Array]
    gain: Callable[[float], float]
    delay_s: float


def factors(rate_in_hz: int, rate_out_hz: int) -> tuple[int, int]:
    """By how much the rate is raised, and then lowered."""
    divisor = math.gcd(rate_in_hz, rate_out_hz)
    return rate_out_hz // divisor, rate_in_hz // divisor


def comb(frequency_hz: float, rate_hz: int, up: int) -> float:
    """The response of `up` equal values in a row, on the grid of `up` times the rate."""
    turn = math.pi * frequency_hz / rate_hz
    below = up * math.sin(turn / up)
    return abs(math.sin(turn) / below) if below else 1.0


def places(count: int, up: int, down: int) -> tuple[NDArray[np.int64], Array]:
    """The input sample before each output sample, and how far after it that lies."""
    at = np.arange(count * up // down, dtype=np.int64) * down
    return at // up, (at % up) / up


def linear(rate_in: int, rate_out: int) -> Exact:
    up, down = factors(rate_in, rate_out)

    def resample(samples):
        whole, part = places(len(samples), up, down)
        padded = np.append(samples, 0.0)
        return (1 - part) * padded[whole] + part * padded[whole + 1]

    return Exact("linear", rate_in, rate_out, resample, lambda hz: comb(hz, rate_in, up) ** 2, 0.0)


def hold(rate_in: int, rate_out: int) -> Exact:
    up, down = factors(rate_in, rate_out)
    delay_s = (up - 1) / 2 / (up * rate_in)

    def resample(samples):
        return np.asarray(samples)[places(len(samples), up, down)[0]]

    return Exact("hold", rate_in, rate_out, resample, lambda hz: comb(hz, rate_in, up), delay_s)


def keys(apart: Array) -> Array:
    """The cubic kernel of R. Keys (1981), a = -1/2."""
    x = np.abs(apart)
    inner = 1.5 * x**3 - 2.5 * x**2 + 1
    outer = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x < 1, inner, np.where(x < 2, outer, 0.0))


def cubic(rate_in: int, rate_out: int) -> Exact:
    up, down = factors(rate_in, rate_out)

    def resample(samples):
        whole, part = places(len(samples), up, down)
        padded = np.concatenate([[0.0], samples, [0.0, 0.0]])
        return np.sum([keys(part - tap) * padded[whole + 1 + tap] for tap in (-1, 0, 1, 2)], axis=0)

    taps = np.arange(-2 * up, 2 * up + 1)

    def gain(hz):
        return abs(np.sum(keys(taps / up) * np.cos(2 * np.pi * hz * taps / (up * rate_in)))) / up

    return Exact("cubic", rate_in, rate_out, resample, gain, 0.0)


def fir(rate_in: int, rate_out: int, taps: Array, name: str) -> Exact:
    """A linear-phase filter on the grid on which both rates meet."""
    up, down = factors(rate_in, rate_out)
    grid = up * rate_in

    def resample(samples):
        return upfirdn(up * taps, samples, up, down)[: len(samples) * up // down]

    def gain(hz):
        return float(abs(np.sum(taps * np.exp(-2j * np.pi * hz / grid * np.arange(taps.size)))))

    return Exact(name, rate_in, rate_out, resample, gain, (taps.size - 1) / 2 / grid)


def windowed_sinc(rate_in: int, rate_out: int) -> Exact:
    grid = factors(rate_in, rate_out)[0] * rate_in
    at = np.arange(-120, 121)
    cut = 0.45 * min(rate_in, rate_out) / grid
    taps = 2 * cut * np.sinc(2 * cut * at) * np.blackman(at.size)
    return fir(rate_in, rate_out, taps, "windowed sinc")


def equal_ripple(rate_in: int, rate_out: int) -> Exact:
    grid = factors(rate_in, rate_out)[0] * rate_in
    return fir(rate_in, rate_out, firwin(181, 0.42 * min(rate_in, rate_out), window=("kaiser", 7.0), fs=grid), "FIR")


def iir(rate_in: int, rate_out: int) -> Exact:
    """A Butterworth low-pass, of which every third sample is kept."""
    assert rate_in % rate_out == 0
    step = rate_in // rate_out
    order, cut_hz = 4, 0.4 * rate_out
    b, a = butter(order, cut_hz, fs=rate_in)
    delay_s = float(group_delay((b, a), w=[997.0], fs=rate_in)[1][0]) / rate_in

    def gain(hz):
        warped = math.tan(math.pi * hz / rate_in) / math.tan(math.pi * cut_hz / rate_in)
        return 1 / math.sqrt(1 + warped ** (2 * order))

    return Exact("IIR", rate_in, rate_out, lambda samples: lfilter(b, a, samples)[::step], gain, delay_s)


EXACT = [
    linear(24_000, 16_000),
    linear(16_000, 24_000),
    hold(24_000, 16_000),
    hold(8_000, 16_000),
    cubic(24_000, 16_000),
    cubic(44_100, 16_000),
    windowed_sinc(24_000, 16_000),
    windowed_sinc(16_000, 24_000),
    equal_ripple(48_000, 16_000),
    equal_ripple(24_000, 8_000),
    iir(48_000, 16_000),
]


class FirStream:
    """A filter that keeps its past, for a rate that is lowered by a whole number: push and flush."""

    def __init__(self, rate_in_hz: int, rate_out_hz: int) -> None:
        self.step = rate_in_hz // rate_out_hz
        self.taps = firwin(97, 0.42 * rate_out_hz, fs=rate_in_hz)
        self.past = np.zeros(self.taps.size - 1)
        self.ahead = 0

    def push(self, chunk):
        if not len(chunk):
            return np.zeros(0)
        filtered, self.past = lfilter(self.taps, 1.0, chunk, zi=self.past)
        out = filtered[self.ahead :: self.step]
        self.ahead = (self.ahead - len(chunk)) % self.step
        return out

    def flush(self):
        return self.push(np.zeros(self.taps.size - 1))
