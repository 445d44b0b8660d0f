"""The loudness of a track: integrated, short-term and momentary, in LUFS.

What
    How loud a programme sounds, which rms does not say: low and high frequencies are weighted as the ear does, and
    pauses do not count.
Formula
    z = mean square of the K-weighted signal over 400 ms, every 100 ms; l = -0.691 + 10 log10 z. Integrated: the mean
    of the z of blocks with l above both -70 LUFS and the level that lies 10 LU under the mean of those above -70.
    Momentary: l over 400 ms. Short-term: l over 3 s. The maxima of both are taken every 100 ms.
Reference
    ITU-R BS.1770-5 (11/2023), Annex 1; EBU R 128 (2023) and EBU Tech 3341 (2023) for the time scales.
Conventions
    Samples are float32, shape (frames,), in [-1, 1]. One track is one channel of weight 1.0, so that a full-scale sine
    of 997 Hz reads -3.01 LUFS at 48 kHz. Only whole 100 ms count; the last piece of a track is left out, and a track
    shorter than the time scale, or without a block above the gates, reads None.
Differences
    The standard gives its filters at 48 kHz only. As in libebur128 they are derived from their analogue prototypes by
    the bilinear transform for any rate. Two choices differ between tools. (1) The gain of the high-pass: the standard's
    numerator is (1, -2, 1), which at 48 kHz amounts to +0.043 dB; libebur128 keeps that numerator at every rate, which
    grows to +0.26 dB at 8 kHz; pyloudnorm's own filters have no such gain and read 0.041 LU low at 48 kHz. Here the
    gain of 48 kHz holds at every rate. (2) At 8 and 16 kHz the bilinear transform bends the shelf: 997 Hz reads
    0.20 and 0.05 LU lower than at 48 kHz, here as in all of these tools.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from voicediag.measure._filters import ROW_FRAMES, BlockFilter, BlockMeter, Matrix, Samples, block_of, whole_frames

Section: TypeAlias = tuple[Matrix, Matrix]

STEP_S = 0.1
"""BS.1770-5, Annex 1: gating blocks overlap by 75 % of 400 ms."""
MOMENTARY_STEPS = 4
"""BS.1770-5, Annex 1: gating blocks of 400 ms; EBU Tech 3341: the momentary time scale, the same."""
SHORT_TERM_STEPS = 30
"""EBU Tech 3341: the short-term time scale, 3 s."""
OFFSET_LU = -0.691
"""BS.1770-5, Annex 1: undoes the gain of the K-weighting at 997 Hz."""
ABSOLUTE_GATE_LUFS = -70.0
"""BS.1770-5, Annex 1: Γa."""
RELATIVE_GATE_LU = -10.0
"""BS.1770-5, Annex 1: Γr lies 10 LU under the absolutely gated loudness."""

SHELF_HZ, SHELF_DB, SHELF_Q = 1681.974450955533, 3.999843853973347, 0.7071752369554196
"""The prototype of BS.1770-5's table 1, as solved from it in libebur128 and by B. De Man (AES e-brief, 2018)."""
SHELF_SLOPE = 0.4996667741545416
"""The power of the shelf's gain at its centre frequency, of the same source."""
HIGH_PASS_HZ, HIGH_PASS_Q = 38.13547087602444, 0.5003270373238773
"""The prototype of BS.1770-5's table 2, likewise."""
DESIGN_HZ = 48_000.0
"""The rate of the standard's tables."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loudness:
    """How loud a track sounds.

    Attributes
    ----------
    rate_hz : float
    frames : int
    integrated_lufs : float or None
        None where no block passes the gates.
    max_momentary_lufs, max_short_term_lufs : float or None
        None where the track is shorter than 0.4 s and 3 s, or holds digital silence only.
    blocks, gated_blocks : int
        Blocks of 400 ms measured, and those of them that passed both gates.
    """

    rate_hz: float
    frames: int
    integrated_lufs: float | None
    max_momentary_lufs: float | None
    max_short_term_lufs: float | None
    blocks: int
    gated_blocks: int


def k_weighting(rate_hz: float) -> tuple[Section, Section]:
    """Return the two filters of the K-weighting for a rate: the high-pass, then the shelf.

    Returns
    -------
    (b, a), (b, a) : float64, shape (3,) each
        Numerators and denominators. At 48 kHz they are those of BS.1770-5, Annex 1, tables 2 and 1.
    """
    return _high_pass(rate_hz), _shelf(rate_hz)


def _high_pass(rate_hz: float) -> Section:
    under = _resonance(rate_hz, HIGH_PASS_HZ, HIGH_PASS_Q)
    gain = _resonance(DESIGN_HZ, HIGH_PASS_HZ, HIGH_PASS_Q)[0] / under[0]
    return gain * np.array([1.0, -2.0, 1.0]), under / under[0]


def _shelf(rate_hz: float) -> Section:
    k = math.tan(math.pi * SHELF_HZ / rate_hz)
    high = 10.0 ** (SHELF_DB / 20.0)
    centre = high**SHELF_SLOPE * k / SHELF_Q
    under = _resonance(rate_hz, SHELF_HZ, SHELF_Q)
    over = np.array([high + centre + k * k, 2.0 * (k * k - high), high - centre + k * k])
    return over / under[0], under / under[0]


def _resonance(rate_hz: float, centre_hz: float, q: float) -> Matrix:
    """Return s² + s / q + 1 at the centre frequency, by the bilinear transform, as a polynomial in 1 / z."""
    k = math.tan(math.pi * centre_hz / rate_hz)
    return np.array([1.0 + k / q + k * k, 2.0 * (k * k - 1.0), 1.0 - k / q + k * k])


class LoudnessMeter(BlockMeter[Loudness]):
    """Measures `Loudness` from samples in pieces.

    Keeps one number for every 100 ms.

    Parameters
    ----------
    rate_hz : float
        Above 4 kHz: the shelf of the K-weighting must lie under half of it.
    absolute_gate_lufs, relative_gate_lu : float
        The gates of the integrated loudness.
    """

    def __init__(
        self,
        rate_hz: float,
        *,
        absolute_gate_lufs: float = ABSOLUTE_GATE_LUFS,
        relative_gate_lu: float = RELATIVE_GATE_LU,
    ) -> None:
        self._step = whole_frames(STEP_S, rate_hz)
        super().__init__(block_of(self._step, ROW_FRAMES))
        self._rate_hz = rate_hz
        self._absolute_gate = absolute_gate_lufs
        self._relative_gate = relative_gate_lu
        self._weigh = BlockFilter(*k_weighting(rate_hz))
        self._power: list[Samples] = []

    def _absorb(self, block: Samples) -> None:
        steps = block.size // self._step
        if not block.any() and self._weigh.silent:
            self._power.append(np.zeros(steps, dtype=np.float32))
            return
        weighted = self._weigh(block)[: steps * self._step].reshape(-1, self._step)
        self._power.append(np.vecdot(weighted, weighted) / np.float32(self._step))

    def _summary(self) -> Loudness:
        power = np.concatenate((np.empty(0), *self._power), dtype=np.float64)
        momentary = _sliding_mean(power, MOMENTARY_STEPS)
        gated = _gated(momentary, absolute_gate=self._absolute_gate, relative_gate=self._relative_gate)
        return Loudness(
            rate_hz=self._rate_hz,
            frames=self.frames,
            integrated_lufs=_lufs(float(gated.mean())) if gated.size else None,
            max_momentary_lufs=_lufs(float(momentary.max(initial=0.0))),
            max_short_term_lufs=_lufs(float(_sliding_mean(power, SHORT_TERM_STEPS).max(initial=0.0))),
            blocks=momentary.size,
            gated_blocks=gated.size,
        )


def _sliding_mean(values: Matrix, length: int) -> Matrix:
    """Return the means of each `length` neighbours; none where there are fewer."""
    if values.size < length:
        return np.empty(0)
    means: Matrix = np.lib.stride_tricks.sliding_window_view(values, length).mean(axis=1)
    return means


def _gated(power: Matrix, *, absolute_gate: float, relative_gate: float) -> Matrix:
    """Return the block powers z_j above both gates."""
    loud = power[power > _power(absolute_gate)]
    if not loud.size:
        return loud
    passed: Matrix = loud[loud > loud.mean() * 10.0 ** (relative_gate / 10.0)]
    return passed


def _power(lufs: float) -> float:
    return float(10.0 ** ((lufs - OFFSET_LU) / 10.0))


def _lufs(power: float) -> float | None:
    """Return l = -0.691 + 10 log10 z, or None for nothing."""
    return OFFSET_LU + 10.0 * math.log10(power) if power > 0 else None


def measure_loudness(
    samples: ArrayLike,
    *,
    rate_hz: float,
    absolute_gate_lufs: float = ABSOLUTE_GATE_LUFS,
    relative_gate_lu: float = RELATIVE_GATE_LU,
) -> Loudness:
    """Return the loudness of a whole track.

    Parameters
    ----------
    samples : float32, shape (frames,), in [-1, 1]
    rate_hz : float
        Above 4 kHz.
    absolute_gate_lufs, relative_gate_lu : float
        The gates of the integrated loudness.

    Raises
    ------
    InputError
        Where the samples are not mono floats, or the rate is not above 4 kHz.
    """
    meter = LoudnessMeter(rate_hz, absolute_gate_lufs=absolute_gate_lufs, relative_gate_lu=relative_gate_lu)
    return meter.push(samples).result()
