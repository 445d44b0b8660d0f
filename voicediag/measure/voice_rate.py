"""How fast a voice is played, from the voice alone.

What is measured
    By what factor a sound must be slowed down to be the speech of a human being: pitch, formants and their movement all
    scale together where samples are played at another rate than they were made, and in no other case. A child is high
    and not quick, a hasty talker quick and not high.
Method
    A small network (three layers over time, the mean and spread of the last over a stretch of 2 s, two layers more)
    says of each stretch of speech how likely each speed from 0.29 to 3.5 is; the logarithms are averaged over the
    stretches. Then the sound is listened to once more as if it had been made at the likeliest other rate: what was too
    fast must sound natural there, and the two views are judged together. What is no voice is equally likely at every
    speed. The net was fitted on people and synthetic voices at known speeds, in rooms, noises and codecs, with pitch,
    vocal tract and tempo moved apart within the human range (`benchmarks.voice_rate_fit`); how well it does on sources
    that it never saw is what `benchmarks.voice_rate` prints.
Conventions
    float32 samples in [-1, 1], shape (frames,). A speed of 1.5 is heard too fast and too high: made at 16 kHz, played
    at 24. Logarithms are natural.
Differences from other tools
    No file format is asked and no clock: it works where a header lies. A speed below 1.4 may be a person, and the
    measurement does not pretend to know better.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from voicediag.measure import voice_features
from voicediag.measure.voice_features import STRETCH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from voicediag.measure._filters import Samples

Likelihood: TypeAlias = NDArray[np.float64]

WEIGHTS: Final = Path(__file__).with_name("voice_rate.npz")
# Half-overlapping: each moment of speech is looked at twice, in other company.
HOP: Final = STRETCH // 2
OCTAVES: Final = np.linspace(-1.8, 1.8, 37)
# Voices that were moved to the edges of the human range are taken for up to this much too fast or too slow.
HUMAN_OCTAVES: Final = 0.3
OFF_OCTAVES: Final = 0.1
# A voice this natural needs no second view.
NATURAL_NATS: Final = -4.0
MOST_VIEWS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceRate:
    """At what rate a voice was likely made.

    Attributes
    ----------
    speech_s : float
        Of speech that was looked at, at its declared rate.
    stretches : int
        Of `STRETCH_S`; 0: there was too little speech for one.
    speed : float or None
        The likeliest speed at the declared rate, 1 where all is well; None without a stretch.
    actual_hz : int
        The likeliest of the other rates.
    margin_nats : float
        By how much that rate is likelier than any human voice at the declared one, per stretch; 0 without a stretch.
    likeness_nats : float
        By how much the likelier of the two is likelier than a speed that is drawn by lot, in the view that suits it
        best: what is no voice has little.
    """

    speech_s: float
    stretches: int
    speed: float | None
    actual_hz: int
    margin_nats: float
    likeness_nats: float


def listen(samples: Samples, declared_hz: int, others_hz: Sequence[int]) -> VoiceRate:
    """Return at what rate a voice was made.

    Parameters
    ----------
    samples : float32, shape (frames,)
        Speech alone, its pauses cut out.
    declared_hz : int
        At which it is declared.
    others_hz : sequence of int
        At which else it may have been made; at least 1.45 times off the declared rate.
    """
    seen = voice_features.stretches(samples, declared_hz, hop=HOP)
    speech_s = samples.size / declared_hz
    if not len(seen):
        return VoiceRate(
            speech_s=speech_s, stretches=0, speed=None, actual_hz=others_hz[0], margin_nats=0.0, likeness_nats=0.0
        )
    views = {declared_hz: _told(seen).mean(axis=0)}
    speed = _speed(views[declared_hz])
    actual_hz, margin = _judged(views, declared_hz, others_hz)
    while len(views) < MOST_VIEWS and margin > NATURAL_NATS and actual_hz not in views:
        again = voice_features.stretches(samples, actual_hz, hop=HOP)
        if not len(again):
            break
        views[actual_hz] = _told(again).mean(axis=0)
        actual_hz, margin = _judged(views, declared_hz, others_hz)
    # What is a voice at all is plain in the view that comes next to its own rate.
    made_hz = actual_hz if margin > 0 else declared_hz
    likely = max(_likely({view_hz: told}, made_hz, OFF_OCTAVES) for view_hz, told in views.items())
    return VoiceRate(
        speech_s=speech_s,
        stretches=len(seen),
        speed=speed,
        actual_hz=actual_hz,
        margin_nats=margin,
        likeness_nats=likely + float(np.log(OCTAVES.size)),
    )


def _judged(views: Mapping[int, Likelihood], declared_hz: int, others_hz: Sequence[int]) -> tuple[int, float]:
    """Return the likeliest other rate, and by how much it is likelier than the declared one."""
    actual_hz = max(others_hz, key=lambda hz: _likely(views, hz, OFF_OCTAVES))
    return actual_hz, _likely(views, actual_hz, OFF_OCTAVES) - _likely(views, declared_hz, HUMAN_OCTAVES)


def _likely(views: Mapping[int, Likelihood], made_hz: int, off_octaves: float) -> float:
    """Return how likely a voice was made at a rate, give or take some: the mean of the views, in nats a stretch."""
    off = np.linspace(-off_octaves, off_octaves, 9)
    each = [np.interp(np.log2(view_hz / made_hz) + off, OCTAVES, told) for view_hz, told in views.items()]
    return float(np.mean(each, axis=0).max())


def _speed(likelihood: Likelihood) -> float:
    share = np.exp(likelihood - likelihood.max())
    return float(2 ** (np.sum(share * OCTAVES) / np.sum(share)))


def _told(seen: Samples) -> Likelihood:
    """Return the logarithm of the likelihood of each speed, shape (stretches, 37)."""
    net = _weights()
    layer = _rectified(_beside((seen - net["m"]) / net["s"], 5) @ net["w1"] + net["b1"])
    layer = _rectified(_beside(layer, 5)[:, ::2] @ net["w2"] + net["b2"])
    layer = _rectified(_beside(layer, 3) @ net["w3"] + net["b3"])
    pooled = np.concatenate((layer.mean(axis=1), np.sqrt(layer.var(axis=1) + 1e-4)), axis=1)
    last = np.asarray(_rectified(pooled @ net["w4"] + net["b4"]) @ net["w5"] + net["b5"], np.float64)
    last -= last.max(axis=1, keepdims=True)
    return np.asarray(last - np.log(np.exp(last).sum(axis=1, keepdims=True)))


def _beside(layer: Samples, steps: int) -> Samples:
    """Return each step together with those that follow it."""
    length = layer.shape[1] - steps + 1
    return np.concatenate([layer[:, start : start + length] for start in range(steps)], axis=2)


def _rectified(layer: Samples) -> Samples:
    return np.maximum(layer, np.float32(0))


@cache
def _weights() -> Mapping[str, Samples]:
    with np.load(WEIGHTS) as stored:
        return {name: stored[name].astype(np.float32) for name in stored.files}
