"""Where the lag of an echo steps: when, by how much, and whether the sound says so on both sides.

Method
    A path over frames (`measure.lag_track`) names the candidates. Each must fit better than the lag on its other side
    before it and after it, by `LEAST_SUPPORT` sigmas summed over `SIDE_FRAMES` frames. Its size is that of a line
    through the frames of both sides with a step in it, so that a drift adds nothing. Its time is the median of the
    likelihood of a change between two known signals in noise (Page, Biometrika 41, 1954): what the room makes of the
    far end at the one lag, and at the other. In a pause of the far end every moment is as likely.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from voicediag.measure.echo_frames import ROOM_AFTER, ROOM_BEFORE, SIZE, TINY, Curves
from voicediag.measure.whitening import BAND_HZ, GRID_HZ, Samples

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
# The samples of a voice are not independent of each other, and a room is not known to the last reflection.
INDEPENDENT = 0.5
UNLIKELY = 0.025
MOST_ODDS = 80.0


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
) -> tuple[float, float, float]:
    """Return the sample before which the lag has changed as likely as not, and those between which it has.

    Parameters
    ----------
    mic, speaker : float32, shape (frames,)
        Whitened, on the grid, beginning together.
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
    far, near = _cut(speaker, start - pad, end + pad), _cut(mic, start + low, end + low)
    length = next_fast_len(far.size + ROOM_AFTER, real=True)
    said = irfft(rfft(far, length) * rfft(_taps(room, length)), length)
    at = np.arange(pad, pad + end - start)
    early, late = (said[at - (lag - low)] for lag in lags)
    chance = np.cumsum(_chance(near, early, late))
    places = np.searchsorted(chance, np.array((0.5, UNLIKELY, 1 - UNLIKELY)) * chance[-1])
    middle, first, last = (float(start + low + place) for place in places)
    return middle, first, last


def _chance(near: Samples, early: Samples, late: Samples) -> NDArray[np.float64]:
    """Return how likely the change from one lag to the other comes at each sample, from what each would sound like."""
    better = early - late
    # The gain that fits the echo at whichever of the two fits, and what is then left.
    running = np.concatenate(([0.0], np.cumsum(near * better, dtype=np.float64)))
    split = int(running.argmax())
    said = np.concatenate((early[:split], late[split:]))
    gain = float(near @ said) / (float(said @ said) + TINY)
    power = float(np.square(near - gain * said).mean()) + TINY
    louder = np.concatenate(([0.0], np.cumsum(early**2 - late**2, dtype=np.float64)))
    odds = gain / power * (running - gain / 2 * louder)
    return np.asarray(np.exp(np.maximum(INDEPENDENT * (odds - odds.max()), -MOST_ODDS)))


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


def _cut(samples: Samples, start: int, end: int) -> Samples:
    """Return samples from `start` to `end`, silence where there are none."""
    out = np.zeros(end - start, np.float32)
    low, high = max(0, start), min(samples.size, end)
    if high > low:
        out[low - start : high - start] = samples[low:high]
    return out
