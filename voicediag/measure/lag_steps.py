"""Where the lag of an echo steps: when, by how much, and whether the sound says so on both sides.

Method
    A path over frames (`measure.lag_track`) names the candidates. Each must fit better than the lag on its other side
    before it and after it, by `LEAST_SUPPORT` sigmas summed over `SIDE_FRAMES` frames. Its size is that of a line
    through the frames of both sides with a step in it, so that a drift adds nothing. Its time is where the running
    product of the microphone and what the room makes of the far end, at the one lag less at the other, is greatest: the
    most likely moment of a change between two known signals in noise (Page, Biometrika 41, 1954).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from voicediag.measure.echo_frames import (
    BAND_HZ,
    FLOOR_SHARE,
    GRID_HZ,
    PHAT_EXPONENT,
    ROOM_AFTER,
    ROOM_BEFORE,
    SIZE,
    TINY,
    Curves,
    Samples,
)

# Two seconds on either side, where there are as many.
SIDE_FRAMES = 16
LEAST_SUPPORT = 40.0
# Of a side that is cut short by another step each frame must say this much on average.
LEAST_OWN = 3.0
# No frame counts for more than this.
SURE_SIGMAS = 8.0
# 128 frames at 48 kHz, the smallest buffer in use, last 2.67 ms; what moves less is the room, not a buffer.
LEAST_STEP = round(0.002 * GRID_HZ)
# A frame fits its lag from here on.
FIT_SIGMAS = 5.0
# How far around the frames between which it lies a step is looked for.
MARGIN = round(0.3 * GRID_HZ)
# In a longer pause nothing is looked for.
LONGEST = 4 * GRID_HZ
SMOOTHING_BINS = 33
POWER_SAMPLES = round(0.05 * GRID_HZ)
# A moment that explains the sound this nearly as well as the best is as likely.
AS_GOOD = 0.003


def sides(path: NDArray[np.intp], is_live: NDArray[np.bool_], after: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the live frames before and after a step that lies behind frame `after`, up to the next steps."""
    breaks = np.flatnonzero(np.abs(np.diff(path)) >= LEAST_STEP)
    begin = max((int(place) + 1 for place in breaks if place < after), default=0)
    end = min((int(place) + 1 for place in breaks if place > after), default=path.size)
    before = np.flatnonzero(is_live[begin : after + 1])[-SIDE_FRAMES:] + begin
    behind = np.flatnonzero(is_live[after + 1 : end])[:SIDE_FRAMES] + after + 1
    return before, behind


def backing(scores: Curves, path: NDArray[np.intp], is_live: NDArray[np.bool_], after: int) -> float:
    """Return by how many sigmas a path with a step behind frame `after` fits better than one without it.

    The lesser of two sums, over the frames before and behind; further steps go with it. What lies between this step and
    the next one has to speak for it too.
    """
    step = int(path[after + 1] - path[after])
    live = np.flatnonzero(is_live)
    before, behind = live[live <= after][-SIDE_FRAMES:], live[live > after][:SIDE_FRAMES]
    sums = [support(scores, path, before, step).sum(), support(scores, path, behind, -step).sum()]
    for side, other in zip(sides(path, is_live, after), (step, -step), strict=True):
        own = support(scores, path, side, other)
        if own.size < SIDE_FRAMES and (not own.size or own.mean() < LEAST_OWN):
            return 0.0
    return float(min(sums))


def support(scores: Curves, path: NDArray[np.intp], frames: NDArray[np.intp], other: int) -> NDArray[np.float32]:
    """Return by how much frames fit the path better than a lag that lies `other` samples beside it."""
    beside = np.clip(path[frames] + other, 0, scores.shape[1] - 1)
    better = scores[frames, path[frames]] - scores[frames, beside]
    return np.asarray(np.clip(better, -SURE_SIGMAS, SURE_SIGMAS), np.float32)


def size(
    lags: NDArray[np.float64], fits: NDArray[np.float32], before: NDArray[np.intp], behind: NDArray[np.intp]
) -> float | None:
    """Return the step of the line through both sides, in samples; None where a pause leaves it to the drift."""
    # The frame on either side of the step holds some of both lags.
    left, right = before[before < before[-1]], behind[behind > behind[0]]
    left, right = left[fits[left] >= FIT_SIGMAS], right[fits[right] >= FIT_SIGMAS]
    if not left.size or not right.size:
        near = behind[0] - before[-1] <= SIDE_FRAMES
        return float(lags[behind[0]] - lags[before[-1]]) if near else None
    plain = float(np.median(lags[right]) - np.median(lags[left]))
    if min(left.size, right.size) < 4:
        return plain if right[0] - left[-1] <= SIDE_FRAMES else None
    frames = np.concatenate((left, right))
    model = np.column_stack((np.ones(frames.size), frames - before[-1], frames > before[-1]))
    weight = np.ones(frames.size)
    answer = np.zeros(3)
    for _ in range(6):
        answer = np.linalg.lstsq(model * weight[:, None], lags[frames] * weight, rcond=None)[0]
        rest = np.abs(lags[frames] - model @ answer)
        weight = np.sqrt(np.minimum(1, 0.1 / np.maximum(rest, 0.1)))
    return float(answer[2])


def place(
    mic: Samples, speaker: Samples, room: NDArray[np.complex64], lags: tuple[int, int], within: tuple[int, int]
) -> tuple[float, float]:
    """Return the earliest and the latest sample at which the lag may have changed.

    Parameters
    ----------
    mic, speaker : float32, shape (frames,)
        On the grid, beginning together.
    room : complex64, shape (bins,)
        From `EchoFrames.room`.
    lags : tuple of int
        Samples, before and after.
    within : tuple of int
        Samples of the speaker that are still heard at the first lag, and already at the second.
    """
    from scipy.fft import irfft, next_fast_len, rfft

    low, high = min(lags), max(lags)
    # The microphone hears what was said just before the step at the one lag, and what was said after it at the other.
    heard = [moment + lag - low for moment, lag in zip(within, lags, strict=True)]
    start, end = max(0, min(heard) - MARGIN), min(speaker.size, max(heard) + MARGIN)
    pad = ROOM_BEFORE + ROOM_AFTER + high - low
    far, near = _cut(speaker, start - pad, end + pad), _cut(mic, start + low - pad, end + low + pad)
    length = next_fast_len(far.size + ROOM_AFTER, real=True)
    said = irfft(_white(rfft(far, length), length) * rfft(_taps(room, length)), length)
    near = irfft(_white(rfft(near, length), length), length)
    at = np.arange(pad, pad + end - start)
    early, late = (said[at - (lag - low)] for lag in lags)
    running = np.concatenate(([0.0], np.cumsum(near[at] * (early - late) / _power(near[at]), dtype=np.float64)))
    gain = running.max() - max(0.0, float(running[-1]))
    good = np.flatnonzero(running >= running.max() - AS_GOOD * gain)
    return float(start + low + good[0]), float(start + low + good[-1])


def _power(near: Samples) -> Samples:
    """Return the power around each sample: where the microphone is soft its echo tells as much as where it is loud."""
    from scipy.ndimage import uniform_filter1d

    power = near * near
    return np.asarray(
        uniform_filter1d(power, POWER_SAMPLES) + np.float32(FLOOR_SHARE) * power.mean() + TINY, np.float32
    )


def _taps(room: NDArray[np.complex64], length: int) -> Samples:
    from scipy.fft import irfft

    first = round(BAND_HZ[0] * SIZE / GRID_HZ)
    spectrum = np.zeros(SIZE // 2 + 1, np.complex64)
    spectrum[first : first + room.size] = room
    response = irfft(spectrum, SIZE)
    taps = np.zeros(length, np.float32)
    taps[:ROOM_AFTER] = response[:ROOM_AFTER]
    taps[-ROOM_BEFORE:] = response[-ROOM_BEFORE:]
    return taps


def _white(spectrum: NDArray[np.complex64], length: int) -> NDArray[np.complex64]:
    """Return a spectrum with its envelope taken out, within the band."""
    from scipy.ndimage import uniform_filter1d

    low, high = (round(edge * length / GRID_HZ) for edge in BAND_HZ)
    inside = spectrum[low:high]
    envelope = uniform_filter1d(np.abs(inside), 2 * SMOOTHING_BINS - 1, mode="nearest")
    white = np.zeros_like(spectrum)
    white[low:high] = inside / (envelope + np.float32(0.01) * envelope.mean() + np.float32(TINY)) ** np.float32(
        PHAT_EXPONENT
    )
    return white


def _cut(samples: Samples, start: int, end: int) -> Samples:
    """Return samples from `start` to `end`, silence where there are none."""
    out = np.zeros(end - start, np.float32)
    low, high = max(0, start), min(samples.size, end)
    if high > low:
        out[low - start : high - start] = samples[low:high]
    return out
