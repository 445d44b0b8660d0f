"""Intermodulation: what two tones make together that neither makes alone.

The twin-tone method of ITU-R and IEC 60268-3 (CCIF): two tones of one level, and the products of second and third
order at ``f2 - f1``, ``2 f1 - f2`` and ``2 f2 - f1``. A resampler is linear; what rounds, clips or bends is not.
"""

from __future__ import annotations

import math

import numpy as np

from voicediag.resampling.numbers import MOST_FLOAT64_DB, Number, below_floor
from voicediag.resampling.plan import SETTLE_SAMPLES, Plan
from voicediag.resampling.response import LEAST_CYCLES, MOST_LINES, lines_of
from voicediag.resampling.sample_types import SampleType
from voicediag.resampling.target import Target
from voicediag.resampling.tones import Array, Line, db, fit, sine

# Their images and their products lie apart on every grid of 50 Hz and more that two usual rates have.
LOW_HZ, HIGH_HZ = 2_507, 2_725
PRODUCTS_HZ = (HIGH_HZ - LOW_HZ, 2 * LOW_HZ - HIGH_HZ, 2 * HIGH_HZ - LOW_HZ)
# Both together reach half of full scale, as the tones of the plan do.
EACH_PEAK = 0.25
READ_S = 0.5


def intermodulation(target: Target, plan: Plan) -> Number | None:
    """Return the products of both orders, by power, relative to the sum of both tones; None where none can be read.

    Between rates such as 44.1 and 16 kHz there are more images than can be told from products.
    """
    if plan.images > MOST_LINES:
        return None
    settle_s = SETTLE_SAMPLES / min(plan.rate_in_hz, plan.rate_out_hz)
    sound = two_tones(plan.rate_in_hz, 0, round((READ_S + 2 * settle_s) * plan.rate_in_hz))
    out = np.nan_to_num(target.whole(sound))
    start = round(settle_s * plan.rate_out_hz)
    window = out[start : start + round(READ_S * plan.rate_out_hz)]
    if window.size < READ_S * plan.rate_out_hz / 2:
        return None
    value = products_db(window, plan, start)
    return None if value is None else below_floor(value, floor_db(plan, target.sample_type, start, window.size))


def floor_db(plan: Plan, kind: SampleType, start: int, frames: int) -> float:
    """Return what is read of two tones of the output's rate that are only rounded."""
    read = products_db(kind.quantised(two_tones(plan.rate_out_hz, start, frames)), plan, start)
    return max(-MOST_FLOAT64_DB, read if read is not None else 0.0)


def two_tones(rate_hz: int, start: int, frames: int) -> Array:
    """Return both tones from a frame on."""
    at = np.arange(start, start + frames, dtype=np.int64)
    return sine(LOW_HZ, rate_hz, at, peak=EACH_PEAK) + sine(HIGH_HZ, rate_hz, at, peak=EACH_PEAK)


def products_db(window: Array, plan: Plan, start: int) -> float | None:
    """Return the products in a window of an output; None where images hide each of them, or there are no tones."""
    rate = plan.rate_out_hz
    tones = [lines_of(hz, plan, window.size) for hz in (LOW_HZ, HIGH_HZ)]
    lines = list({line.at_hz: line for line in (*tones[0], *tones[1])}.values())
    apart_hz = LEAST_CYCLES * rate / window.size
    free = [hz for hz in PRODUCTS_HZ if all(abs(hz - min(line.at_hz, rate - line.at_hz)) > apart_hz for line in lines)]
    asked = [*lines, *(Line(order=0, prototype_hz=hz, at_hz=hz) for hz in free)]
    amplitudes = np.abs(fit(window, asked, rate, start=start)[0])
    loud = float(sum(amplitudes[place] for place, line in enumerate(lines) if line.order == 0))
    if not free or not loud:
        return None
    return db(math.sqrt(float(np.sum(np.square(amplitudes[len(lines) :])))) / loud)
