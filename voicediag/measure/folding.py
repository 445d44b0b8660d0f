"""What was folded into a sound when its rate was lowered, told from the sound before and after.

What is measured
    With which gain what lay above half the new rate came back below it.
Formula
    Hann windows of 20 ms of both, at the same times. What is late by less than a window is a turn of the phase, found
    in the lower band. What the later sound has of the earlier at the same frequency is taken off, one gain for each
    frequency. In the rest R each source s above half the rate is looked for where it would be folded to, t: the gain is
    the sum of R(t) X(s) (its conjugate, where it is not mirrored) over that of |X(s)|^2. For the sureness each cell is
    counted by the noise N(t) that it holds.
Reference
    AES17-2015, clause 6.6.6, measures suppression of aliases with tones; a voice above half the rate serves as well.
Conventions
    float32 samples, shape (frames,), in [-1, 1]; both rates are multiples of 50 Hz.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voicediag.measure._filters import Samples
from voicediag.measure.spectral_pairs import STEP_HZ, Cells, cells

LOWEST_HZ: Final = 300.0
SAME_BAND: Final = 0.7
JUST_ABOVE: Final = 1.25
"""Of half the new rate: there every filter that is one has begun to reject."""
EDGE: Final = 0.95
LATEST_S: Final = 0.001
STEPS: Final = 400
LEAST_SAME: Final = 0.5
_TINY: Final = 1e-20

Spectra = NDArray[np.complex64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Folding:
    """What was folded.

    Attributes
    ----------
    gain_db : float
        From above half the new rate to where it came back; where `sureness` is low no more than noise.
    bound_db : float
        The least gain that would have stood out by six standard deviations.
    folded_db : float
        What was folded, relative to all of the later sound.
    sureness : float
        In standard deviations; about 1 where nothing was folded.
    compared_s : float
    """

    gain_db: float
    bound_db: float
    folded_db: float
    sureness: float
    compared_s: float


def between(pieces: list[tuple[Samples, Samples]], first_hz: int, second_hz: int) -> Folding | None:
    """Return what was folded between two sounds, in pieces that begin together; None where they do not match."""
    total, weight, plain, folded, level, compared_s = 0j, 0.0, 0j, 0.0, 0.0, 0.0
    for first, second in pieces:
        pair = _together(first, second, first_hz, second_hz)
        if pair is None or (turned := _turned(*pair, second_hz)) is None:
            continue
        before, rest, late_s = turned
        sources = np.arange(
            round(JUST_ABOVE * second_hz / 2 / STEP_HZ), round(EDGE * min(first_hz, 3 * second_hz) / 2 / STEP_HZ)
        )
        away = round(second_hz / STEP_HZ)
        targets = np.abs(away - sources)
        heard = (targets >= LOWEST_HZ / STEP_HZ) & (targets < rest.spectra.shape[1])
        sources, targets = sources[heard], targets[heard]
        x = before[:, sources] * np.exp(-2j * np.pi * sources * STEP_HZ * late_s)
        x = np.where(sources < away, np.conj(x), x)
        total += complex(np.sum(rest.spectra[:, targets] * np.conj(x) / rest.noise[:, targets]))
        weight += float(np.sum(np.square(np.abs(x)) / rest.noise[:, targets]))
        plain += complex(np.sum(rest.spectra[:, targets] * np.conj(x)))
        folded += float(np.sum(np.square(np.abs(x))))
        level += float(np.sum(pair[1].power))
        compared_s += second.size / second_hz
    if not weight:
        return None
    gain = abs(plain) / folded
    return Folding(
        gain_db=_db(gain),
        bound_db=_db(6 / np.sqrt(weight)),
        folded_db=_db(gain * np.sqrt(folded / max(level, _TINY))),
        sureness=abs(total) / float(np.sqrt(weight)),
        compared_s=compared_s,
    )


def _together(first: Samples, second: Samples, first_hz: int, second_hz: int) -> tuple[Cells, Cells] | None:
    """Return the windows that neither of two sounds is quiet in."""
    before, after = cells([(0.0, first)], first_hz), cells([(0.0, second)], second_hz)
    if before is None or after is None:
        return None
    hops = [np.rint(each.times_s * 2 * STEP_HZ).astype(int) for each in (before, after)]
    _, mine, theirs = np.intersect1d(hops[0], hops[1], return_indices=True)
    if not mine.size:
        return None
    return Cells(first_hz, before.spectra[mine], before.times_s[mine]), Cells(
        second_hz, after.spectra[theirs], after.times_s[theirs]
    )


def _turned(before: Cells, after: Cells, second_hz: int) -> tuple[Spectra, Cells, float] | None:
    """Return the earlier sound, what the later has beside it, and how late the later is; None where they differ."""
    # A window of the higher rate holds as many more samples.
    x = before.spectra * np.float32(second_hz / before.rate_hz)
    same = slice(round(LOWEST_HZ / STEP_HZ), round(SAME_BAND * second_hz / 2 / STEP_HZ))
    cross = np.sum(after.spectra[:, same] * np.conj(x[:, same]) / after.noise[:, same], axis=0)
    hz = np.arange(same.start, same.stop) * STEP_HZ
    lates_s = np.linspace(-LATEST_S, LATEST_S, 2 * STEPS + 1)
    fits = np.abs(np.exp(2j * np.pi * np.multiply.outer(lates_s, hz)) @ cross)
    late_s = float(lates_s[int(np.argmax(fits))])
    bins = after.spectra.shape[1]
    both = np.sum(after.spectra * np.conj(x[:, :bins]), axis=0)
    own = np.sum(np.square(np.abs(x[:, :bins])), axis=0) + _TINY
    rest = after.spectra - both / own * x[:, :bins]
    kept = np.sum(np.square(np.abs(rest[:, same]))) / (np.sum(after.power[:, same]) + _TINY)
    if kept > LEAST_SAME:
        return None
    return x, Cells(second_hz, rest.astype(np.complex64), after.times_s), late_s


def _db(gain: float) -> float:
    return float(20 * np.log10(gain + _TINY))
