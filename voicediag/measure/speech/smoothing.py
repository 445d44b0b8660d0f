"""How likely each step is speech, the whole track being known: two states that do not change every moment.

Formula
    The forward and backward recursions of a hidden Markov model of two states (L. Rabiner, "A tutorial on hidden
    Markov models", Proc. IEEE 77 (2), 1989), with the evidence's odds as the ratio of the likelihoods.
"""

from __future__ import annotations

import math

import numpy as np

from voicediag.measure._filters import Samples


def posterior(logits: Samples, *, change: float) -> Samples:
    """Return the probability of speech of each step, float32, shape (steps,).

    Parameters
    ----------
    logits : float32, shape (steps,)
        The odds of each step by itself.
    change : float
        Probability that a step is not what the one before it was.
    """
    ahead = _odds(logits.tolist(), change)
    behind = _odds(logits[::-1].tolist(), change)[::-1]
    # Both hold the step's own evidence once.
    total = np.clip(np.array(ahead) + np.array(behind) - logits, -30, 30)
    return np.asarray(1 / (1 + np.exp(-total)), np.float32)


def _odds(logits: list[float], change: float) -> list[float]:
    """Return the logarithm of the odds of speech of each step, those before it being known."""
    stay, odds, out = 1 - change, 0.0, []
    for own in logits:
        ratio = math.exp(min(30.0, max(-30.0, odds)))
        odds = math.log((stay * ratio + change) / (change * ratio + stay)) + own
        out.append(odds)
    return out
