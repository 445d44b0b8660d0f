"""What the model heard around a moment: what `false_start` and `early_endpoint` hold the provider's word against.

The provider speaks of the sound that was sent; the sound itself says whether anybody spoke. Where it cannot say so, in
a loud room or on another clock, this says that.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from voicediag.detect.examination import Examination
from voicediag.detect.finding import Limit
from voicediag.measure.activity import BLIP_S, MARGIN_DB, STEP_S
from voicediag.session import Cue, Samples, Session, Track
from voicediag.spans import Span, SpanSet

LOUD_ROOM = Limit(
    -45.0, "dBFS floor", "house rule: 9 dB below the softest talker of recordings/clean; a louder room may hide one"
)
RECENT = Limit(3.0, "s", "house rule: a provider tells of sound within a second or two; else its clock is another")
ECHO_LAG = Limit(1.0, "s", "house rule: the echoes of recordings and development pairs come within 0.6 s")
# Stops and weak syllables within a word.
CLOSURE_S = 0.06
SILENT = 1e-7
ROOM_PERCENTILE = 90.0
LEAST_ROOM_S = 1.0
# What an app does that makes the model speak or stop.
DOINGS = frozenset({"asked", "broke-in", "tool-result", "tool-call", "setup"})


@dataclass(frozen=True, eq=False)
class Ear:
    """The track that the model heard.

    Attributes
    ----------
    gate_dbfs : float
        From which level on a step is taken for a voice.
    """

    exam: Examination
    track: Track
    gate_dbfs: float

    @classmethod
    def of(cls, exam: Examination) -> Ear | str:
        """Return the ear of a session, or why there is none."""
        track = exam.session.heard
        if track is None:
            return "the session has no track of the user"
        floor_dbfs = exam.activity(track.name).floor_dbfs
        if floor_dbfs is not None and floor_dbfs > LOUD_ROOM.value:
            return f"{track.name} has a floor of {floor_dbfs:.0f} dBFS, in which a voice may be hidden"
        return cls(exam, track, MARGIN_DB + (floor_dbfs or 0.0))

    def covers(self, span: Span) -> bool:
        """Whether the track holds all of a time."""
        return self.track.span.start_s <= span.start_s and span.end_s <= self.track.span.end_s

    def levels_dbfs(self, span: Span, *, step_s: float = STEP_S) -> np.ndarray:
        """Return the level of each step of a time."""
        return _levels_dbfs(self.track.read(span), round(step_s * self.track.rate_hz))

    def voice(self, span: Span) -> SpanSet:
        """Return where somebody speaks: steps above the gate, closures closed, blips dropped."""
        active = self.levels_dbfs(span) >= self.gate_dbfs
        edges = np.flatnonzero(np.diff(np.concatenate(([False], active, [False])).astype(np.int8))) * STEP_S
        runs = SpanSet(Span(span.start_s + a, span.start_s + b) for a, b in edges.reshape(-1, 2).tolist())
        if not runs:
            return runs
        holes = runs.complement(runs.hull) if runs.hull else SpanSet()
        return (runs | SpanSet(hole for hole in holes if hole.duration_s <= CLOSURE_S)).longer_than(BLIP_S)

    def hears_agent(self, span: Span) -> bool:
        """Whether the agent speaks in a time."""
        return bool(self._agent & SpanSet((span,)))

    @cached_property
    def _agent(self) -> SpanSet:
        """Where the agent speaks, on the session clock."""
        speaker = self.exam.session.spoken
        spans = self.exam.activity(speaker.name).spans if speaker else ()
        return SpanSet(span.shifted(speaker.clock.offset_s if speaker else 0.0) for span in spans)

    @cached_property
    def room_dbfs(self) -> float | None:
        """The level that the room without a voice exceeds a tenth of the time; None where it is hardly heard alone."""
        level = self.exam.reading(self.track.name).level
        spoken = self.exam.activity(self.track.name).spans.padded(0.3)
        alone = spoken.complement(Span(0.0, len(level.rms) * level.hop_s))
        hops = [level.rms[round(span.start_s / level.hop_s) : round(span.end_s / level.hop_s)] for span in alone]
        room = np.concatenate(hops) if hops else np.zeros(0, np.float32)
        if room.size * level.hop_s < LEAST_ROOM_S:
            return None
        return float(np.percentile(20 * np.log10(np.maximum(room, SILENT)), ROOM_PERCENTILE))


def recent(cue: Cue) -> bool:
    """Whether a cue speaks of sound that was sent just before: whether its clock is that of the recording."""
    return cue.audio_s is not None and -CLOSURE_S <= cue.at_s - cue.audio_s <= RECENT.value


def tells_starts(session: Session) -> bool:
    """Whether the provider says when the user starts to speak."""
    return any(cue.kind == "speech-started" for cue in session.cues)


def asked_between(session: Session, span: Span) -> bool:
    """Whether the app itself did something that makes the model speak or stop."""
    return any(mark.kind in DOINGS and span.start_s <= mark.at_s <= span.end_s for mark in session.marks)


def _levels_dbfs(sound: Samples, step: int) -> np.ndarray:
    steps = sound[: sound.size // step * step].reshape(-1, step)
    rms = np.sqrt(np.mean(steps**2, axis=1))
    return np.asarray(20 * np.log10(np.maximum(rms, SILENT)))
