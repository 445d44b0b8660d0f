"""Seams: places at which a sound does not go on, one chunk after the other, all along a recording.

What is measured
    Whether clicks come at a steady period, whose period it is, and how far they stand out.
Formula
    The sound is whitened (windows of 32 ms, each divided by its own smoothed spectrum), so that a click weighs as much
    as a vowel. The salience of a sample is the logarithm of its energy over that of the 16 ms around it. For each
    period that a chunk can have, the power of the salience's spectrum at the first harmonics of that period, over that
    beside them, less what noise has. The likeliest period is then folded: seams are one narrow peak.
Conventions
    float32 samples, shape (frames,), in [-1, 1], in stretches: each has a phase of its own, since an app begins anew
    with each answer. Seconds and samples at the track's rate.
Differences
    A vocoder's frames, a codec's and a metronome come at a steady period too. They leave a wave with several crests or
    a broad one, and no single peak that is over within half a millisecond.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voicediag.measure._filters import Samples

RATES_HZ: Final = (8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
CHUNKS_MS: Final = (2.5, 5, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100, 120, 128, 160, 200, 250)
CHUNKS_FRAMES: Final = (128, 160, 240, 256, 320, 441, 480, 512, 640, 800, 882, 960, 1_024, 1_280, 1_920, 2_048)
CHUNKS_LONG: Final = (2_400, 3_072, 3_200, 4_096, 4_800, 8_192)
SHORTEST_S, LONGEST_S = 0.0025, 0.26
LEAST_S: Final = 1.0
PIECE_S: Final = 8.0
WINDOW_S, AROUND_S = 0.032, 0.016
SMOOTH_BINS: Final = 9
# Harmonics beyond this are narrower than a click.
HIGHEST_HZ, MOST_HARMONICS = 1_500.0, 40
BESIDE_BINS: Final = 801
BIN_S: Final = 0.00025
PEAK_S: Final = 0.0015
_FLOOR, _DARK = 0.03, 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seams:
    """The likeliest period at which a sound has seams.

    Attributes
    ----------
    period_s : float
    sureness : float
        Of the period, in standard deviations of noise.
    height_nats : float
        By how much the energy at the peak stands above the rest of the period.
    contrast : float
        The peak's height over that of the highest place more than 1.5 ms from it.
    share : float
        Of the places a period apart, how many stand out more than half of those between them do: 0.5 where there are
        no seams, near 1 where each chunk has one. Where few have one, something else is cut at the same steps.
    searched_s : float
    profile : float64, shape (bins,)
        The salience over one period, the peak in the middle; for a picture.
    """

    period_s: float
    sureness: float
    height_nats: float
    contrast: float
    share: float
    searched_s: float
    profile: NDArray[np.float64]


def steady(stretches: list[Samples], rate_hz: int) -> Seams | None:
    """Return the likeliest seams of some stretches of one track; None where they are too short to tell."""
    size, least = round(PIECE_S * rate_hz), round(LEAST_S * rate_hz)
    pieces = [
        _salience(stretch[start : start + size], rate_hz)
        for stretch in stretches
        for start in range(0, max(1, stretch.size - least), size)
        if min(size, stretch.size - start) >= least
    ]
    if not pieces:
        return None
    periods = _periods(rate_hz)
    sureness = sum(_combs(piece, periods, rate_hz) for piece in pieces) / np.sqrt(len(pieces))
    best = int(np.argmax(sureness))
    folds = [_folded(piece, float(periods[best]), rate_hz) for piece in pieces]
    profile = np.mean([profile for profile, _ in folds], axis=0)
    middle, beside = profile.size // 2, max(1, round(PEAK_S / BIN_S))
    rest = np.delete(profile, slice(max(0, middle - beside), middle + beside + 1))
    height = float(profile[middle])
    return Seams(
        period_s=float(periods[best]),
        sureness=float(np.asarray(sureness)[best]),
        height_nats=height,
        contrast=height / max(float(rest.max(initial=0.0)), 1e-3),
        share=float(np.mean(np.concatenate([above for _, above in folds]))),
        searched_s=sum(piece.size for piece in pieces) / rate_hz,
        profile=profile,
    )


def chunks(period_s: float, rate_hz: int) -> list[tuple[int, int]]:
    """Return the common chunks, in frames and their rate, that become a period at `rate_hz`."""
    near_s = 0.6 / rate_hz
    found = [
        (frames, made_hz)
        for made_hz in RATES_HZ
        for frames in _sizes(made_hz)
        if abs(frames / made_hz - period_s) < (near_s if abs(period_s * rate_hz % 1) < 1e-6 else 1e-7)
    ]
    exact = [(frames, made_hz) for frames, made_hz in found if abs(frames / made_hz - period_s) < 1e-7]
    return exact or found


@cache
def _periods(rate_hz: int) -> NDArray[np.float64]:
    """Return the periods, in seconds, that chunks can have: a stateless resampler rounds each to whole samples."""
    exact = {frames / made_hz for made_hz in RATES_HZ for frames in _sizes(made_hz)}
    whole = {round_to(period * rate_hz) / rate_hz for period in exact for round_to in (np.floor, np.ceil)}
    return np.unique(np.round([each for each in exact | whole if SHORTEST_S <= each <= LONGEST_S], 12))


def _sizes(made_hz: int) -> set[int]:
    return {round(each_ms * made_hz / 1_000) for each_ms in CHUNKS_MS} | {*CHUNKS_FRAMES, *CHUNKS_LONG}


def _salience(samples: Samples, rate_hz: int) -> NDArray[np.float64]:
    energy = np.square(_whitened(samples, rate_hz), dtype=np.float64)
    around = _moving_mean(energy, round(AROUND_S * rate_hz) | 1)
    salience = np.log(energy / (around + _DARK) + _FLOOR)
    return np.asarray(salience - salience.mean())


def _whitened(samples: Samples, rate_hz: int) -> NDArray[np.float32]:
    """Return sound divided by its own short-time spectrum; its windows overlap by half, and add up to one."""
    half = round(WINDOW_S * rate_hz / 2)
    window = np.sqrt(np.hanning(2 * half + 1)[:-1]).astype(np.float32)
    cut = np.lib.stride_tricks.sliding_window_view(samples, 2 * half)[::half]
    spectra = np.fft.rfft(cut * window)
    power = np.square(spectra.real) + np.square(spectra.imag)
    smooth = _moving_mean(power, SMOOTH_BINS)
    least = _DARK * power.sum(axis=1, keepdims=True) + 1e-12
    pieces = np.fft.irfft(spectra / np.sqrt(np.maximum(smooth, least)), 2 * half) * window
    made = np.zeros((len(cut) + 1) * half, np.float32)
    made[:-half] += pieces[:, :half].ravel()
    made[half:] += pieces[:, half:].ravel()
    return made


def _moving_mean(values: NDArray[np.floating], width: int) -> NDArray[np.float64]:
    """Return the mean of the `width` values around each, along the last axis; `width` is odd."""
    aside = [(0, 0)] * (values.ndim - 1)
    padded = np.pad(values, [*aside, (width // 2 + 1, width // 2)], mode="reflect")
    total = np.cumsum(padded, axis=-1, dtype=np.float64)
    return np.asarray((total[..., width:] - total[..., :-width]) / width)


def _combs(salience: NDArray[np.float64], periods: NDArray[np.float64], rate_hz: int) -> NDArray[np.float64]:
    """Return how far the harmonics of each period stand above what noise has, in standard deviations."""
    size = 1 << (2 * salience.size - 1).bit_length()
    spectrum = np.fft.rfft(salience, size)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    power /= _moving_mean(power, BESIDE_BINS) + _DARK
    found = np.empty(periods.size)
    for place, period in enumerate(periods):
        count = int(min(MOST_HARMONICS, HIGHEST_HZ * period))
        at = np.rint(np.arange(1, count + 1) / period * size / rate_hz).astype(int)
        found[place] = (power[at].sum() - count) / np.sqrt(count)
    return found


def _folded(
    salience: NDArray[np.float64], period_s: float, rate_hz: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the mean salience over one period, its highest place in the middle, and which of those stand out."""
    bins = max(8, round(period_s / BIN_S))
    phase = (np.arange(salience.size) / rate_hz / period_s % 1 * bins).astype(int) % bins
    counts = np.maximum(np.bincount(phase, minlength=bins), 1)
    profile = np.bincount(phase, salience, minlength=bins) / counts
    peak = int(np.argmax(profile))
    at_s = np.arange(0, salience.size / rate_hz - 2 * period_s, period_s) + (peak + 0.5) / bins * period_s
    edges, between = (_highest(salience, at_s + aside * period_s, rate_hz) for aside in (0, 0.5))
    return np.roll(profile - np.median(profile), bins // 2 - peak), edges > np.median(between)


def _highest(salience: NDArray[np.float64], at_s: NDArray[np.float64], rate_hz: int) -> NDArray[np.float64]:
    """Return the highest salience within half a millisecond of some places."""
    reach = max(1, round(2 * BIN_S * rate_hz))
    near = np.rint(at_s * rate_hz).astype(int)[:, None] + np.arange(-reach, reach + 1)
    return np.asarray(salience[np.clip(near, 0, salience.size - 1)].max(axis=1))
