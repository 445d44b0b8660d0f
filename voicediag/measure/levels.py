"""RMS and peak of a track, overall and every 20 ms, and its DC offset.

What
    rms = sqrt(mean(x²)), peak = max|x| and mean(x) over each hop and over the whole track; dc = mean(x).
Reference
    AES17-2020 defines dBFS by a full-scale *sine*; this module does not follow it: see differences.
Conventions
    Samples are float32, shape (frames,), in [-1, 1]. The series are linear, float32, shape (hops,). A level
    in dBFS is 20 log10 of a linear value where 1.0 is full scale; digital silence has no level, it is None, not -inf.
    A hop is a whole number of frames: where `hop_s` times the rate is none, it is rounded, and `Level.hop_s` says what
    was used (20 ms at 11,025 Hz become 220 frames, 19.95 ms). The last hop may be shorter; its rms and peak are over
    the frames it has, not over a hop padded with zeros, which would read low.
Differences
    A full-scale sine reads -3.01 dBFS rms here, as in sox, Audacity, librosa and numpy, and as in dBov (ITU-T G.100.1);
    AES17 meters (Adobe Audition by default, most mixing desks) read 0 dBFS, 3.01 dB more. The overall rms includes the
    DC offset, as sox's does; subtract dc² from rms² where it must not count.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from voicediag.measure._filters import BlockMeter, Samples, block_of, decibels, whole_frames

HOP_S = 0.02
"""Seconds a hop: the frame of most speech codecs and voice activity detectors (RFC 6716, 2.1.4: Opus)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """How loud a track is, hop by hop and overall.

    Attributes
    ----------
    rate_hz : float
    hop_frames : int
        Frames a hop; the last hop has ``frames - (hops - 1) * hop_frames``.
    frames : int
        Frames measured.
    rms, peak, mean : float32, shape (hops,), linear
        Of each hop; the mean is signed.
    rms_dbfs, peak_dbfs : float or None
        Overall; None for digital silence and for no frames at all.
    dc : float or None
        Mean of the samples, linear, signed; None for no frames.
    """

    rate_hz: float
    hop_frames: int
    frames: int
    rms: Samples
    peak: Samples
    mean: Samples
    rms_dbfs: float | None
    peak_dbfs: float | None
    dc: float | None

    @property
    def hop_s(self) -> float:
        """Seconds a hop, as measured."""
        return self.hop_frames / self.rate_hz


class LevelMeter(BlockMeter[Level]):
    """Measures `Level` from samples in pieces.

    Parameters
    ----------
    rate_hz : float
    hop_s : float
        Rounded to whole frames.
    """

    def __init__(self, rate_hz: float, hop_s: float = HOP_S) -> None:
        self._hop = whole_frames(hop_s, rate_hz)
        super().__init__(block_of(self._hop))
        self._rate_hz = rate_hz
        self._power: list[Samples] = []
        self._peak: list[Samples] = []
        self._mean: list[Samples] = []
        self._sum = 0.0
        self._energy = 0.0

    def _absorb(self, block: Samples) -> None:
        whole = block.size - block.size % self._hop
        if whole:
            self._add(block[:whole].reshape(-1, self._hop))
        if whole < block.size:
            self._add(block[whole:].reshape(1, -1))

    def _add(self, hops: Samples) -> None:
        """Take in hops of one length, shape (hops, frames)."""
        energy = np.vecdot(hops, hops)
        self._power.append(energy / np.float32(hops.shape[1]))
        self._peak.append(np.maximum(hops.max(axis=1), -hops.min(axis=1)))
        self._energy += float(energy.sum(dtype=np.float64))
        sums = hops @ np.ones(hops.shape[1], dtype=np.float32)
        self._mean.append(sums / np.float32(hops.shape[1]))
        self._sum += float(sums.sum(dtype=np.float64))

    def _summary(self) -> Level:
        empty = np.empty(0, dtype=np.float32)
        peak = np.concatenate((empty, *self._peak))
        return Level(
            rate_hz=self._rate_hz,
            hop_frames=self._hop,
            frames=self.frames,
            rms=np.sqrt(np.concatenate((empty, *self._power))),
            peak=peak,
            mean=np.concatenate((empty, *self._mean)),
            rms_dbfs=decibels(self._energy / max(self.frames, 1)),
            peak_dbfs=decibels(math.pow(float(peak.max(initial=0.0)), 2)),
            dc=self._sum / self.frames if self.frames else None,
        )


def level(samples: ArrayLike, *, rate_hz: float, hop_s: float = HOP_S) -> Level:
    """Return the level of a whole track.

    Parameters
    ----------
    samples : float32, shape (frames,), in [-1, 1]
    rate_hz : float
    hop_s : float
        Rounded to whole frames.

    Raises
    ------
    InputError
        Where the samples are not mono floats, or a rate or hop is not positive.

    Examples
    --------
    >>> tone = np.sin(2 * np.pi * 1_000 * np.arange(16_000) / 16_000)
    >>> round(level(tone, rate_hz=16_000).rms_dbfs, 2)
    -3.01
    """
    return LevelMeter(rate_hz, hop_s).push(samples).result()
