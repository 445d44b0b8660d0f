"""How a sound was interpolated: the images that a resampler without a filter leaves, told from one track.

What is measured
    Whether each frequency of a sound comes back where the images of another rate lie, and as strong as a straight
    line, a cubic or a held sample between the samples of that rate leaves it.
Formula
    Interpolation between samples at `made_hz` repeats the spectrum around each multiple of that rate, times the
    spectrum of its kernel: that of n equal samples in a row for a held sample, where n steps of the grid on which both
    rates meet make one sample, and its square for a straight line. The gains that
    `spectral_pairs` measures are fitted with each law, all frequencies together: `sureness` is the matched filter's
    output over its standard deviation, `scale` the size of the images over the law's, `agreement` how far the parts of
    the band say it with one phase, from 0 to 1. A filter's own images lie beside half the rate, and are left out.
Reference
    R. E. Crochiere, L. R. Rabiner, "Multirate Digital Signal Processing", 1983, section 2.3; R. Keys, "Cubic
    convolution interpolation for digital image processing", IEEE Trans. ASSP 29 (6), 1981, for the cubic.
Conventions
    Rates in Hz; `rate_hz` is the rate that was made, at which the track need not be any more.
Differences
    A rate that was lowered by a whole factor leaves no images: what was folded looks like sound of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from voicediag.measure.spectral_pairs import STEP_HZ, Cells, Pairs

Kind: TypeAlias = Literal["linear", "hold", "cubic"]
RATES_HZ: Final = (8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
KINDS: Final[tuple[Kind, ...]] = ("linear", "hold", "cubic")
LEAST_HZ: Final = 250.0
NEAR_HALF: Final = 0.8
"""Of half the lower rate: filters that are good enough for voice let images through above it."""
EDGE: Final = 0.95
PARTS: Final = 6
LEAST_SCALE, MOST_SCALE = 0.4, 2.5
"""Of the law's size: equalisers and noise move it by so much; what is far from it is another law, or a filter."""
_TINY: Final = 1e-9
ALIKE: Final = 0.9
JUST_ABOVE: Final = 1.25
"""Of half the rate: there every filter that is one has begun to reject."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpolation:
    """The likeliest way in which a sound was interpolated.

    Attributes
    ----------
    kind : str
        `linear`, `hold` or `cubic`.
    made_hz, rate_hz : int
        From which rate to which.
    sureness : float
        In standard deviations; about 1 to 4 where nothing was.
    scale : float
        The images' size over the law's.
    agreement : float
        From 0 to 1.
    image_db : float
        Of all images of the first order, relative to all of the sound.
    alias_db : float or None
        With which gain a tone at 1.25 times half of `rate_hz` is let through; None where the rate was raised.
    """

    kind: Kind
    made_hz: int
    rate_hz: int
    sureness: float
    scale: float
    agreement: float
    image_db: float
    alias_db: float | None


def likeliest(sound: Cells) -> Interpolation | None:
    """Return the likeliest interpolation of a sound; None where no pair of rates could be told."""
    measured: dict[int, Pairs] = {}
    level = sound.power.sum(axis=0, dtype=np.float64)
    fits: list[Interpolation] = []
    for made_hz, rate_hz in _rates(sound.rate_hz):
        shift_hz = made_hz - round(made_hz / rate_hz) * rate_hz
        if abs(shift_hz) not in measured:
            measured[abs(shift_hz)] = sound.pairs(abs(shift_hz))
        # The two bands of G.722 leave what a cubic on the way down leaves: that one cannot be told.
        for kind in KINDS if made_hz < rate_hz else KINDS[:2]:
            told = _told(measured[abs(shift_hz)], kind, (made_hz, rate_hz), level, sound.rate_hz)
            if told and LEAST_SCALE <= told.scale <= MOST_SCALE:
                fits.append(told)
    # Laws of kindred rates are alike: of those that are about as sure the one whose size is right.
    sure = max((fit.sureness for fit in fits), default=0.0)
    alike = [fit for fit in fits if fit.sureness >= ALIKE * sure]
    return min(alike, key=lambda fit: abs(math.log(fit.scale)), default=None)


def law(kind: Kind, frequency_hz: NDArray[np.float64], made_hz: int, rate_hz: int) -> NDArray[np.float64]:
    """Return the response of a kernel between samples at `made_hz`, as it is taken at `rate_hz`.

    The kernel is taken at the steps on which both rates meet, so that its spectrum repeats itself there.
    """
    steps = rate_hz // math.gcd(made_hz, rate_hz)
    turn = np.pi * np.asarray(frequency_hz) / made_hz
    if kind == "cubic":
        apart = np.arange(1, 2 * steps + 1) / steps
        inner, outer = 1.5 * apart**3 - 2.5 * apart**2 + 1, -0.5 * apart**3 + 2.5 * apart**2 - 4 * apart + 2
        kernel = np.where(apart < 1, inner, outer)
        return np.asarray((1 + 2 * np.cos(2 * np.multiply.outer(turn, apart)) @ kernel) / steps)
    below = steps * np.sin(turn / steps)
    held = np.divide(np.sin(turn), below, out=np.ones_like(turn), where=np.abs(below) > _TINY)
    return np.asarray(held if kind == "hold" else held**2)


def _rates(track_hz: int) -> Iterator[tuple[int, int]]:
    """Yield the pairs of rates that leave images which a track at its rate can hold."""
    for rate_hz in RATES_HZ:
        if rate_hz > track_hz:
            continue
        for made_hz in RATES_HZ:
            if made_hz % rate_hz and (made_hz < rate_hz or track_hz == rate_hz):
                yield made_hz, rate_hz
    if track_hz not in RATES_HZ:
        yield from ((made_hz, track_hz) for made_hz in RATES_HZ if made_hz % track_hz and made_hz % STEP_HZ == 0)


def _told(
    pairs: Pairs, kind: Kind, rates_hz: tuple[int, int], level: NDArray[np.float64], track_hz: int
) -> Interpolation | None:
    """Return how well one law between two rates fits."""
    made_hz, rate_hz = rates_hz
    # Of a shift below zero all signs are turned over.
    source_hz = np.sign(made_hz - round(made_hz / rate_hz) * rate_hz) * pairs.source_hz
    half_hz = min(made_hz, rate_hz) / 2
    inside = (np.abs(source_hz) >= LEAST_HZ) & (np.abs(source_hz) <= NEAR_HALF * half_hz)
    inside &= (np.abs(pairs.target_hz) >= LEAST_HZ) & (np.abs(pairs.target_hz) <= EDGE * min(rate_hz, track_hz) / 2)
    if inside.sum() < PARTS:
        return None
    source_hz, cross, weight = source_hz[inside], pairs.cross[inside], pairs.weight[inside]
    gain = law(kind, source_hz + made_hz, made_hz, rate_hz) / law(kind, source_hz, made_hz, rate_hz)
    matched, energy = gain * cross, float(np.sum(gain**2 * weight))
    whole = abs(complex(matched.sum()))
    order = np.argsort(np.abs(source_hz))
    parts = [abs(complex(matched[part].sum())) for part in np.array_split(order, PARTS)]
    scale = whole / energy
    bins = np.round(np.abs(source_hz) / STEP_HZ).astype(int)
    image = float(np.sum((scale * gain) ** 2 * level[bins]) / level.sum())
    above = law(kind, np.array([JUST_ABOVE * rate_hz / 2]), made_hz, rate_hz)
    return Interpolation(
        kind=kind,
        made_hz=made_hz,
        rate_hz=rate_hz,
        sureness=float(whole / np.sqrt(energy)),
        scale=scale,
        agreement=whole / sum(parts),
        image_db=float(10 * np.log10(image + 1e-30)),
        alias_db=float(20 * np.log10(np.abs(above[0]))) if made_hz > rate_hz else None,
    )
