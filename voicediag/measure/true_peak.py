"""The true peak of a track: how high the waveform rises between its samples.

What
    The largest magnitude after 4-fold interpolation. A converter or a resampler draws the curve through the samples,
    and that curve may exceed full scale (and clip) where no sample does.
Formula
    Four FIR phases of 12 taps, y_p[n] = Σ_k h_p[k] x[n - k]; true peak = max over p and n of |y_p[n]|.
Reference
    ITU-R BS.1770-5 (11/2023), Annex 2, with the 48 coefficients of its table; EBU Tech 3341.
Conventions
    Samples are float32, shape (frames,), in [-1, 1]; the result is in dBTP, 0 dBTP = full scale, None for digital
    silence. What lies before the first and after the last sample counts as silence. The annex names 4-fold
    interpolation for 48 kHz; it is 4-fold here for every rate, which overreads nothing above 48 kHz.
Speed
    Exact, but not everything is interpolated: |y_p[n]| <= max|x| Σ_k|h_p[k]|, so 64 frames whose sample peak times
    that sum (2.02) cannot beat the peak found so far are passed over.
Differences
    The result is never below the sample peak, as in libebur128; the annex's four phases pass beside the samples and may
    miss a lone one by 0.25 dB. EBU Tech 3341, table 1, allows +0.2 and -0.4 dB for any meter of this kind.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from voicediag.measure._filters import BLOCK_FRAMES, BlockMeter, Samples, decibels, whole_frames

_PHASE_0 = (
    0.0017089843750, 0.0109863281250, -0.0196533203125, 0.0332031250000, -0.0594482421875, 0.1373291015625,
    0.9721679687500, -0.1022949218750, 0.0476074218750, -0.0266113281250, 0.0148925781250, -0.0083007812500,
)  # fmt: skip
_PHASE_1 = (
    -0.0291748046875, 0.0292968750000, -0.0517578125000, 0.0891113281250, -0.1665039062500, 0.4650878906250,
    0.7797851562500, -0.2003173828125, 0.1015625000000, -0.0582275390625, 0.0330810546875, -0.0189208984375,
)  # fmt: skip
PHASES = np.array([_PHASE_0, _PHASE_1, _PHASE_1[::-1], _PHASE_0[::-1]], dtype=np.float32)
"""BS.1770-5, Annex 2: h_p[k], shape (4 phases, 12 taps); the later phases mirror the earlier."""

GAIN_BOUND = float(np.abs(PHASES).sum(axis=1).max())
"""No sample of any phase exceeds the peak of its 12 inputs by more than this factor."""

GROUP_FRAMES = 64
"""Frames passed over or interpolated together."""

_TAPS = PHASES.shape[1]


def _interpolator() -> Samples:
    """Return the matrix from 11 + GROUP_FRAMES samples to 4 GROUP_FRAMES interpolated ones."""
    matrix = np.zeros((GROUP_FRAMES + _TAPS - 1, GROUP_FRAMES, len(PHASES)), dtype=np.float32)
    for frame in range(GROUP_FRAMES):
        matrix[frame : frame + _TAPS, frame] = PHASES[:, ::-1].T
    return matrix.reshape(len(matrix), -1)


_INTERPOLATOR = _interpolator()


@dataclass(frozen=True, slots=True, kw_only=True)
class TruePeak:
    """The highest point of the waveform.

    Attributes
    ----------
    rate_hz : float
    frames : int
    true_peak_dbtp : float or None
        None for digital silence and for no frames.
    """

    rate_hz: float
    frames: int
    true_peak_dbtp: float | None


class TruePeakMeter(BlockMeter[TruePeak]):
    """Measures `TruePeak` from samples in pieces.

    Parameters
    ----------
    rate_hz : float
    """

    def __init__(self, rate_hz: float) -> None:
        whole_frames(1.0, rate_hz)  # Refuses a rate that is none.
        super().__init__(BLOCK_FRAMES)
        self._rate_hz = rate_hz
        self._before = np.zeros(_TAPS - 1, dtype=np.float32)
        self._peak = 0.0

    def _absorb(self, block: Samples) -> None:
        edge = float(np.abs(self._before).max())
        top = max(edge, float(block.max(initial=0.0)), -float(block.min(initial=0.0)))
        if top * GAIN_BOUND > self._peak:
            self._interpolate(np.concatenate((self._before, block)))
        self._before = np.concatenate((self._before, block[1 - _TAPS :]))[1 - _TAPS :]

    def _finish(self, rest: Samples) -> None:
        self._absorb(np.concatenate((rest, np.zeros(_TAPS - 1, dtype=np.float32))))

    def _interpolate(self, samples: Samples) -> None:
        """Raise the peak to that of the samples from the twelfth on; the first eleven are what came before."""
        frames = samples.size - (_TAPS - 1)
        padded = np.pad(samples, (0, -frames % GROUP_FRAMES))
        groups = padded[_TAPS - 1 :].reshape(-1, GROUP_FRAMES)
        peaks = np.maximum(groups.max(axis=1), -groups.min(axis=1))
        self._peak = max(self._peak, float(peaks.max(initial=0.0)))
        reach = np.maximum(peaks, np.concatenate(([np.abs(samples[: _TAPS - 1]).max()], peaks[:-1])))
        chosen = np.flatnonzero(reach * GAIN_BOUND > self._peak)
        windows = np.lib.stride_tricks.sliding_window_view(padded, len(_INTERPOLATOR))[::GROUP_FRAMES]
        between = windows[chosen] @ _INTERPOLATOR
        self._peak = max(self._peak, float(between.max(initial=0.0)), -float(between.min(initial=0.0)))

    def _summary(self) -> TruePeak:
        return TruePeak(rate_hz=self._rate_hz, frames=self.frames, true_peak_dbtp=decibels(self._peak**2))


def measure_true_peak(samples: ArrayLike, *, rate_hz: float) -> TruePeak:
    """Return the true peak of a whole track.

    Parameters
    ----------
    samples : float32, shape (frames,), in [-1, 1]
    rate_hz : float

    Raises
    ------
    InputError
        Where the samples are not mono floats, or the rate is not positive.
    """
    return TruePeakMeter(rate_hz).push(samples).result()
