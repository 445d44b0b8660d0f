"""The impulse response in between the samples: single impulses at every phase of the two rates, put together.

One impulse shows one phase of a polyphase filter only, and of linear interpolation it says +3.5 or -2.5 dB and nothing
of the truth. As many impulses as there are phases, each moved by its own place, give the response at the rate at which
both rates meet.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from voicediag.resampling.plan import REFERENCE_HZ, Plan
from voicediag.resampling.target import Target
from voicediag.resampling.tones import Array, db

MOST_PHASES, LEAST_PHASES = 48, 8
# Room on both sides of an impulse, in samples of the lower rate: the longest filters in use fit.
REACH = 700
PEAK = 0.9
AUDIBLE_DB = -60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Impulse:
    """The impulse response of a resampler.

    Attributes
    ----------
    time_s : array of float64, (points,)
        Before and after the impulse went in, in order; the resampler's delay is in it.
    values : array of float64, (points,)
        Scaled so that a gain of 1 has an integral of 1 sample of the input.
    phases, all_phases : int
        How many phases were measured, and how many there are.
    pre_ring_ms, post_ring_ms : float
        How long before and after its peak it is above -60 dB of it.
    """

    time_s: Array
    values: Array
    phases: int
    all_phases: int
    pre_ring_ms: float
    post_ring_ms: float

    @property
    def tells_gain(self) -> bool:
        """Whether the response follows from it: the phases lie so close that nothing audible folds back."""
        return self.phases == self.all_phases or self.phases >= LEAST_PHASES

    def gain_db(self, frequency_hz: float, plan: Plan) -> float:
        """Return the response at a frequency; where that follows from it."""
        turns = np.exp(-2j * np.pi * frequency_hz * self.time_s)
        spread = plan.rate_in_hz / (plan.rate_out_hz * self.phases)
        return db(abs(complex(np.sum(self.values * turns))) * spread)

    def width_hz(self, plan: Plan, down_db: float = 3.0) -> float | None:
        """Return where the gain falls below what it is at 997 Hz by so much; None where it does not."""
        if not self.tells_gain:
            return None
        wanted = self.gain_db(REFERENCE_HZ, plan) - down_db
        steps = np.linspace(REFERENCE_HZ, plan.shared_hz, 200)
        below = next((step for step in range(1, steps.size) if self.gain_db(steps[step], plan) < wanted), None)
        if below is None:
            return None
        low, high = float(steps[below - 1]), float(steps[below])
        for _ in range(20):
            middle = (low + high) / 2
            low, high = (low, middle) if self.gain_db(middle, plan) < wanted else (middle, high)
        return low


def impulse(target: Target, plan: Plan) -> Impulse | None:
    """Return the impulse response; None where nothing came out."""
    fast, slow = plan.rate_in_hz, plan.rate_out_hz
    every = fast // math.gcd(fast, slow)
    # A divisor: its phases lie evenly, as if both rates met at a lower one.
    phases = next(count for count in range(min(every, MOST_PHASES), 0, -1) if every % count == 0)
    reach_s = REACH / min(fast, slow)
    space = round(2 * reach_s * fast)
    space -= space % every
    places = [round(reach_s * fast) + number * (space + every // phases) for number in range(phases)]
    sound = np.zeros(places[-1] + space)
    sound[places] = PEAK
    out = np.nan_to_num(target.whole(sound)) / PEAK
    times, values = [], []
    for place in places:
        centre = place * slow / fast
        at = np.arange(max(0, math.ceil(centre - reach_s * slow)), min(out.size, math.floor(centre + reach_s * slow)))
        times.append(at / slow - place / fast)
        values.append(out[at])
    time_s, value = np.concatenate(times), np.concatenate(values)
    order = np.argsort(time_s, kind="stable")
    time_s, value = time_s[order], value[order]
    top = float(np.max(np.abs(value), initial=0.0))
    if not top:
        return None
    peak_s = time_s[int(np.argmax(np.abs(value)))]
    loud = time_s[np.abs(value) > top * 10 ** (AUDIBLE_DB / 20)]
    return Impulse(
        time_s=time_s,
        values=value,
        phases=phases,
        all_phases=every,
        pre_ring_ms=1_000 * float(peak_s - loud[0]),
        post_ring_ms=1_000 * float(loud[-1] - peak_s),
    )
