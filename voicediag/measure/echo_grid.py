"""Stretches of a track as the detection of an echo hears them: whitened, on its grid, with their level."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from voicediag.measure.whitening import GRID_HZ, Samples, Whitener
from voicediag.spans import Span

Reader: TypeAlias = Callable[[Span], Samples]

# Powers are told over so many samples of the grid.
STEP: Final = 250
# How far a filter's edge reaches at either end of a stretch.
EDGE_S = 0.05
# Far beyond full scale: a file of floats may hold anything.
MOST = 100.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of one track.

    Attributes
    ----------
    white : float32, shape (frames,)
        At `GRID_HZ`.
    power : float32, shape (frames // STEP,)
        As it was before it was whitened.
    """

    white: Samples
    power: Samples

    def cut(self, begin: int, size: int) -> Stretch:
        """Return a part of it, its powers from the step on in which it begins."""
        return Stretch(self.white[begin : begin + size], self.power[begin // STEP : (begin + size) // STEP])


def microphone(samples: Samples, *, rate_hz: int) -> Stretch:
    """Return a stretch of what may hold an echo; `EDGE_S` at either end is left out."""
    return _stretch(samples, rate_hz, Whitener.of_microphone())


def far_end(samples: Samples, *, rate_hz: int) -> Stretch:
    """Return a stretch of what an echo is made of; `EDGE_S` at either end is left out."""
    return _stretch(samples, rate_hz, Whitener.of_far_end())


def _stretch(samples: Samples, rate_hz: int, whitener: Whitener) -> Stretch:
    sound = _sane(samples)
    if rate_hz != GRID_HZ:
        import soxr

        sound = np.asarray(soxr.resample(sound, rate_hz, GRID_HZ, quality="MQ"), np.float32)
    edge = round(EDGE_S * GRID_HZ)
    white = whitener.push(sound, last=True)
    sound = sound[edge : sound.size - edge]
    steps = sound[: sound.size // STEP * STEP].reshape(-1, STEP)
    return Stretch(white[edge:][: sound.size], np.einsum("ij,ij->i", steps, steps) / np.float32(STEP))


def _sane(samples: Samples) -> NDArray[np.float32]:
    """Return samples that can be reckoned with: silence for what is no number, no more than `MOST` for the others."""
    if np.abs(samples).max(initial=0.0) <= MOST:
        return samples
    return np.asarray(np.clip(np.nan_to_num(samples, nan=0.0), -MOST, MOST), np.float32)
