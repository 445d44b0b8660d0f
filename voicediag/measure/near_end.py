"""What a canceller does to the user's own voice where the agent is silent.

What is measured
    How much louder the voice is behind the canceller, and by how much its spectrum changes beside that.
Formula
    The power of each band of `measure.single_talk`, summed over the windows in which only the user speaks, after over
    before. `level_db` is the change of the whole; `spectrum_db` is the RMS over the bands that hold a
    voice of what differs from that.
Conventions
    dB; negative where the canceller takes off. float32 samples of one rate that begin together.
Differences from other tools
    No opinion score: a canceller that mutes everything is rated well by those.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voicediag.measure._filters import Samples
from voicediag.measure.single_talk import HOP_S, SingleTalk, band_powers

# House rule: two seconds of speech hold most sounds of a language.
LEAST_S = 2.0
# A band this far below the loudest holds the room.
VOICED_DB = 40.0
TINY = 1e-20


@dataclass(frozen=True, slots=True, kw_only=True)
class NearEnd:
    """What became of the user's voice.

    Attributes
    ----------
    level_db : float
    spectrum_db : float
    speech_s : float
        How much speech it was measured over.
    """

    level_db: float
    spectrum_db: float
    speech_s: float


def near_end(before: Samples, after: Samples, talk: SingleTalk, *, rate_hz: int) -> NearEnd | None:
    """Return what became of the user's voice, or None where the user is alone for less than `LEAST_S`.

    Parameters
    ----------
    before, after : float32, shape (frames,)
    talk : SingleTalk
    rate_hz : int
    """
    if talk.user_s < LEAST_S:
        return None
    hops = np.repeat(talk.user, round(talk.window_s / HOP_S))
    first, second = (_bands(samples, hops, rate_hz) for samples in (before, after))
    voiced = first > first.max() * 10 ** (-VOICED_DB / 10)
    change_db = 10 * np.log10((second[voiced] + TINY) / (first[voiced] + TINY))
    level_db = 10 * float(np.log10((second.sum() + TINY) / (first.sum() + TINY)))
    return NearEnd(
        level_db=level_db,
        spectrum_db=float(np.sqrt(np.mean((change_db - level_db) ** 2))),
        speech_s=talk.user_s,
    )


def _bands(samples: Samples, hops: np.ndarray, rate_hz: int) -> np.ndarray:
    powers = band_powers(samples, rate_hz)
    count = min(hops.size, powers.shape[0])
    return np.asarray(powers[:count][hops[:count]].sum(axis=0))
