"""Is the loudspeaker in the microphone right now: a light for a call that is under way.

What is measured
    Whether the last seconds of the far end's speech come back in the microphone, how late and how loud.
Method
    That of `measure.delay`, put the other way round: each new piece of the microphone is correlated with the pieces of
    the far end that were played before it, so that nothing has to be waited for but the echo itself. What the last
    `BLOCKS` times `BLOCK_PIECES` pieces of far-end speech found is added up, and held against what strangers with these
    envelopes would reach by chance.
Conventions
    As in `measure.delay`. The first verdict comes after `FIRST_S` of far-end speech and the echo of its last word. It
    is clear so far, for a weak echo takes longer.
Differences from other tools
    WebRTC's residual echo detector compares the powers of frames over ten seconds, and knows neither delay nor loss.
    This one forgets: once a canceller has converged, eight seconds of speech turn the light off. Its memory does not
    grow with the call.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from voicediag.measure.delay import APART_S, GRID_HZ, LONELY_SHARE, QUIET_RMS, Samples
from voicediag.measure.delay_sum import LEAST_MEETING, MAD_TO_SIGMA, STEP, TINY
from voicediag.measure.echo import MS
from voicediag.measure.echo_path import PathMeter
from voicediag.measure.whitening import Whitener

# Half of what `measure.delay` takes: a light has to be quick.
PIECE = 4_096
PIECE_S = PIECE / GRID_HZ
EARLY_PIECES = 2
SEGMENTS = 22
STEPS = PIECE // STEP
BLOCK_PIECES = 8
BLOCKS = 4
FIRST_S = 2.0
# Of 196 pairs of strangers none passed 7.6 at any moment, and the weakest of 49 echoes reached 16.5
# (python -m benchmarks.echo_stream).
STRONG_SIGMAS = 9.0
# As long as the blocks with their pauses; and how far one track may run ahead of the other.
PAST = round(16.0 * GRID_HZ)
MOST_AHEAD_S = 10.0

Light = Literal["echo", "clear", "unjudged"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoNow:
    """What the last seconds say about an echo.

    Attributes
    ----------
    verdict : {"echo", "clear", "unjudged"}
        ``"clear"`` is clear so far; ``"unjudged"`` before `FIRST_S` of far-end speech.
    delay_ms, erl_db : float or None
        None without an echo; the loss also where it cannot be told.
    strength : float or None
        Highest peak of the lag curve, in robust sigmas.
    far_end_s : float
        Far-end speech that the verdict stands on.
    at_s : float
        How far both tracks had come.
    """

    verdict: Light
    delay_ms: float | None = None
    erl_db: float | None = None
    strength: float | None = None
    far_end_s: float = 0.0
    at_s: float = 0.0


@dataclass(slots=True)
class _Block:
    """What some pieces of far-end speech found."""

    pieces: int = 0
    cross: NDArray[np.complex64] = field(default_factory=lambda: np.zeros((SEGMENTS, PIECE + 1), np.complex64))
    chance: NDArray[np.float32] = field(default_factory=lambda: np.zeros((SEGMENTS, STEPS), np.float32))


@dataclass(frozen=True, slots=True)
class _Played:
    """A piece of the far end that is still to be found in the microphone."""

    spectrum: NDArray[np.complex64]
    energy: Samples
    block: _Block


class EchoMeter:
    """Tells an echo while the call goes on, in constant memory.

    Parameters
    ----------
    mic_rate_hz, speaker_rate_hz : int
        Rates of the two tracks; they need not be equal.

    Examples
    --------
    >>> import numpy as np
    >>> meter = EchoMeter(16_000, 24_000)
    >>> meter.push(np.zeros(320, np.float32), np.zeros(480, np.float32))
    >>> meter.verdict
    'unjudged'
    """

    def __init__(self, mic_rate_hz: int, speaker_rate_hz: int) -> None:
        self._mic = _Feed(mic_rate_hz, Whitener.of_microphone(), ahead=EARLY_PIECES * PIECE)
        self._speaker = _Feed(speaker_rate_hz, Whitener.of_far_end())
        self._blocks: deque[_Block] = deque([_Block()], maxlen=BLOCKS)
        self._played: deque[_Played | None] = deque(maxlen=SEGMENTS)
        self._pieces = 0
        self._now: EchoNow | None = None

    def push(self, mic: Samples, speaker: Samples) -> None:
        """Take the next samples of both tracks; float32, shape (frames,).

        Either may run ahead; by more than `MOST_AHEAD_S` the other is taken to have been silent.
        """
        self._mic.push(mic)
        self._speaker.push(speaker)
        for feed, other in ((self._mic, self._speaker), (self._speaker, self._mic)):
            feed.silent_until(other.heard_s - MOST_AHEAD_S)
        while self._speaker.has(PIECE) and self._mic.has(2 * PIECE):
            self._step()

    @property
    def now(self) -> EchoNow:
        """What the last seconds say."""
        if self._now is None:
            self._now = self._read()
        return self._now

    @property
    def verdict(self) -> Light:
        """The same in a word."""
        return self.now.verdict

    def _step(self) -> None:
        """Let one more piece of the microphone meet the pieces that were played before it."""
        self._played.append(self._piece(*self._speaker.take(PIECE)))
        heard = self._mic.white[: 2 * PIECE]
        self._mic.take(PIECE)
        spectrum, energy = np.fft.rfft(heard).astype(np.complex64), _energy(heard)
        for back, played in enumerate(reversed(self._played)):
            if played is not None:
                played.block.cross[back] += spectrum * played.spectrum
                played.block.chance[back] += np.correlate(energy, played.energy, "valid")[:STEPS]
        self._pieces += 1
        self._now = None

    def _piece(self, sound: Samples, white: Samples) -> _Played | None:
        """Return what has to be remembered of a piece of the far end; None of one in which nobody speaks."""
        if float(np.dot(sound, sound)) < PIECE * QUIET_RMS**2:
            return None
        if self._blocks[-1].pieces == BLOCK_PIECES:
            self._blocks.append(_Block())
        block = self._blocks[-1]
        block.pieces += 1
        return _Played(np.conj(np.fft.rfft(white, 2 * PIECE)).astype(np.complex64), _energy(white), block)

    def _read(self) -> EchoNow:
        far_end_s, at_s = sum(block.pieces for block in self._blocks) * PIECE_S, self._pieces * PIECE_S
        if far_end_s < FIRST_S:
            return EchoNow(verdict="unjudged", far_end_s=far_end_s, at_s=at_s)
        curve = self._curve()
        peak, apart = int(curve.argmax()), round(APART_S * GRID_HZ)
        strength = float(curve[peak])
        rival = max(curve[: max(0, peak - apart)].max(initial=0.0), curve[peak + apart :].max(initial=0.0))
        if strength < STRONG_SIGMAS or rival > LONELY_SHARE * strength:
            return EchoNow(verdict="clear", strength=strength, far_end_s=far_end_s, at_s=at_s)
        return EchoNow(
            verdict="echo",
            delay_ms=(peak - EARLY_PIECES * PIECE) / GRID_HZ * MS,
            erl_db=self._loss_db(peak),
            strength=strength,
            far_end_s=far_end_s,
            at_s=at_s,
        )

    def _curve(self) -> Samples:
        """Return how well the tracks match at each lag, in robust sigmas."""
        cross = np.sum([block.cross for block in self._blocks], axis=0)
        chance = np.sum([block.chance for block in self._blocks], axis=0).reshape(-1)
        live = chance > LEAST_MEETING * chance.max(initial=0.0)
        if not live.any():
            return np.zeros(1, np.float32)
        rows = np.abs(np.fft.irfft(cross, axis=-1)[:, :PIECE].reshape(-1, STEP))
        rows /= np.sqrt(np.maximum(chance, chance[live].min()))[:, None]
        sigma = MAD_TO_SIGMA * float(np.median(rows[live, ::8]))
        return np.asarray(rows.reshape(-1) / max(sigma, TINY), np.float32)

    def _loss_db(self, peak: int) -> float | None:
        """Return the echo return loss over what is remembered of both tracks."""
        mic, speaker = self._mic.past, self._speaker.past
        frames = min(mic.size, speaker.size) - peak
        if frames <= 0:
            return None
        # Both were taken piece by piece together, the microphone's from `EARLY_PIECES` before.
        path = PathMeter(GRID_HZ, GRID_HZ)
        path.push(mic[-frames:], speaker[-frames - peak :][:frames])
        result = path.result()
        return result.erl_db if result else None


class _Feed:
    """One track on the grid's rate, as it is and whitened: what has not been taken yet, and the last of what was."""

    def __init__(self, rate_hz: int, whitener: Whitener, *, ahead: int = 0) -> None:
        import soxr

        self.past: Samples = np.zeros(0, np.float32)
        self.white: Samples = np.zeros(ahead, np.float32)
        self._sound = self.white
        self._whitener = whitener
        self._rate_hz = rate_hz
        self._frames = 0
        self._stream = None if rate_hz == GRID_HZ else soxr.ResampleStream(rate_hz, GRID_HZ, 1, quality="MQ")

    @property
    def heard_s(self) -> float:
        """How far the track has come."""
        return self._frames / self._rate_hz

    def push(self, samples: Samples) -> None:
        """Add samples at the track's own rate."""
        self._frames += samples.size
        if not np.isfinite(samples).all():
            # A file of floats may hold what is no number, and one of them would be in every sum from there on.
            samples = np.where(np.isfinite(samples), samples, np.float32(0))
        if self._stream is not None:
            samples = self._stream.resample_chunk(samples)
        self._sound = np.concatenate((self._sound, samples))
        self.white = np.concatenate((self.white, self._whitener.push(samples)))

    def silent_until(self, at_s: float) -> None:
        """Add silence for what never came."""
        if at_s > self.heard_s:
            self.push(np.zeros(round((at_s - self.heard_s) * self._rate_hz), np.float32))

    def has(self, samples: int) -> bool:
        """Whether so much is there."""
        return min(self.white.size, self._sound.size) >= samples

    def take(self, samples: int) -> tuple[Samples, Samples]:
        """Return the oldest samples, as they are and whitened, and go on."""
        sound, white = self._sound[:samples], self.white[:samples]
        self._sound, self.white = self._sound[samples:], self.white[samples:]
        self.past = np.concatenate((self.past, sound))[-PAST:]
        return sound, white


def _energy(white: Samples) -> Samples:
    return np.asarray(np.square(white.reshape(-1, STEP)).sum(axis=1), np.float32)
