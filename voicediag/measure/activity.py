"""Where somebody speaks: from the level alone, and, by `reference`, as well as it can be told afterwards.

What is measured
    Stretches in which the level stands clear of the noise floor, and for each step how sure that is.
Method
    The RMS of short steps in dB against a floor: a low percentile of the steps that are not digital silence, at least
    `LEAST_FLOOR_DBFS`. A step `MARGIN_DB` above the floor is active; holes shorter than a syllable's pause are closed
    and blips shorter than a vowel dropped.
Conventions
    float32 samples in [-1, 1], shape (frames,); times in seconds from the first sample.
Differences from other tools
    This is a level gate and no speech recogniser: a door that slams is active too. It is level-independent down to the
    floor, it looks at the whole track at once, and it needs no weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from voicediag.measure.speech import EngineName, Speech, speech
from voicediag.spans import Span, SpanSet

Samples: TypeAlias = NDArray[np.float32]

STEP_S = 0.010
# Room noise behind headsets and rooms of the development recordings lies between -80 and -45 dBFS; below -65 dBFS a
# "voice" is hiss, whatever lies under it.
LEAST_FLOOR_DBFS = -65.0
FLOOR_PERCENTILE = 10.0
# Speech peaks stand 15 dB and more above a noise in which it can be followed (ITU-T P.56 takes 15.9 dB as its margin).
MARGIN_DB = 12.0
HOLE_S = 0.30
BLIP_S = 0.06
SILENT = 1e-7
EVEN = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """How sure it is that somebody speaks, step by step.

    Attributes
    ----------
    step_s : float
        Length of a step in seconds.
    probability : float32, shape (steps,)
        0 to 1; 0.5 where the level stands `MARGIN_DB` above the floor.
    floor_dbfs : float or None
        The floor that was found; None for digital silence.
    """

    step_s: float
    probability: NDArray[np.float32]
    floor_dbfs: float | None

    @property
    def spans(self) -> SpanSet:
        """Where somebody speaks: steps above 0.5, holes closed, blips dropped."""
        runs = _runs(self.probability > EVEN, self.step_s)
        holes = runs.complement(runs.hull) if runs.hull else SpanSet()
        return (runs | SpanSet(hole for hole in holes if hole.duration_s < HOLE_S)).longer_than(BLIP_S)


def from_level(rms: NDArray[np.float32], *, step_s: float, margin_db: float = MARGIN_DB) -> Activity:
    """Return the activity of a track from the RMS of its steps.

    Parameters
    ----------
    rms : float32, shape (steps,)
        RMS of each step, full scale 1.
    step_s : float
        Length of a step.
    margin_db : float
        How far above the floor speech stands.
    """
    level = 20 * np.log10(np.maximum(rms, SILENT))
    sounding = level[rms > SILENT]
    if not sounding.size:
        return Activity(step_s=step_s, probability=np.zeros(rms.size, np.float32), floor_dbfs=None)
    floor = max(LEAST_FLOOR_DBFS, float(np.percentile(sounding, FLOOR_PERCENTILE)))
    # A track that sounds only while it speaks, as the agent's does, has no floor to be found in it.
    floor = min(floor, float(np.percentile(sounding, 90)) - 2 * margin_db) if sounding.size < rms.size / 1.2 else floor
    over = (level - floor - margin_db) / 3.0
    return Activity(
        step_s=step_s, probability=(1 / (1 + np.exp(-np.clip(over, -30, 30)))).astype(np.float32), floor_dbfs=floor
    )


def reference(samples: Samples, *, rate_hz: int, engine: EngineName | None = None) -> Speech:
    """Return where somebody speaks in an array, not by its level: see `voicediag.measure.speech`.

    Parameters
    ----------
    samples : float32, shape (frames,), in [-1, 1]
    rate_hz : int
    engine : {"silero", "plain"}, optional
        The better one that is installed.
    """
    return speech(samples, rate_hz=rate_hz, engine=engine)


def by_level(samples: Samples, *, rate_hz: int) -> Activity:
    """Return where an array stands clear of its noise floor.

    Parameters
    ----------
    samples : float32, shape (frames,), in [-1, 1]
    rate_hz : int
    """
    step = round(STEP_S * rate_hz)
    steps = samples[: samples.size // step * step].reshape(-1, step)
    return from_level(np.sqrt(np.mean(steps**2, axis=1)), step_s=step / rate_hz)


def _runs(active: NDArray[np.bool_], step_s: float) -> SpanSet:
    """Return the spans of the runs of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], active, [False])).astype(np.int8)))
    return SpanSet(Span(a * step_s, b * step_s) for a, b in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
