"""Stretches of a track that repeat the samples just before them exactly.

What
    A capture or playback buffer that was delivered twice repeats N samples bit for bit. (One that was
    never delivered leaves a dropout: see `voicediag.measure.silence`.)
Formula
    Repeat: the longest stretch with x[n] = x[n - lag] for some lag of `min_s` to `max_lag_s`, at least `min_s` long.
    Places are found by content: wherever a hash of two neighbouring samples exceeds a threshold (one sample in 16
    at 16 kHz), the hash of four samples is a key; equal keys within `max_lag_s` are compared sample by sample.
    The choice depends on content only, so a copy offers the same places as its original.
Reference
    Choosing places by hash: S. Schleimer, D. Wilkerson and A. Aiken, "Winnowing: local algorithms for document
    fingerprinting", SIGMOD 2003. Collision entropy: A. Rényi, 1961.
Conventions
    Samples are float32, shape (frames,), in [-1, 1]. A repeat is told by the frames that came again, not by the
    original: [start, start + frames), equal to the frames `lag` earlier. A buffer of N delivered k + 1 times is one
    repeat of k N frames with lag N.
What does not count as a repeat
    Constant runs. Sound so simple that equality is chance: the stretch must be worth `min_bits`, its length times the
    collision entropy -log2 P(x[n] = x[n - l]) measured at neighbouring lags, which silences a few steps of dither and
    coarse G.711 noise. Tones: four lines holding `tone_share` of the energy of one period, or ten lines that of 64 ms
    under a Hann window, or more than `max_times` repetitions. A synthetic sound of many harmonics whose period is a
    whole number of samples, played for fewer periods than that, cannot be told from a stuck buffer and is reported.
Differences
    Concealment that cross-fades (NetEq, Opus) never repeats exactly and is not seen here, nor is a repeat that was
    resampled or coded with loss afterwards (`voicediag.measure.heard_twice` sees it). Frames cut out without a trace
    are not looked for either: a seam alone does not stand out reliably from plosives and clicks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from voicediag.measure._filters import BLOCK_FRAMES, Frames, Samples, WindowMeter, whole_frames

MIN_S = 0.005
"""Shorter than the usual packets (RFC 6716, 2.1.4: 10 and 20 ms), longer than the pitch periods of a child."""
MAX_LAG_S = 0.5
"""Two of the largest buffers in use, 4,096 frames at 16 kHz."""
MIN_BITS = 64.0
"""Chance of one false repeat in 2^64 comparisons, if samples were independent; they are not, hence the margin."""
MIN_PEAK = 8.0 / 32_768.0
"""Eight steps of int16: places quieter than this are not looked at."""
TONE_LINES = 4
"""Spectral lines of a call-progress tone: two frequencies (ITU-T E.180, Q.23), two spare."""
TONE_SHARE = 0.999
"""Energy share of those lines. Of 2,100 random pieces of speech, 5 to 250 ms long, none of 10 ms or more exceeds it and
under 1 % of the shorter ones; a tone in 16 bits does from about -60 dBFS on, for all the noise of its quantisation."""
TONE_S = 0.064
"""Of sound that goes on with a stretch, to tell whether it is a tone: 3 in 1,000 such pieces of speech are as pure."""
MAX_TIMES = 16.0
"""Repetitions in a row from which on a stretch is a synthetic periodic sound."""

_MIN_LAG = 64
"""Frames: the smallest buffer that sound systems hand out."""
_DENSITY = 5.0
"""Places expected in the shortest stretch looked for: none at all has a probability of e^-5."""
_MIX = (np.uint32(2_654_435_761), np.uint32(2_246_822_519))
_MIX_WIDE = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93)
"""Odd multipliers, of D. Knuth's multiplicative hash and Y. Collet's xxHash: they only choose places."""
_POSITION_BITS = 24
_CHECKED = 16
"""Samples after a place that must be equal before a pair of places is looked at closer."""
_NEAR_LAGS = range(1, 9)
"""Where the chance of equal samples is measured."""
_MAX_LAGS = 32
"""Lags followed in one block, the best supported first: a bound on time for sound made to be hard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeats:
    """Where a track repeats itself.

    Attributes
    ----------
    rate_hz : float
    frames : int
        Frames measured.
    starts, lengths, lags : int64, shape (repeats,)
        In frames: samples [start, start + length) equal those `lag` earlier.
    """

    rate_hz: float
    frames: int
    starts: Frames
    lengths: Frames
    lags: Frames

    @property
    def total_s(self) -> float:
        """Seconds of sound that had been heard just before."""
        return float(self.lengths.sum()) / self.rate_hz


class RepeatMeter(WindowMeter[Repeats]):
    """Measures `Repeats` from samples in pieces.

    Parameters
    ----------
    rate_hz : float
    min_s, max_lag_s : float
        Shortest stretch and lag; longest lag.
    min_bits, min_peak, tone_share, max_times : float
        What a repeat must be worth; see the module.
    """

    def __init__(
        self,
        rate_hz: float,
        *,
        min_s: float = MIN_S,
        max_lag_s: float = MAX_LAG_S,
        min_bits: float = MIN_BITS,
        min_peak: float = MIN_PEAK,
        tone_share: float = TONE_SHARE,
        max_times: float = MAX_TIMES,
    ) -> None:
        self._tone_frames = whole_frames(TONE_S, rate_hz)
        self._least = max(_CHECKED, whole_frames(min_s, rate_hz))
        self._max_lag = whole_frames(max_lag_s, rate_hz)
        super().__init__(BLOCK_FRAMES, before=self._max_lag + self._least, after=0)
        self._rate_hz = rate_hz
        self._min_bits = min_bits
        self._min_peak = np.float32(min_peak)
        self._tone_share = tone_share
        self._max_times = max_times
        self._threshold = np.uint32((1.0 - min(1.0, _DENSITY / self._least)) * (2**32 - 1))
        self._found: list[tuple[int, int, int]] = []

    def _look(self, window: Samples, origin: int, starts: slice) -> None:
        del starts  # A repeat may begin in one block and end in another: the pieces are joined in the end.
        places, lags = self._pairs(window)
        for lag in _most_frequent(lags, count=_MAX_LAGS):
            for start, end in _equal_stretches(window, places[lags == lag], lag):
                if end - start >= self._least and self._is_repeat(window, start, end, lag):
                    self._found.append((lag, start + origin, end + origin))

    def _pairs(self, window: Samples) -> tuple[Frames, Frames]:
        """Return places that equal an earlier one for a few samples, and how much earlier that is."""
        places = _hashed_places(window, self._threshold)
        loud = np.maximum(np.abs(window[places]), np.abs(window[places + 1])) >= self._min_peak
        later, lags = _recurrences(window, places[loud])
        near = (lags >= _MIN_LAG) & (lags <= self._max_lag)
        later, lags = later[near], lags[near]
        indices = later[:, None] + np.arange(_CHECKED)
        equal = (window[indices] == window[indices - lags[:, None]]).all(axis=1)
        return later[equal], lags[equal]

    def _is_repeat(self, window: Samples, start: int, end: int, lag: int) -> bool:
        """Return whether equal samples in [start, end) are more than chance, silence or a tone."""
        stretch = window[start:end]
        moving = 2 * np.count_nonzero(stretch[1:] != stretch[:-1]) >= stretch.size
        worth = stretch.size * _collision_bits(stretch) >= self._min_bits
        return bool(moving and worth and not self._is_tone(window, start, end, lag))

    def _is_tone(self, window: Samples, start: int, end: int, lag: int) -> bool:
        """Return whether a stretch, or the sound that it begins or ends in, is a few lines."""
        period = window[start - lag : start]
        if end - start >= lag and _line_share(period, lines=TONE_LINES) >= self._tone_share:
            return True
        around = (window[start : start + self._tone_frames], window[max(0, end - self._tone_frames) : end])
        return any(
            _line_share(piece * np.hanning(piece.size).astype(np.float32), lines=5 * TONE_LINES // 2)
            >= self._tone_share
            for piece in around
            if 2 * piece.size > self._tone_frames
        )

    def _summary(self) -> Repeats:
        joined = _joined(self._found)
        few = [(lag, start, end) for lag, start, end in joined if end - start <= self._max_times * lag]
        kept = sorted((start, end - start, lag) for lag, start, end in _apart(few))
        starts, lengths, lags = np.array(kept, dtype=np.int64).reshape(-1, 3).T
        return Repeats(rate_hz=self._rate_hz, frames=self.frames, starts=starts, lengths=lengths, lags=lags)


def _hashed_places(window: Samples, threshold: np.uint32) -> Frames:
    """Return the places, in order, whose two samples hash above `threshold`, which zeros never do."""
    bits = window[: max(0, window.size - _CHECKED)].view(np.uint32)
    if bits.size < 2:
        return np.empty(0, dtype=np.int64)
    mixed = bits[1:] * _MIX[1]
    mixed += bits[:-1] * _MIX[0]
    return np.flatnonzero(mixed > threshold)


def _recurrences(window: Samples, places: Frames) -> tuple[Frames, Frames]:
    """Return each place whose samples were seen at an earlier one, and the distance to the last such."""
    bits = window.view(np.uint32)
    key = np.zeros(places.size, dtype=np.uint64)
    for offset, factor in enumerate(_MIX_WIDE):
        key += bits[places + offset] * np.uint64(factor)
    position_bits = np.uint64(_POSITION_BITS)
    # Key above, place below, in one number: sorted, equal keys stand together and in order of place.
    tagged = np.sort((key >> position_bits << position_bits) | places.astype(np.uint64))
    again = np.flatnonzero(tagged[1:] >> position_bits == tagged[:-1] >> position_bits)
    ordered = (tagged & np.uint64(2**_POSITION_BITS - 1)).astype(np.int64)
    return ordered[again + 1], ordered[again + 1] - ordered[again]


def _most_frequent(values: Frames, *, count: int) -> list[int]:
    distinct, counts = np.unique(values, return_counts=True)
    chosen: list[int] = distinct[np.argsort(-counts, kind="stable")[:count]].tolist()
    return chosen


def _equal_stretches(window: Samples, places: Frames, lag: int) -> list[tuple[int, int]]:
    """Return the longest stretches around `places` whose samples equal those `lag` earlier."""
    unequal = np.flatnonzero(window[lag:] != window[:-lag]) + lag
    fences = np.concatenate(([lag - 1], unequal, [window.size]))
    after = np.unique(np.searchsorted(fences, places))
    return list(zip((fences[after - 1] + 1).tolist(), fences[after].tolist(), strict=True))


def _collision_bits(stretch: Samples) -> float:
    """Return -log2 of the chance that two samples near each other are equal: bits that one equal sample is worth."""
    equal = sum(int(np.count_nonzero(stretch[lag:] == stretch[:-lag])) for lag in _NEAR_LAGS)
    return float(-np.log2(max(equal, 1) / (len(_NEAR_LAGS) * stretch.size)))


def _line_share(piece: Samples, *, lines: int) -> float:
    """Return the energy share of the strongest lines in the spectrum, offset left out."""
    power = np.abs(np.fft.rfft(piece)[1:]) ** 2
    total = float(power.sum())
    return float(np.sort(power)[-lines:].sum()) / total if total else 1.0


def _joined(found: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Return (lag, start, end) with the pieces of one lag that overlap made one."""
    joined: list[tuple[int, int, int]] = []
    for lag, start, end in sorted(found):
        if joined and joined[-1][0] == lag and start <= joined[-1][2]:
            joined[-1] = (lag, joined[-1][1], max(end, joined[-1][2]))
        else:
            joined.append((lag, start, end))
    return joined


def _apart(found: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Return the longest of any (lag, start, end) that overlap: a stuck buffer also repeats at twice its length."""
    kept: list[tuple[int, int, int]] = []
    for lag, start, end in sorted(found, key=lambda each: (each[1] - each[2], each[0])):
        if all(end <= other_start or start >= other_end for _, other_start, other_end in kept):
            kept.append((lag, start, end))
    return kept


def find_repeats(
    samples: ArrayLike,
    *,
    rate_hz: float,
    min_s: float = MIN_S,
    max_lag_s: float = MAX_LAG_S,
    min_bits: float = MIN_BITS,
    min_peak: float = MIN_PEAK,
    tone_share: float = TONE_SHARE,
    max_times: float = MAX_TIMES,
) -> Repeats:
    """Return where a whole track repeats itself.

    Parameters
    ----------
    samples : float32, shape (frames,), in [-1, 1]
    rate_hz : float
    min_s, max_lag_s, min_bits, min_peak, tone_share, max_times
        As in `RepeatMeter`.

    Raises
    ------
    InputError
        Where the samples are not mono floats, or a rate or duration is not positive.
    """
    meter = RepeatMeter(
        rate_hz,
        min_s=min_s,
        max_lag_s=max_lag_s,
        min_bits=min_bits,
        min_peak=min_peak,
        tone_share=tone_share,
        max_times=max_times,
    )
    return meter.push(samples).result()
