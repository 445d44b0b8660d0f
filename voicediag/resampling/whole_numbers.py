"""Full scale, silence and rounding: where resamplers wrap, hiss and lean to one side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voicediag.resampling.plan import Plan
from voicediag.resampling.sample_types import INT16
from voicediag.resampling.target import Target
from voicediag.resampling.tones import Array

SQUARE_HZ, SQUARE_S = 100, 0.5
SILENCE_S = 0.2
FULL = (INT16 - 1) / INT16
# An overshoot that is clipped loses a fifth of full scale at most; one that wraps is off by twice of it.
WRAPPED = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeNumbers:
    """What happens at the ends of the scale.

    Attributes
    ----------
    wraps : int
        Samples of a full-scale square that came out with the wrong sign, of `square_samples`.
    square_samples : int
    noisy_silence : int
        Samples of digital silence that came out as something else, of `silence_samples`.
    silence_samples : int
    not_finite : int
        Samples that are no number.
    """

    wraps: int
    square_samples: int
    noisy_silence: int
    silence_samples: int
    not_finite: int


def examine(target: Target, plan: Plan, output: Array) -> WholeNumbers:
    """Return what a resampler does at the ends of the scale; `output` is what became of the plan."""
    rate = plan.rate_in_hz
    at = np.arange(round(SQUARE_S * rate))
    square = np.where((at * 2 * SQUARE_HZ // rate) % 2 == 0, FULL, -FULL)
    loud, soft = target.whole(square), target.whole(square / 2)
    size = min(loud.size, soft.size)
    # Half of a square never overflows, and is the same but for its size.
    apart = np.abs(np.nan_to_num(loud[:size]) - 2 * np.nan_to_num(soft[:size]))
    # The first samples may hold what was heard before by something that cannot be made anew.
    wraps = int(np.count_nonzero(apart[plan.rate_out_hz // SQUARE_HZ // 4 :] > WRAPPED))
    silent = target.whole(np.zeros(round(SILENCE_S * rate)))
    return WholeNumbers(
        wraps=wraps,
        square_samples=size,
        noisy_silence=int(np.count_nonzero(silent)),
        silence_samples=silent.size,
        not_finite=int(np.count_nonzero(~np.isfinite(output))),
    )
