"""What the streaming meters share: sound cut into fixed blocks, and recursive filters run as matrix products.

A meter must read the same whether its sound came as one array or as a thousand network packets. `BlockMeter` sees to
that by cutting whatever is pushed at fixed frames, counted from the first, so that even the rounding is the same.
`WindowMeter` adds some frames of the block before, for meters that look for patterns which may straddle a cut.

`BlockFilter` runs a recursive filter without a loop over samples. With the state-space form of the filter
(s' = A s + B x, y = C s + D x), a row of R samples leaves the state A^R s + (R columns) x, and its output is a lower
triangular matrix times x plus a matrix times the state before it: two products for all rows at once. The states
between the rows are a prefix sum with weight A^R, taken in log2 steps (Hillis and Steele, "Data parallel algorithms",
CACM 29, 1986) and cut off where A^R has faded below double precision.
"""

from __future__ import annotations

import copy
import math
from abc import ABC, abstractmethod
from functools import reduce
from typing import Generic, Self, TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from voicediag.errors import InputError

Samples: TypeAlias = NDArray[np.float32]
Frames: TypeAlias = NDArray[np.int64]
Matrix: TypeAlias = NDArray[np.float64]
System: TypeAlias = tuple[Matrix, Matrix, Matrix, float]
Result = TypeVar("Result")

BLOCK_FRAMES = 65_536
"""Frames handled at a time: 256 KB of float32 stay in a core's own cache while several meters read them."""

ROW_FRAMES = 64
"""Row length of a BlockFilter: shorter rows cost more prefix sums, longer ones more products (measured optimum)."""

FADED = 1e-10
"""A weight of the prefix sum below this changes nothing in a float32 result."""


def mono(samples: ArrayLike) -> Samples:
    """Return `samples` as contiguous float32, without a copy where they are that already.

    Parameters
    ----------
    samples : float32 or float64, shape (frames,), in [-1, 1]

    Raises
    ------
    InputError
        For more than one dimension, and for integers, whose full scale cannot be known here.
    """
    array = np.asarray(samples)
    if array.ndim != 1:
        raise InputError(
            expected="mono samples of shape (frames,)",
            got=f"shape {array.shape}",
            likely="a stereo array: measure one channel, samples[:, 0]",
        )
    if array.size and not np.issubdtype(array.dtype, np.floating):
        raise InputError(
            expected="float samples in [-1, 1]", got=f"{array.dtype}", likely="raw PCM: divide int16 by 32768 first"
        )
    return np.ascontiguousarray(array, dtype=np.float32)


def whole_frames(duration_s: float, rate_hz: float) -> int:
    """Return `duration_s` in frames, rounded, at least 1.

    Raises
    ------
    InputError
        Where the rate or the duration is not positive.
    """
    if not (rate_hz > 0 and duration_s > 0):
        raise InputError(
            expected="a rate in Hz and a duration in seconds above 0", got=f"{rate_hz} Hz and {duration_s} s"
        )
    return max(1, round(duration_s * rate_hz))


def block_of(*multiples: int) -> int:
    """Return the number of frames nearest BLOCK_FRAMES, and at least one, that each of `multiples` divides."""
    step = math.lcm(*multiples)
    return step * max(1, round(BLOCK_FRAMES / step))


def decibels(power: float) -> float | None:
    """Return a power ratio in dB, or None for nothing: the logarithm of 0 is no number to compute with."""
    return 10.0 * math.log10(power) if power > 0 else None


class BlockMeter(ABC, Generic[Result]):
    """A meter that is fed any number of samples at a time and sees blocks of `block_frames`.

    A subclass absorbs full blocks, then one last that may be shorter or empty, and sums up. `result` works on a copy,
    so it may be asked for at any time, and pushing may go on afterwards.
    """

    def __init__(self, block_frames: int) -> None:
        self.frames = 0
        self._held = np.empty(block_frames, dtype=np.float32)
        self._held_frames = 0

    def push(self, samples: ArrayLike) -> Self:
        """Take in the next samples of the track and return the meter.

        Parameters
        ----------
        samples : float32, shape (frames,), finite, in [-1, 1]
            Any number of frames, none included.

        Raises
        ------
        InputError
            Where the samples are not mono or not floating point.
        """
        rest = mono(samples)
        self.frames += rest.size
        size = self._held.size
        if self._held_frames:
            rest = self._fill(rest)
        if self._held_frames == size:
            self._absorb(self._held)
            self._held_frames = 0
        whole = rest.size - rest.size % size
        for start in range(0, whole, size):
            self._absorb(rest[start : start + size])
        self._fill(rest[whole:])
        return self

    def result(self) -> Result:
        """Return the measurement of all samples pushed so far."""
        end = copy.deepcopy(self)
        end._finish(end._held[: end._held_frames])  # noqa: SLF001 - the copy is this very class
        return end._summary()  # noqa: SLF001

    def _fill(self, samples: Samples) -> Samples:
        """Keep as many samples as fit in the block under way and return the others."""
        taken = samples[: self._held.size - self._held_frames]
        self._held[self._held_frames : self._held_frames + taken.size] = taken
        self._held_frames += taken.size
        return samples[taken.size :]

    def _finish(self, rest: Samples) -> None:
        """Absorb the last samples, fewer than a block."""
        self._absorb(rest)

    @abstractmethod
    def _absorb(self, block: Samples) -> None:
        """Take in the next block. Only the last may be shorter; the array is overwritten after the call."""

    @abstractmethod
    def _summary(self) -> Result:
        """Return the result, once everything is absorbed."""


class WindowMeter(BlockMeter[Result]):
    """A block meter that looks for patterns of up to `after` frames, each with `before` frames ahead of it.

    Every frame of the track is a possible start in exactly one look: the look at a block covers the starts that have
    their `after` frames in sight, and leaves the others to the next.
    """

    def __init__(self, block_frames: int, *, before: int, after: int) -> None:
        super().__init__(block_frames)
        self._before = before
        self._after = after
        self._window = np.empty(0, dtype=np.float32)
        self._origin = 0
        self._next_start = 0

    def _absorb(self, block: Samples) -> None:
        self._extend(block, withheld=self._after)

    def _finish(self, rest: Samples) -> None:
        self._extend(rest, withheld=0)

    def _extend(self, block: Samples, *, withheld: int) -> None:
        window = np.concatenate((self._window, block))
        end = max(self._next_start, self._origin + window.size - withheld)
        self._look(window, self._origin, slice(self._next_start - self._origin, end - self._origin))
        self._next_start = end
        keep_from = max(self._origin, end - self._before)
        self._window = window[keep_from - self._origin :].copy()
        self._origin = keep_from

    @abstractmethod
    def _look(self, window: Samples, origin: int, starts: slice) -> None:
        """Find what starts within `starts`, indices into `window`, whose first sample is frame `origin`."""


class BlockFilter:
    """A recursive filter that keeps its state from call to call.

    Parameters
    ----------
    sections : pairs of float arrays, shape (order + 1,) each
        Numerator and denominator of each section in falling powers of z, of one length, denominator[0] = 1; the
        sections follow each other. A high-pass comes first, so that those after it see no offset.
    """

    def __init__(self, *sections: tuple[ArrayLike, ArrayLike]) -> None:
        system = reduce(_in_series, (_normal_form(np.asarray(b), np.asarray(a)) for b, a in sections))
        step, inlet, outlet, through = system
        order = len(step)
        powers = [np.eye(order)]
        for _ in range(ROW_FRAMES):
            powers.append(step @ powers[-1])
        response = np.array([through, *(outlet @ power @ inlet for power in powers[: ROW_FRAMES - 1])])
        lag = np.arange(ROW_FRAMES)[None, :] - np.arange(ROW_FRAMES)[:, None]
        self._direct = np.where(lag >= 0, response[np.maximum(lag, 0)], 0.0).astype(np.float32)
        self._from_state = np.array([outlet @ power for power in powers[:ROW_FRAMES]]).T.astype(np.float32)
        self._to_state = np.array([power @ inlet for power in powers[ROW_FRAMES - 1 :: -1]]).astype(np.float32)
        self._row_step = powers[ROW_FRAMES]
        self._state = np.zeros(order)

    @property
    def silent(self) -> bool:
        """Whether the output has faded below 24 bits and stays so while zeros come in."""
        return bool(np.abs(self._state).max() < 2.0**-24)

    def __call__(self, samples: Samples) -> Samples:
        """Return the filtered samples, as many as came in.

        Parameters
        ----------
        samples : float32, shape (frames,)
            A multiple of ROW_FRAMES in every call but the last.
        """
        padding = -samples.size % ROW_FRAMES
        rows = (np.pad(samples, (0, padding)) if padding else samples).reshape(-1, ROW_FRAMES)
        if not rows.size:
            return samples
        states = self._states(rows)
        filtered: Samples = rows @ self._direct
        filtered += states @ self._from_state
        return filtered.reshape(-1)[: samples.size]

    def _states(self, rows: Samples) -> Samples:
        """Return the state before each row, and keep the one after the last."""
        after = (rows @ self._to_state).astype(np.float64)
        after[0] += self._row_step @ self._state
        weight, distance = self._row_step, 1
        while distance < len(after) and np.abs(weight).max() > FADED:
            after[distance:] += after[:-distance] @ weight.T
            weight, distance = weight @ weight, 2 * distance
        before = np.vstack((self._state, after[:-1])).astype(np.float32)
        self._state = after[-1]
        return before


def _normal_form(b: Matrix, a: Matrix) -> System:
    """Return A, B, C, D of a section whose states are uncorrelated and of unit variance for white noise coming in.

    In the direct forms the states of poles near z = 1 grow far larger than the output, which is a small difference of
    them: in float32 that would cost the K-weighting at 48 kHz half its digits. (C. Mullis and R. Roberts, "Synthesis of
    minimum roundoff noise fixed point digital filters", IEEE Trans. CAS 23, 1976.)
    """
    step: Matrix = np.eye(len(a) - 1, k=1)
    step[:, 0] -= a[1:]
    inlet = b[1:] - a[1:] * b[0]
    covariance: Matrix = np.outer(inlet, inlet)
    power: Matrix = step
    while np.abs(power).max() > FADED:
        covariance += power @ covariance @ power.T
        power = power @ power
    basis = np.asarray(np.linalg.cholesky(covariance), dtype=np.float64)
    inverse = np.asarray(np.linalg.inv(basis), dtype=np.float64)
    return inverse @ step @ basis, inverse @ inlet, basis[0], float(b[0])


def _in_series(first: System, second: System) -> System:
    """Return the system whose output is that of `second` fed by `first`."""
    (a1, b1, c1, d1), (a2, b2, c2, d2) = first, second
    step = np.block([[a1, np.zeros((len(a1), len(a2)))], [np.outer(b2, c1), a2]])
    return step, np.concatenate((b1, b2 * d1)), np.concatenate((d2 * c1, c2)), d1 * d2
