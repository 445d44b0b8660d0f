"""A number beside what the bench itself could not have told apart from nothing: its floor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voicediag.resampling.plan import PEAK, REFERENCE_HZ, REFERENCE_S, Plan
from voicediag.resampling.response import lines_of
from voicediag.resampling.sample_types import SampleType
from voicediag.resampling.tones import db, fit, rms, sine

# Better than this nothing is claimed of float64, although single fits reach further.
MOST_FLOAT64_DB = 320.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A measured value and its floor.

    Attributes
    ----------
    value : float
        Never beyond the floor: what lies there is the bench's, not the resampler's.
    floor : float
        What a perfect resampler of the same type would measure.
    at_floor : bool
        Whether the value is at its floor; it is then a bound.
    """

    value: float
    floor: float
    at_floor: bool


def above_floor(value: float | None, floor_db: float) -> Number | None:
    """Return a level or a rejection with its floor, of which the floor is the largest that can be claimed."""
    if value is None:
        return None
    return Number(value=min(value, floor_db), floor=floor_db, at_floor=value >= floor_db)


def below_floor(value: float, floor_db: float) -> Number:
    """Return an error's level with its floor, of which the floor is the smallest that can be claimed."""
    return Number(value=max(value, floor_db), floor=floor_db, at_floor=value <= floor_db)


def sinad_floor_db(plan: Plan, kind: SampleType) -> float:
    """Return the SINAD of a perfect tone of the output's rate in this type: its rounding, and the fit's own noise."""
    rate = plan.rate_out_hz
    # Far from the start, where a phase that was not exact would have lost its digits.
    start = round(plan.duration_s * rate)
    at = np.arange(start, start + round(REFERENCE_S * rate), dtype=np.int64)
    tone = kind.quantised(sine(REFERENCE_HZ, rate, at, peak=PEAK))
    amplitudes, rest = fit(tone, lines_of(REFERENCE_HZ, plan, at.size)[:1], rate, start=start)
    return min(MOST_FLOAT64_DB, db(abs(amplitudes[0])) - db(rms(rest) * np.sqrt(2)))


def gain_floor_db(sinad_db: float, frames: int) -> float:
    """Return by how much a gain may be off because of the noise that a tone was read in."""
    return float(20 * np.log10(1 + 10 ** (-sinad_db / 20) * (2 / frames) ** 0.5))
