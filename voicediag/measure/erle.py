"""What a canceller took off the echo: its echo return loss enhancement (ERLE), over time.

What is measured
    The level of the microphone before a canceller over that behind it, in windows in which only the agent speaks.
Formula
    ERLE = 10 log10(P_before / P_after) for each window (ITU-T G.168 defines it for single talk). `steady_db` is the
    median over the second half of them; it has converged once the running median of a second comes within `NEAR_DB` of
    that and the canceller was worth it at all.
Conventions
    Positive dB where the canceller removes something. float32 samples of one rate that begin together; a canceller that
    is late by some milliseconds changes nothing.
Differences from other tools
    Never over double talk: there the user's voice would be counted as echo that stayed. An ERLE ends at the room's
    noise, so the level of what stayed stands beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from voicediag.measure._filters import Samples
from voicediag.measure.single_talk import SingleTalk

# Two seconds of the agent alone: a median of fewer windows says nothing.
LEAST_WINDOWS = 8
NEAR_DB = 3.0
# A canceller that takes off less than this has not converged, it has failed.
WORTH_DB = 6.0
TINY = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Erle:
    """What a canceller took off.

    Attributes
    ----------
    times_s : float64, shape (windows,)
        Where each window with the agent alone begins.
    erle_db : float64, shape (windows,)
    steady_db : float or None
        Median over the second half; None with fewer than `LEAST_WINDOWS` windows.
    converged_s : float or None
        How long the agent was alone before the canceller had converged; None where it never did.
    before_dbfs, after_dbfs : float or None
        Level of the echo over the second half, without and with the canceller; None for digital silence.
    """

    times_s: NDArray[np.float64] = field(repr=False)
    erle_db: NDArray[np.float64] = field(repr=False)
    steady_db: float | None
    converged_s: float | None
    before_dbfs: float | None
    after_dbfs: float | None

    @property
    def windows(self) -> int:
        """How many windows there are."""
        return int(self.erle_db.size)


def erle(before: Samples, after: Samples, talk: SingleTalk, *, rate_hz: int) -> Erle:
    """Return what a canceller took off.

    Parameters
    ----------
    before, after : float32, shape (frames,)
        The microphone without and with the canceller.
    talk : SingleTalk
        Who is alone in `before`, from its first frame on.
    rate_hz : int
    """
    size = round(talk.window_s * rate_hz)
    count = min(talk.agent.size, before.size // size, after.size // size)
    alone = np.flatnonzero(talk.agent[:count])
    first, second = (_powers(samples, size, alone) for samples in (before, after))
    erle_db = 10 * np.log10((first + TINY) / (second + TINY))
    late = slice(alone.size // 2, None)
    steady_db = float(np.median(erle_db[late])) if alone.size >= LEAST_WINDOWS else None
    return Erle(
        times_s=np.asarray(alone * talk.window_s, np.float64),
        erle_db=erle_db,
        steady_db=steady_db,
        converged_s=_converged_s(erle_db, steady_db, talk.window_s),
        before_dbfs=_level(first[late]),
        after_dbfs=_level(second[late]),
    )


def _converged_s(erle_db: NDArray[np.float64], steady_db: float | None, window_s: float) -> float | None:
    """Return when the running median of a second first comes near what is reached in the end."""
    if steady_db is None or steady_db < WORTH_DB:
        return None
    size = round(1 / window_s)
    running = np.median(np.lib.stride_tricks.sliding_window_view(erle_db, size), axis=1)
    return float(np.argmax(running >= steady_db - NEAR_DB)) * window_s


def _powers(samples: Samples, size: int, windows: NDArray[np.intp]) -> NDArray[np.float64]:
    cut = samples[: samples.size // size * size].reshape(-1, size)[windows].astype(np.float64)
    return np.asarray(np.mean(cut**2, axis=1))


def _level(powers: NDArray[np.float64]) -> float | None:
    power = float(powers.mean()) if powers.size else 0.0
    return 10 * float(np.log10(power)) if power > TINY else None
