"""What all the evidence says together: a small network over the second around each step.

Method
    The bands against the loud parts of their surroundings and against the quiet ones, both levels, the likeness of the
    sound to itself a period later and, where there is one, what Silero thinks go into a network of six layers, each of
    which sees its neighbours at twice the distance, 0.63 s before and after in the end. It was fitted on mixes of
    known speech in known rooms and noise (`benchmarks.vad_fit`), once with Silero's word and once without.
Conventions
    Levels in dB; nothing hangs on how loud a track is.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from voicediag.measure._filters import Samples

if TYPE_CHECKING:
    from collections.abc import Mapping

LOUD_PERCENTILE: Final = 95.0
QUIET_PERCENTILE: Final = 10.0
DISTANCES: Final = (1, 2, 4, 8, 16, 32)
# What is not louder than the last bit of 16 in its loudest parts holds nothing that could be judged.
LEAST_DB: Final = -92.0
NOTHING: Final = -12.0
SILERO_SHARE: Final = 0.4
"""Of Silero's mean logit beside the network's, for sounds unlike those it was fitted on; 0.25 to 0.5 do alike."""


def logit(bands: Samples, likeness: Samples, silero: Samples | None, within: slice) -> Samples:
    """Return the logarithm of the odds of speech, float32, shape (steps within,).

    Parameters
    ----------
    bands : float32, shape (steps, BANDS), in dB
        Of the surroundings too: what is loud and what is quiet is taken from all of them.
    likeness : float32, shape (steps,)
    silero : float32, shape (steps within, WAYS), or None
        The logits of its ways of reading; None where it is not asked.
    within : slice
        The steps that are judged.
    """
    level = 10 * np.log10(np.sum(10 ** (bands / 10), axis=1))
    if not level[within].size:
        return np.zeros(0, np.float32)
    if float(np.percentile(level, LOUD_PERCENTILE)) < LEAST_DB:
        return np.full(level[within].size, NOTHING, np.float32)
    seen = _seen(bands, level, likeness, within)
    if silero is None:
        return _told(seen, _weights("plain"))
    told = _told(np.concatenate((seen, silero / 4), axis=1), _weights("silero"))
    return np.asarray(told + SILERO_SHARE * silero.mean(axis=1), np.float32)


def _seen(bands: Samples, level: Samples, likeness: Samples, within: slice) -> Samples:
    """Return what the network is shown, float32, shape (steps within, ...)."""
    loud = np.percentile(level, LOUD_PERCENTILE)
    quiet = np.percentile(bands, QUIET_PERCENTILE, axis=0)
    least = np.percentile(level, QUIET_PERCENTILE)
    parts = [
        np.clip((bands[within] - loud + 30) / 20, -2.5, 2.5),
        np.clip((bands[within] - quiet) / 15 - 1, -2, 3),
        np.clip((level[within] - loud) / 15 + 1, -3, 2)[:, None],
        (np.clip(level[within] - least, 0, 60) / 15 - 1)[:, None],
        2 * likeness[within, None] - 1,
    ]
    return np.concatenate(parts, axis=1, dtype=np.float32)


def _told(seen: Samples, net: Mapping[str, Samples]) -> Samples:
    layer = np.maximum(seen @ net["w0"] + net["b0"], 0)
    steps = len(layer)
    for number, distance in enumerate(DISTANCES, 1):
        wide = np.pad(layer, ((distance, distance), (0, 0)))
        beside = np.concatenate((wide[:steps], layer, wide[2 * distance :]), axis=1)
        layer += np.maximum(beside @ net[f"w{number}"] + net[f"b{number}"], 0)
    return np.asarray((layer @ net["wo"] + net["bo"])[:, 0], np.float32)


@cache
def _weights(name: str) -> Mapping[str, Samples]:
    with np.load(Path(__file__).with_name(f"{name}.npz")) as stored:
        return {key: stored[key].astype(np.float32) for key in stored.files}
