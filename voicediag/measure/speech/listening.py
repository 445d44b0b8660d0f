"""Where somebody speaks, as well as it can be told afterwards.

What is measured
    For each step of 10 ms how likely it is speech, and from that the spans of speech; pauses between words count as
    pauses.
Method
    The sound is heard in stretches of 12 s with 3.2 s on either side. Each is brought to one level, so that a track at
    -50 dBFS is heard like one at -20. Bands, periodicity and Silero's network, which reads it forwards and backwards,
    go into one small network (`evidence`), and its odds are smoothed over the whole track (`smoothing`).
Conventions
    float32 samples in [-1, 1], shape (frames,); times in seconds from the first sample. Deterministic: two runs are
    equal, and so are a track at once and in pieces.
Differences from other tools
    It knows the future, so it is no voice activity detector that could run in a call: it is what one is held against.
    How far it is from people's labels is in `benchmarks/vad.md`. Without the extra ``voicediag[vad]`` the plain engine
    is used, which knows no voice but by its bands and its pitch: it takes some music and animals for speech.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import ArrayLike

from voicediag.errors import InputError
from voicediag.measure import _filters
from voicediag.measure._filters import BlockMeter, Samples
from voicediag.measure.speech import evidence, silero, smoothing, spectrum, weights
from voicediag.measure.speech.spectrum import RATE_HZ, STEP, STEP_S
from voicediag.spans import Span, SpanSet

EngineName: TypeAlias = Literal["silero", "plain"]
ENGINES: Final[tuple[EngineName, ...]] = get_args(EngineName)

AT_ONCE: Final = 8
"""Stretches that are read together: a network's call costs as much for one as for many."""
HEARD_DBFS: Final = -22.0
"""The level to which the loud parts are brought: house rule, that of a well-set microphone."""
LEAST_LOUD_DBFS: Final = -75.0
EVEN: Final = 0.5
CHANGE: Final = 0.02
"""Probability that speech begins or ends within 10 ms: house rule; from 0.003 to 0.1 little else comes out."""
SILENT: Final = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """Where somebody speaks.

    Attributes
    ----------
    step_s : float
        Length of a step in seconds.
    probability : float32, shape (steps,)
        Of speech in each step, 0 to 1.
    engine : {"silero", "plain"}
        What it was heard with.
    """

    step_s: float
    probability: Samples = field(repr=False)
    engine: EngineName

    @property
    def spans(self) -> SpanSet:
        """Where speech is likelier than not."""
        edges = np.flatnonzero(np.diff(np.concatenate(([False], self.probability > EVEN, [False])).astype(np.int8)))
        starts, ends = edges[::2].tolist(), edges[1::2].tolist()
        return SpanSet(Span(a * self.step_s, b * self.step_s) for a, b in zip(starts, ends, strict=True))

    @property
    def speech_s(self) -> float:
        """Speech in all, in seconds."""
        return self.spans.total_s

    def phrases(self, pause_s: float) -> SpanSet:
        """Return the spans with every shorter pause closed.

        Parameters
        ----------
        pause_s : float
            The shortest pause that still parts two phrases.
        """
        spans = self.spans
        holes = spans.complement(spans.hull) if spans.hull else SpanSet()
        return spans | SpanSet(hole for hole in holes if hole.duration_s < pause_s)


class SpeechMeter(BlockMeter[Speech]):
    """Hears a track piece by piece; it keeps some minutes of sound and 4 bytes a step.

    Parameters
    ----------
    rate_hz : int
    engine : {"silero", "plain"}, optional
        The better one that is installed.

    Raises
    ------
    InputError
        Where the rate cannot be, or the engine is not installed.
    """

    def __init__(self, rate_hz: int, engine: EngineName | None = None) -> None:
        if engine not in (None, *ENGINES):
            raise InputError(expected=f"an engine: {' or '.join(ENGINES)}", got=repr(engine))
        self.engine: EngineName = engine or ("silero" if weights.is_installed() else "plain")
        if self.engine == "silero":
            weights.network()
        self.rate_hz = rate_hz
        self._stretch = _filters.whole_frames(silero.STRETCH_S, rate_hz)
        self._run_up = _filters.whole_frames(silero.RUN_UP_S, rate_hz)
        self._sound = np.zeros(self._run_up, np.float32)
        self._done = 0
        self._told: list[Samples] = []
        super().__init__(AT_ONCE * self._stretch)

    def _absorb(self, block: Samples) -> None:
        self._sound = np.concatenate((self._sound, block))
        self._hear((self._sound.size - 2 * self._run_up) // self._stretch)

    def _finish(self, rest: Samples) -> None:
        stretches = -(-(self._sound.size - self._run_up + rest.size) // self._stretch)
        end = 2 * self._run_up + stretches * self._stretch - self._sound.size - rest.size
        self._sound = np.concatenate((self._sound, rest, np.zeros(max(0, end), np.float32)))
        self._hear(stretches)

    def _hear(self, stretches: int) -> None:
        """Hear the next stretches and forget what lies before those that follow."""
        if stretches <= 0:
            return
        size = self._stretch + 2 * self._run_up
        windows = [self._sound[at * self._stretch : at * self._stretch + size] for at in range(stretches)]
        heard = np.stack([_resampled(window, self.rate_hz) for window in windows])
        networks = silero.logits(weights.network(), _levelled(heard)) if self.engine == "silero" else None
        for at, window in enumerate(heard):
            self._told.append(self._judged(window, self._done + at, None if networks is None else networks[at]))
        self._done += stretches
        self._sound = self._sound[stretches * self._stretch :].copy()

    def _judged(self, window: Samples, number: int, networks: Samples | None) -> Samples:
        """Return the odds of the steps of a stretch, as far as the track goes."""
        run_up, beside = silero.RUN_UP // STEP, silero.BESIDE
        # Steps are counted from the stretch's first; the track may begin after the window and end before it.
        first = -run_up if number else 0
        last = min(self._steps - number * silero.STEPS, silero.STEPS + run_up)
        sound = window[silero.RUN_UP + first * STEP : silero.RUN_UP + last * STEP]
        bands, likeness = spectrum.steps_of(np.pad(sound, spectrum.MARGIN))
        begin, end = max(first, -beside), min(last, silero.STEPS + beside)
        if networks is not None:
            networks = networks[beside + begin : beside + end]
        told = evidence.logit(bands, likeness, networks, slice(begin - first, end - first))
        return told[-begin : min(last, silero.STEPS) - begin]

    @property
    def _steps(self) -> int:
        return self.frames * RATE_HZ // (self.rate_hz * STEP)

    def _summary(self) -> Speech:
        told = np.concatenate((*self._told, np.zeros(0, np.float32)), dtype=np.float32)
        return Speech(step_s=STEP_S, probability=smoothing.posterior(told, change=CHANGE), engine=self.engine)


def _levelled(heard: Samples) -> Samples:
    """Return each window at the level at which Silero hears best."""
    steps = heard.reshape(len(heard), -1, STEP)
    levels = 10 * np.log10(np.mean(steps**2, axis=2) + SILENT)
    loud = np.array([_loud(row) for row in levels])
    gain = 10 ** ((HEARD_DBFS - np.maximum(loud, LEAST_LOUD_DBFS)) / 20)
    return np.asarray(np.clip(heard * gain[:, None], -1, 1), np.float32)


def _loud(levels: Samples) -> float:
    """Return the level of the loud parts; what lies before a track and behind it has none."""
    sounding = levels[levels > LEAST_LOUD_DBFS]
    return float(np.percentile(sounding, evidence.LOUD_PERCENTILE)) if sounding.size else HEARD_DBFS


def _resampled(window: Samples, rate_hz: int) -> Samples:
    """Return a window at `RATE_HZ`, of just the frames that it should have."""
    if rate_hz == RATE_HZ:
        return window
    import soxr

    size = silero.RUN_UP + silero.STRETCH + silero.RUN_UP
    return np.resize(np.asarray(soxr.resample(window, rate_hz, RATE_HZ), np.float32), size)


def speech(samples: ArrayLike, *, rate_hz: int, engine: EngineName | None = None) -> Speech:
    """Return where somebody speaks in an array.

    Parameters
    ----------
    samples : float32, shape (frames,), in [-1, 1]
    rate_hz : int
    engine : {"silero", "plain"}, optional
        The better one that is installed.
    """
    return SpeechMeter(rate_hz, engine).push(samples).result()
