"""What Silero's network says of a sound in a call: forwards only, its state carried on, window by window.

What is measured
    For each window of 32 ms the probability of speech by Silero VAD v6 (MIT), from eight first samples.
Method
    A service begins its first window on a sample that nobody outside knows, and that alone moves what a VAD decides. So
    the track is read `PHASES` times, each time from 4 ms later on, all at once.
Conventions
    float32 samples in [-1, 1] at any rate; they are brought to 16 kHz and to no other level. Times count the sound
    that was sent, from its first sample. What is left of a last window is not read: a call would wait for its rest.
Differences from other tools
    `voicediag.measure.speech.speech` knows the future, and this does not: it is what a simulated VAD hears with.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from voicediag.errors import InputError
from voicediag.measure._filters import Samples, mono
from voicediag.measure.speech import weights
from voicediag.measure.speech.silero import CONTEXT, STATE, WINDOW
from voicediag.measure.speech.spectrum import RATE_HZ

PHASES: Final = 8
SHIFT: Final = WINDOW // PHASES


@dataclass(frozen=True, slots=True, kw_only=True)
class InCall:
    """How likely speech is, as a VAD of a call learns it.

    Parameters
    ----------
    step_s : float
        Length of a window in seconds.
    probability : float32, shape (phases, windows), or (windows,) for one phase
    first_s : tuple of float, optional
        Where the first window of each phase begins; at 0 s without.
    """

    step_s: float
    probability: Samples = field(repr=False)
    first_s: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < self.step_s < np.inf:
            raise InputError(expected="windows of some length, in seconds", got=f"{self.step_s}")
        rows = np.atleast_2d(np.asarray(self.probability, np.float32))
        first_s = self.first_s or (0.0,) * len(rows)
        if rows.ndim > 2 or len(first_s) != len(rows):
            raise InputError(
                expected="probabilities of shape (phases, windows) and as many first_s as phases",
                got=f"shape {rows.shape} and {len(first_s)} first_s",
            )
        object.__setattr__(self, "probability", rows)
        object.__setattr__(self, "first_s", first_s)


def in_call(blocks: Iterable[Samples], *, rate_hz: int) -> InCall:
    """Return what the network says of a track that comes in blocks, in memory for a block and 1 kB a second.

    Parameters
    ----------
    blocks : iterable of float32, each of shape (frames,), in [-1, 1]
    rate_hz : int

    Raises
    ------
    InputError
        Where the extra ``voicediag[vad]`` is not installed.
    """
    told = list(_read(_at_the_rate(blocks, rate_hz)))
    rows = np.stack(told, axis=1) if told else np.zeros((PHASES, 0), np.float32)
    first_s = tuple(phase * SHIFT / RATE_HZ for phase in range(PHASES))
    return InCall(step_s=WINDOW / RATE_HZ, probability=rows, first_s=first_s)


def _read(blocks: Iterable[Samples]) -> Iterator[Samples]:
    """Yield the probability of the next window of every phase."""
    network = weights.network()
    state, rate = np.zeros((2, PHASES, STATE), np.float32), np.array(RATE_HZ, np.int64)
    # Before its first window each phase has heard nothing, whatever the track has there.
    before = np.zeros((PHASES, CONTEXT), np.float32)
    held = np.zeros(0, np.float32)
    for block in blocks:
        held = np.concatenate((held, block))
        span = WINDOW + (PHASES - 1) * SHIFT
        while held.size >= span:
            rows = np.lib.stride_tricks.sliding_window_view(held[:span], WINDOW)[::SHIFT]
            inputs = {"input": np.concatenate((before, rows), axis=1), "state": state, "sr": rate}
            odds, state = network.run(None, inputs)
            before = rows[:, -CONTEXT:].copy()
            yield odds[:, 0]
            held = held[WINDOW:]


def _at_the_rate(blocks: Iterable[Samples], rate_hz: int) -> Iterator[Samples]:
    if rate_hz == RATE_HZ:
        yield from map(mono, blocks)
        return
    import soxr

    stream = soxr.ResampleStream(rate_hz, RATE_HZ, 1, dtype="float32")
    for block in blocks:
        yield stream.resample_chunk(mono(block))
    yield stream.resample_chunk(np.zeros(0, np.float32), last=True)
