"""The active speech level of a track: how loud the speech is while somebody speaks.

What
    The rms of a track falls with every pause; the active level does not. It is the level to compare voices,
    microphones and limits by, and the "speech level" of a signal-to-noise ratio.
Formula
    Envelope: |x| through two one-pole filters of 30 ms, q = g q + (1 - g) p, p = g p + (1 - g) |x|, g = exp(-t / T).
    For thresholds c_j = 2^-15 ... 2^-1, a_j counts the time with q >= c_j within the last 200 ms (the hangover).
    A_j = 10 log10(Σx² / a_j); the active level is A where A - 20 log10 c crosses the margin of 15.9 dB.
Reference
    ITU-T P.56 (12/2011), method B; ITU-T G.191 STL, sv-p56.c, for the digital form.
Conventions
    Samples are float32, shape (frames,), in [-1, 1]. 0 dBov is the power of full-scale DC or of a full-scale square
    wave (ITU-T G.100.1), 1.0 here, so a full-scale sine is -3.01 dBov. That is also the reference of this package's
    dBFS, so the two may be subtracted. The activity factor is the share of the time counted as speech, hangovers
    included, as P.56 wants them. Silence, or speech that never clears the margin above the lowest threshold, is None.
Differences
    The envelope runs on means of |x| over about 1 ms instead of on every sample (energies are summed on every
    sample); against the literal form that moves the level by less than 0.02 dB (480 clips of 1 s and more). The
    crossing is interpolated exactly, linearly in dB; the STL stops its search within 0.5 dB of it. P.56 band-limits
    speech to 200-5500 Hz for analogue lines; as in the STL's default this is not done here, so hum and DC offset count.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from voicediag.measure._filters import ROW_FRAMES, BlockFilter, BlockMeter, Samples, block_of, decibels, whole_frames

TIME_CONSTANT_S = 0.03
"""P.56, method B: T, of each of the two one-pole filters."""
HANGOVER_S = 0.2
"""P.56, method B: H."""
MARGIN_DB = 15.9
"""P.56, method B: M, the distance of the threshold below the active level."""
THRESHOLDS = 15
"""P.56, method B, and the STL: powers of two from one step of 16 bits, 2^-15, to half of full scale, 2^-1."""
STEP_S = 0.001
"""Resolution of the envelope: a thirtieth of its time constant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveLevel:
    """How loud the speech of a track is.

    Attributes
    ----------
    rate_hz : float
    frames : int
    active_speech_dbov : float or None
        None where nothing counts as speech.
    activity_factor : float or None
        Share of the time that is speech, 0 to 1; None with the level.
    long_term_dbov : float or None
        Level over all frames, pauses included; None for digital silence.
    """

    rate_hz: float
    frames: int
    active_speech_dbov: float | None
    activity_factor: float | None
    long_term_dbov: float | None


class ActiveLevelMeter(BlockMeter[ActiveLevel]):
    """Measures `ActiveLevel` from samples in pieces.

    Parameters
    ----------
    rate_hz : float
    margin_db : float
        How far under the active level the threshold of speech lies.
    hangover_s : float
        How long speech lasts on after its envelope fell below the threshold.
    """

    def __init__(self, rate_hz: float, *, margin_db: float = MARGIN_DB, hangover_s: float = HANGOVER_S) -> None:
        self._step = whole_frames(STEP_S, rate_hz)
        super().__init__(block_of(self._step * ROW_FRAMES))
        self._rate_hz = rate_hz
        self._margin_db = margin_db
        step_s = self._step / rate_hz
        hangover = whole_frames(hangover_s, 1.0 / step_s)
        pole = math.exp(-step_s / TIME_CONSTANT_S)
        self._envelope = BlockFilter(*2 * [([1.0 - pole, 0.0], [1.0, -pole])])
        self._mean = np.full(self._step, 1.0 / self._step, dtype=np.float32)
        self._recent = np.zeros(hangover, dtype=np.float32)
        self._counts = np.zeros(THRESHOLDS + 1, dtype=np.int64)
        self._energy = 0.0

    def _absorb(self, block: Samples) -> None:
        self._energy += float(np.vdot(block, block))
        steps = block.size // self._step
        rectified = np.abs(block[: steps * self._step]).reshape(-1, self._step) @ self._mean
        envelope = np.concatenate((self._recent, self._envelope(rectified)))
        held = _sliding_maximum(envelope, self._recent.size + 1)
        # 2^(e-1) <= m < 2^e: the thresholds 2^-15 ... 2^(e-1) are reached, which are e + 15 of them.
        reached = np.clip(np.frexp(held)[1] + THRESHOLDS, 0, THRESHOLDS)
        reached[held <= 0] = 0
        self._counts += np.bincount(reached, minlength=THRESHOLDS + 1)
        self._recent = envelope[envelope.size - self._recent.size :]

    def _summary(self) -> ActiveLevel:
        active_steps = np.cumsum(self._counts[::-1])[::-1][1:]
        level_db = _crossing(self._energy, active_steps * self._step, margin_db=self._margin_db)
        long_term_db = decibels(self._energy / max(self.frames, 1))
        return ActiveLevel(
            rate_hz=self._rate_hz,
            frames=self.frames,
            active_speech_dbov=level_db,
            activity_factor=_ratio(long_term_db, level_db),
            long_term_dbov=long_term_db,
        )


def _ratio(part_db: float | None, whole_db: float | None) -> float | None:
    """Return a power as a share of another, at most 1; None where either has no level."""
    if part_db is None or whole_db is None:
        return None
    return float(min(1.0, 10.0 ** ((part_db - whole_db) / 10.0)))


def _sliding_maximum(values: Samples, length: int) -> Samples:
    """Return the maximum of each `length` neighbours, shape (values - length + 1,), by doubling the reach."""
    reach, held = 1, values
    while reach < length:
        shift = min(reach, length - reach)
        held = np.maximum(held[:-shift], held[shift:])
        reach += shift
    return held


def _crossing(energy: float, active_frames: NDArray[np.int64], *, margin_db: float) -> float | None:
    """Return A where A - C crosses the margin, A and C joined by straight lines in dB; None where it never does.

    A rises and C rises faster from threshold to threshold, so that their distance falls.
    """
    heard = np.flatnonzero(active_frames)
    if not heard.size or energy <= 0:
        return None
    active_db = 10.0 * np.log10(energy / active_frames[heard])
    distance_db = active_db - 20.0 * np.log10(2.0) * (heard - THRESHOLDS)
    under = np.flatnonzero(distance_db <= margin_db)
    if not under.size or under[0] == 0:
        return None
    j = int(under[0])
    share = (distance_db[j - 1] - margin_db) / (distance_db[j - 1] - distance_db[j])
    return float(active_db[j - 1] + share * (active_db[j] - active_db[j - 1]))


def measure_active_level(
    samples: ArrayLike, *, rate_hz: float, margin_db: float = MARGIN_DB, hangover_s: float = HANGOVER_S
) -> ActiveLevel:
    """Return the active speech level of a whole track.

    Parameters
    ----------
    samples : float32, shape (frames,), in [-1, 1]
    rate_hz : float
    margin_db, hangover_s : float
        As in `ActiveLevelMeter`.

    Raises
    ------
    InputError
        Where the samples are not mono floats, or the rate is not positive.
    """
    return ActiveLevelMeter(rate_hz, margin_db=margin_db, hangover_s=hangover_s).push(samples).result()
