"""Samples of a track at which two pieces of sound meet that do not belong together.

What
    Where a chunk was cut out and the time closed up, or two chunks changed places, nothing falls silent; but over one
    sample the sound goes on as neither side foretells. No voice does that: a glottal pulse surprises those who come
    from before it, and not those who come from behind.
Method
    In each `BLOCK_S` the sample at which the second difference stands out the most over that around it, by `CREST`
    or more, is asked, with its neighbours, as `voicediag.measure.joins` asks joins that are known.
Conventions
    A seam is the frame after it. It must have live sound on both sides: no more than `LIVE_DB` below the track's loud
    parts. The two edges of a gap are seams too, where it is short.
Measured
    `benchmarks.starvation_chunks`. Of 70 minutes of 29 sources of voices two files have three seams in a minute: one is
    cut up indeed, the other is of a synthesiser that strings diphones together. A click sounds like a seam.
Differences
    What came over seams hides them: a resampler many, G.711 all, Opus and noise most.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from voicediag.measure import joins
from voicediag.measure._filters import Frames, Samples
from voicediag.measure.points.grid import Sound

BLOCK_S = 0.01
AROUND = 3
CREST = 5.0
NEAR = 2
LEAST = 18.0
# What is no seam is asked about once: a sample beside one it shows already.
BESIDE_SHARE = 0.25
LIVE_DB, LEAST_LIVE_DB = 20.0, -62.0
PIECE_S, MARGIN_S = 15.0, 0.1
APART_S = 0.005
# Below half a step of 16 bits nothing stands out.
_LEAST_STEP = 0.5 / 32_768


@dataclass(frozen=True, slots=True, kw_only=True)
class Splice:
    """A frame that does not follow the one before it.

    Attributes
    ----------
    frame : int
    surprise : float
        Error of prediction across it over that beside it, of the better of two directions.
    """

    frame: int
    surprise: float


def find_splices(sound: Sound, *, least: float = LEAST, first_look_s: float = math.inf) -> tuple[Splice, ...]:
    """Return the seams of a track, in order.

    Parameters
    ----------
    sound : Sound
        What has `rate_hz`, `frames` and `read(start, frames)`, as the sources of tracks do.
    least : float
        The surprise from which on a place is a seam.
    first_look_s : float
        Of a longer track so much is searched, in pieces from all over it, and the rest only where they hold one.
    """
    piece = round(PIECE_S * sound.rate_hz)
    begins = range(0, sound.frames, piece)
    step = max(1, math.ceil(sound.frames / (first_look_s * sound.rate_hz)))
    found = [each for begin in begins[::step] for each in _in_piece(sound, begin, piece, least)]
    if found:
        rest = (begin for number, begin in enumerate(begins) if number % step)
        found += [each for begin in rest for each in _in_piece(sound, begin, piece, least)]
    return tuple(sorted(found, key=lambda each: each.frame))


def _in_piece(sound: Sound, begin: int, size: int, least: float) -> Iterator[Splice]:
    """Yield the seams of one piece; of any that are close the first."""
    rate_hz, margin = sound.rate_hz, round(MARGIN_S * sound.rate_hz)
    low = max(0, begin - margin)
    samples = sound.read(low, min(sound.frames, begin + size + margin) - low)
    places, live_rms = _candidates(samples, rate_hz)
    places = places[(places >= begin - low) & (places < begin - low + size)]
    likely = joins.surprise(samples, places, rate_hz=rate_hz, live_rms=live_rms) >= BESIDE_SHARE * least
    asked = places[likely, None] + np.arange(-NEAR, NEAR + 1)
    told = joins.surprise(samples, asked.ravel(), rate_hz=rate_hz, live_rms=live_rms).reshape(asked.shape)
    told = np.nan_to_num(told, nan=0.0)
    frames = np.take_along_axis(asked, told.argmax(axis=1)[:, None], axis=1)[:, 0] if asked.size else asked[:, 0]
    last = -samples.size
    for frame, surprise in zip(frames.tolist(), told.max(axis=1, initial=0.0).tolist(), strict=True):
        if surprise >= least and frame - last > APART_S * rate_hz:
            yield Splice(frame=frame + low, surprise=surprise)
            last = frame


def _candidates(samples: Samples, rate_hz: int) -> tuple[Frames, float]:
    """Return the sample of each block that stands out, where one does, and the RMS from which on sound is live."""
    block = max(1, round(BLOCK_S * rate_hz))
    count = (samples.size - 2) // block
    if count < 2 * AROUND + 1:
        return np.empty(0, np.int64), 1.0
    moved = np.abs(np.diff(samples, 2))[: count * block].reshape(count, block)
    power = np.square(moved).mean(axis=1, dtype=np.float64)
    wide = np.convolve(np.pad(power, AROUND, mode="edge"), np.ones(2 * AROUND + 1), "valid")
    beside = np.sqrt(np.maximum(0, wide - power) / (2 * AROUND))
    level = np.square(samples[: count * block].reshape(count, block)).mean(axis=1, dtype=np.float64)
    loud_rms = math.sqrt(float(np.percentile(level, 95)))
    live_rms = max(10 ** (LEAST_LIVE_DB / 20), loud_rms * 10 ** (-LIVE_DB / 20))
    tops = moved.argmax(axis=1)
    stands_out = moved[np.arange(count), tops] > CREST * beside + _LEAST_STEP
    at = np.flatnonzero(stands_out & (level > live_rms**2))
    return np.asarray(at * block + tops[at] + 2, np.int64), live_rms
