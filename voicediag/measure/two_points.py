"""What was done to sound between two points of its way: played against received, or sent against captured.

What is measured
    Offset, gain and drift between the two tracks, and each place at which the second one does not go on as the first
    does, with the sample where it begins: late (nothing was there to be played; the sound goes on after it where it
    stopped), never (sound is missing, with or without a gap in its place), repeated, swapped.
Method
    The second track is followed along the first (`measure.points.follow`) on a grid of 8 kHz, as long as it fits; where
    it ceases to, it is looked for again (`measure.points.search`), and the edges between are found sample by sample
    (`measure.points.edges`, `measure.points.exact`). The drift is the slope of the lag (`measure.drift`).
Conventions
    Times count from each track's own first sample. +50 ppm: the second track's clock runs 50 ppm faster.
Differences from other tools
    One correlation over everything gives one offset; a single late chunk makes it wrong for all that follows. Energy
    alone does not tell a pause from a gap, nor late from lost.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from voicediag.measure._filters import Samples, mono, whole_frames
from voicediag.measure.drift import drift, spread_s
from voicediag.measure.points.changes import Kind, Place, changes, turns
from voicediag.measure.points.follow import Follower, Progress, Stretch
from voicediag.measure.points.grid import GRID_HZ, Grid, Sound
from voicediag.measure.points.match import BLOCK, Pair
from voicediag.spans import Span

PAUSE_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A place at which the second track does not go on as the first.

    Attributes
    ----------
    kind : str
        `late`, `never`, `repeated` or `swapped`.
    received, played : Span
        Where, on the clock of each track; of no length where one of the two has nothing of it.
    inserted_s, missing_s : float
        How long what was put in is, and how much is left out.
    is_in_speech : bool
        False in a pause between turns or sentences, where nobody hears it.
    """

    kind: Kind
    received: Span
    played: Span
    inserted_s: float
    missing_s: float
    is_in_speech: bool

    @property
    def size_s(self) -> float:
        """How long what was put in is, or what is left out or comes again; of a swap, each of its chunks."""
        if self.kind == "swapped":
            return self.played.duration_s / 2
        return max(self.inserted_s, abs(self.missing_s))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TwoPoints:
    """What lies between two tracks of one sound.

    Attributes
    ----------
    changes : tuple of Change
        In order of time.
    offset_s : float or None
        When the first track's first sample is heard on the second one's clock, before all changes. None where the two
        hold no common sound.
    gain_db : float or None
    drift_ppm, drift_error_ppm : float or None
        Slope of the lag and its standard error; None where it cannot be told, and `drift_reason` says why.
    wander_ms : float or None
        Spread of nine tenths of what the slope leaves of the lags.
    common_s : float
        Seconds of the second track whose sound was found in the first.
    times_s, lags_s : float64, shape (blocks,)
        The second track's time and the lag there, for a picture.
    """

    changes: tuple[Change, ...] = ()
    offset_s: float | None = None
    gain_db: float | None = None
    drift_ppm: float | None = None
    drift_error_ppm: float | None = None
    wander_ms: float | None = None
    drift_reason: str = ""
    common_s: float = 0.0
    times_s: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0), repr=False)
    lags_s: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0), repr=False)


def between(
    received: Samples,
    played: Samples,
    *,
    rate_hz: int,
    played_rate_hz: int | None = None,
    pause_s: float = PAUSE_S,
) -> TwoPoints:
    """Return what was done to the sound of one track on its way to another.

    Parameters
    ----------
    received, played : float32, shape (frames,), in [-1, 1]
        They need not begin at the same time.
    rate_hz : int
        Rate of `received`, and of `played` unless `played_rate_hz` says otherwise.
    pause_s : float
        A change amid so much quiet is not in speech.

    Raises
    ------
    InputError
        Where the samples are not mono floats, or a rate is not positive.
    """
    rates = [whole_frames(1.0, each) for each in (rate_hz, rate_hz if played_rate_hz is None else played_rate_hz)]
    first, second = (_Held(mono(each), rate) for each, rate in zip((received, played), rates, strict=True))
    return between_sources(first, second, pause_s=pause_s)


def between_sources(
    received: Sound, played: Sound, *, pause_s: float = PAUSE_S, progress: Progress | None = None
) -> TwoPoints:
    """Return what was done to sound on its way, of tracks that are read in pieces: hours need not fit in memory.

    Parameters
    ----------
    received, played : Sound
        What has `rate_hz`, `frames` and `read(start, frames)`, as the sources of tracks do; rates need not be equal.
    pause_s : float
        A change amid so much quiet is not in speech.
    progress : callable, optional
        Called with (seconds followed, seconds in all).
    """
    with ThreadPoolExecutor(2) as pool:
        pair = Pair(Grid(received, pool), Grid(played, pool))
        follower = Follower(pair, progress)
        follower.run()
        if not follower.stretches:
            return TwoPoints(drift_reason="the two tracks hold no common sound")
        places, stretches = changes(pair, follower.stretches, pause=round(pause_s * GRID_HZ))
    return _told(places, stretches)


@dataclass(frozen=True, slots=True)
class _Held:
    """Sound that is in memory."""

    samples: Samples
    rate_hz: int

    @property
    def frames(self) -> int:
        """Length in frames."""
        return int(self.samples.size)

    def read(self, start: int, frames: int) -> Samples:
        """Return a view of the samples asked for."""
        return self.samples[start : start + frames]


def _told(places: list[Place], stretches: list[Stretch]) -> TwoPoints:
    """Return what was found, in seconds."""
    times = np.concatenate([each for stretch in stretches for each in stretch.places] or [np.zeros(0)]) / GRID_HZ
    lags = np.concatenate([each for stretch in stretches for each in stretch.lags] or [np.zeros(0)]) / GRID_HZ
    breaks_s = np.array([each / GRID_HZ for each in turns(stretches)])
    slope = drift(times, lags, breaks_s=breaks_s)
    ppm = (slope.ppm or 0.0) * 1e-6
    opening = stretches[0].opening
    wander_s = spread_s(slope.rest_s)
    at_s, lag_s = opening.at / GRID_HZ, opening.lag / GRID_HZ
    gain = stretches[0].way.gain
    return TwoPoints(
        changes=tuple(_change(place) for place in places),
        offset_s=lag_s - ppm * (at_s - lag_s),
        gain_db=20 * float(np.log10(gain)),
        drift_ppm=None if slope.ppm is None else slope.ppm / (1 - ppm),
        drift_error_ppm=slope.error_ppm,
        wander_ms=None if wander_s is None else 1_000 * wander_s,
        drift_reason=slope.reason,
        common_s=times.size * BLOCK / GRID_HZ,
        times_s=times,
        lags_s=lags,
    )


def _change(place: Place) -> Change:
    received, played = (
        Span(max(0.0, low / GRID_HZ), max(0.0, high / GRID_HZ)) for low, high in (place.received, place.played)
    )
    return Change(
        kind=place.kind,
        received=received,
        played=played,
        inserted_s=place.inserted / GRID_HZ,
        missing_s=place.missing / GRID_HZ,
        is_in_speech=place.is_in_speech,
    )
