"""One session under examination: what is measured once and shared by every detector.

The sound is read once, in blocks of `BLOCK_S`, each track on a thread of its own, and every meter is fed from the same
block while it is in the cache. What only one detector needs is measured when it asks, over the spans that it asks for,
and remembered.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar, cast

import numpy as np

from voicediag import cost, latency
from voicediag.cost import Cost
from voicediag.latency import Latency
from voicediag.measure import activity
from voicediag.measure.activity import Activity
from voicediag.measure.delay import DelayMeter, LagGroup
from voicediag.measure.echo import Echo, measured, trace
from voicediag.measure.echo_path import PATH_FRAME_S, EchoPath, Paths
from voicediag.measure.track import TrackMeters, TrackReading
from voicediag.session import Samples, Session, Track, TrackName
from voicediag.spans import Span, SpanSet

BLOCK_S = 30.0
# Reverberation of a furnished room carries the agent's voice on after it stops.
TAIL_S = 0.4
# House rule: the loudest 20 ms of a word lie above the active level; what does not come within this of it is not the
# talker.
BACKGROUND_DB = 12.0

Progress = Callable[[float, float], None]
_Measured = TypeVar("_Measured")


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """What the loudspeaker leaves in the microphone.

    Attributes
    ----------
    mic, speaker : TrackName
        The tracks that were compared.
    echo : Echo
        Times on the session clock.
    """

    mic: TrackName
    speaker: TrackName
    echo: Echo


@dataclass(frozen=True, slots=True)
class _Pass:
    """What one reading of the sound brought."""

    readings: Mapping[TrackName, TrackReading]
    groups: tuple[LagGroup, ...] | None
    whole: LagGroup | None


@dataclass(eq=False)
class Examination:
    """A session and what has been measured of it.

    Parameters
    ----------
    session : Session
    progress : callable, optional
        Called with (seconds read, seconds in all) while the sound is read.
    """

    session: Session
    progress: Progress | None = field(default=None, repr=False)
    _activities: dict[TrackName, Activity] = field(default_factory=dict, repr=False)
    _known: dict[object, object] = field(default_factory=dict, repr=False)

    def once(self, measure: Callable[[Examination], _Measured]) -> _Measured:
        """Return what a function measures of this session; it is called the first time, and remembered."""
        if measure not in self._known:
            self._known[measure] = measure(self)
        return cast("_Measured", self._known[measure])

    def reading(self, name: TrackName) -> TrackReading:
        """Return the meters of one track."""
        return self._pass.readings[name]

    @property
    def readings(self) -> Mapping[TrackName, TrackReading]:
        """The meters of every track."""
        return self._pass.readings

    def activity(self, name: TrackName) -> Activity:
        """Return where a track's voice speaks, in seconds from the track's start."""
        if name not in self._activities:
            level = self.reading(name).level
            self._activities[name] = activity.from_level(level.rms, step_s=level.hop_s)
        return self._activities[name]

    def speech(self, name: TrackName) -> SpanSet:
        """Return where a track's voice speaks, on the session clock."""
        offset_s = self.session.tracks[name].clock.offset_s
        return SpanSet(span.shifted(offset_s) for span in self.activity(name).spans)

    def foreground(self, name: TrackName) -> SpanSet:
        """Return where a track's own voice speaks, on the session clock: what stays far below it is in the background.

        A door, a keyboard and a voice next door stand clear of the noise floor too.
        """
        reading, clock = self.reading(name), self.session.tracks[name].clock
        level_db, hop_s = reading.active.active_speech_dbov, reading.level.hop_s
        if level_db is None:
            return self.speech(name)
        least = 10 ** ((level_db - BACKGROUND_DB) / 20)
        spoken = (
            span
            for span in self.activity(name).spans
            if reading.level.rms[round(span.start_s / hop_s) : round(span.end_s / hop_s)].max(initial=0.0) >= least
        )
        return SpanSet(span.shifted(clock.offset_s) for span in spoken)

    @cached_property
    def voices(self) -> tuple[SpanSet | None, SpanSet | None]:
        """Where the user and the agent speak, on the session clock; None where one has no track."""
        heard, spoken = self.session.heard, self.session.spoken
        agent = self.speech(spoken.name) if spoken else None
        user = self.foreground(heard.name) if heard else None
        leak = self.leak
        if user and agent and leak and leak.echo.verdict == "echo":
            # The end of an echo is nobody's last word.
            late_s = (leak.echo.delay_ms or 0.0) / 1_000
            user -= SpanSet(Span(span.start_s + late_s, span.end_s + late_s + TAIL_S) for span in agent)
        return user, agent

    @cached_property
    def latency(self) -> Latency:
        """How long people waited."""
        user, agent = self.voices
        return latency.measure(self.session, user=user, agent=agent)

    @property
    def cost(self) -> Cost:
        """What the session cost."""
        return cost.bill(self.session, user=self.voices[0])

    @cached_property
    def leak(self) -> Leak | None:
        """The echo between what the model heard and what the loudspeaker said; None where one of them is missing."""
        mic, speaker = self.session.heard, self.session.spoken
        groups = self._pass.groups
        if mic is None or speaker is None or groups is None or self._paths is None:
            return None
        echo = measured(trace(groups, self._pass.whole), groups, self._paths)
        return Leak(mic=mic.name, speaker=speaker.name, echo=echo)

    def path_over(self, pieces: Iterable[tuple[Span, float]], frame_s: float = PATH_FRAME_S) -> EchoPath | None:
        """Return the path from loudspeaker to microphone over some spans of the far end, each at a lag of its own."""
        return self._paths.over(pieces, frame_s) if self._paths else None

    @cached_property
    def _paths(self) -> Paths | None:
        mic, speaker = self.session.heard, self.session.spoken
        return Paths(mic.read, speaker.read, mic.rate_hz, speaker.rate_hz) if mic and speaker else None

    @cached_property
    def _pass(self) -> _Pass:
        """Read all sound once."""
        from threadpoolctl import threadpool_limits

        meters = {name: TrackMeters(track.rate_hz) for name, track in self.session.tracks.items()}
        pair = _EchoPair.of(self.session)
        blocks = max(1, int(np.ceil(self.session.duration_s / BLOCK_S)))
        # The blocks are shared out over threads here, one a core; BLAS threads beneath would fight for the same cores.
        with threadpool_limits(limits=1, user_api="blas"), ThreadPoolExecutor(os.cpu_count()) as pool:
            for index in range(blocks):
                jobs = {name: pool.submit(_feed, self.session.tracks[name], meters[name], index) for name in meters}
                sound = {name: job.result() for name, job in jobs.items()}
                if pair:
                    pair.push(pool, sound, index)
                if self.progress:
                    self.progress(min((index + 1) * BLOCK_S, self.session.duration_s), self.session.duration_s)
            readings = dict(zip(meters, pool.map(lambda meter: meter.result(), meters.values()), strict=True))
        if pair is None:
            return _Pass(readings, None, None)
        return _Pass(readings, pair.result(), pair.meter.whole)


@dataclass(slots=True)
class _EchoPair:
    """Feeds the delay meter one block behind the others, so that both cores have work."""

    mic: Track
    speaker: Track
    meter: DelayMeter
    pending: Future[None] | None = None

    @classmethod
    def of(cls, session: Session) -> _EchoPair | None:
        """Return the pair of a session, or None where one side is missing."""
        mic, speaker = session.heard, session.spoken
        return cls(mic, speaker, DelayMeter(mic.rate_hz, speaker.rate_hz)) if mic and speaker else None

    def push(self, pool: ThreadPoolExecutor, sound: Mapping[TrackName, Samples], index: int) -> None:
        """Hand over a block as soon as the one before it is done."""
        if self.pending:
            self.pending.result()
        blocks = [self._on_session(track, sound[track.name], index) for track in (self.mic, self.speaker)]
        self.pending = pool.submit(self.meter.push, *blocks)

    def result(self) -> tuple[LagGroup, ...]:
        """Return what the meter found, on the session clock."""
        if self.pending:
            self.pending.result()
        return self.meter.result()

    @staticmethod
    def _on_session(track: Track, samples: Samples, index: int) -> Samples:
        """Return a block on the session clock: the one that was read, unless the track's clock says otherwise."""
        size = round(BLOCK_S * track.rate_hz)
        if track.clock.offset_s == 0 and track.clock.drift_ppm == 0:
            return (
                samples
                if samples.size == size
                else np.concatenate((samples, np.zeros(size - samples.size, np.float32)))
            )
        return track.read(Span(index * BLOCK_S, (index + 1) * BLOCK_S))


def _feed(track: Track, meters: TrackMeters, index: int) -> Samples:
    """Read one block of a track and feed its meters."""
    size = round(BLOCK_S * track.rate_hz)
    samples = track.source.read(index * size, size)
    meters.push(samples)
    return samples
