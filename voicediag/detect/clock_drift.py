"""Two clocks: tracks of one sound that run at different speeds.

A player that consumes 100 ppm faster than it is fed runs dry by 20 ms every 200 s; a canceller whose reference drifts
against its microphone has to learn the way anew all the time. The lag between two taps of one sound, or between
loudspeaker and microphone where an echo joins them, grows along a line. A lag that moves to and fro is a queue that
breathes, and steps are lost buffers: neither is a clock. From `SKEW` on the drift is also why a canceller fails, and
then the echo is its symptom.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from voicediag.detect.canceller_motion import motion_failure
from voicediag.detect.detector import Detector
from voicediag.detect.examination import Examination, Leak
from voicediag.detect.finding import Cause, Evidence, Finding, Limit, Severity, Verdict, clear, found, unjudged
from voicediag.detect.lost_steps import lost_steps
from voicediag.detect.precision import PRECISION
from voicediag.detect.two_taps import Taps, taps
from voicediag.session import Track, TrackName
from voicediag.spans import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

ID = "clock-drift"
LEAST_DRIFT = Limit(50.0, "ppm", "3GPP TS 26.131 allows a terminal's clocks 50 ppm")
SURE = Limit(3.0, "standard errors", "house rule: 3 in 1,000 lie farther off, where errors are normal")
STRAIGHT = Limit(
    15.0, "times the wander", "house rule: half a wave of wander alone reaches 11.4, measured along a line"
)
WORSE = Limit(100.0, "ppm", "house rule: two crystals of 50 ppm each; sets the severity, decides no verdict")
# Below this a printed error would claim more than a lag can be known to.
LEAST_ERROR_PPM = 0.1
SLIP_MS = 20.0
REMEDY_TAPS = (
    "Resample to the clock that consumes, with a ratio that follows the fill of the buffer, or re-anchor in pauses: "
    "drop or add silence there before the buffer runs dry or over. Look for a ratio of rates that is a little off."
)
REMEDY_ECHO = (
    "Let one device, or one audio engine, own microphone and loudspeaker; or resample the reference to the "
    "microphone's clock before the canceller."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """How fast a track runs against another, as far as it is known."""

    track: TrackName
    against: TrackName
    span: Span
    ppm: float | None
    error_ppm: float
    wander_ms: float
    over_s: float
    why_not: str = ""

    @property
    def told(self) -> str:
        """The number in words."""
        error = max(self.error_ppm, LEAST_ERROR_PPM)
        return f"{self.ppm or 0.0:+.1f} ± {error:.1f} ppm over {self.over_s:.0f} s"

    @property
    def least_ppm(self) -> float:
        """What the drift is at the least."""
        return abs(self.ppm or 0.0) - SURE.value * self.error_ppm

    @property
    def most_ppm(self) -> float:
        """What the drift is at the most."""
        return abs(self.ppm or 0.0) + SURE.value * self.error_ppm

    @property
    def is_straight(self) -> bool:
        """Whether the lag moves along a line: what it gains is far more than what it moves to and fro."""
        return abs(self.ppm or 0.0) * self.over_s / 1_000 >= STRAIGHT.value * self.wander_ms

    @property
    def drifts(self) -> bool:
        """Whether the two run at different speeds, surely."""
        return self.ppm is not None and self.least_ppm >= LEAST_DRIFT.value and self.is_straight

    @property
    def is_steady(self) -> bool:
        """Whether they run at one speed, surely."""
        return self.ppm is not None and self.most_ppm < LEAST_DRIFT.value

    @property
    def doubt(self) -> str:
        """Why it is neither."""
        pair = f"{self.track} against {self.against}"
        if self.ppm is None:
            return f"{pair}: {self.why_not}"
        if self.least_ppm >= LEAST_DRIFT.value:
            return f"{pair}: {self.told}, and as much of its motion ({self.wander_ms:.1f} ms) goes to and fro"
        return f"{pair}: {self.told}, too near {LEAST_DRIFT.value:g} ppm for its error"


def examine(exam: Examination) -> Verdict:
    """Answer with the tracks that run at different speeds."""
    speeds = exam.once(speeds_of)
    drifting = [speed for speed in speeds if speed.drifts]
    if drifting:
        return found(_finding(exam, drifting))
    if not speeds:
        return unjudged(ID, "no two tracks hold the same sound: neither two taps of one voice nor an echo")
    open_questions = [speed.doubt for speed in speeds if not speed.is_steady and speed.ppm is not None]
    steady = [f"{speed.track} against {speed.against} {speed.told}" for speed in speeds if speed.is_steady]
    if open_questions or not steady:
        return unjudged(ID, open_questions[0] if open_questions else speeds[0].doubt)
    return clear(ID, bound="; ".join(steady))


def speeds_of(exam: Examination) -> tuple[Speed, ...]:
    """Return the speeds that the session tells, those between two taps first; ask with `exam.once(speeds_of)`."""
    return tuple(chain((_between(pair) for pair in exam.once(taps) if pair.is_judged), _echoed(exam.leak)))


def _between(pair: Taps) -> Speed:
    told, clock = pair.told, pair.second.clock
    times_s = told.times_s + clock.offset_s
    # What the session already knows of its clocks is no fault of them.
    known_ppm = clock.drift_ppm - pair.first.clock.drift_ppm
    return _speed(
        (pair.second.name, pair.first.name),
        Span(float(times_s.min()), float(times_s.max())),
        None if told.drift_ppm is None else told.drift_ppm - known_ppm,
        (told.drift_error_ppm, told.wander_ms),
    )


def _echoed(leak: Leak | None) -> Iterator[Speed]:
    """Yield the speed of the microphone against the loudspeaker, where an echo joins them."""
    if leak is None or leak.echo.verdict != "echo":
        return
    motion = leak.echo.motion
    if motion is None or not motion.times_s.size:
        return
    # Between steps that may be buffers a slope is not the clocks' alone.
    ppm = None if motion.jumps else motion.drift_ppm
    span = Span(float(motion.times_s.min()), float(motion.times_s.max()))
    yield _speed((leak.mic, leak.speaker), span, ppm, (motion.drift_error_ppm, motion.wander_ms), len(motion.jumps))


def _speed(
    names: tuple[TrackName, TrackName],
    span: Span,
    ppm: float | None,
    spread: tuple[float | None, float | None],
    jumps: int = 0,
) -> Speed:
    error_ppm, wander_ms = spread
    return Speed(
        track=names[0],
        against=names[1],
        span=span,
        ppm=ppm,
        error_ppm=error_ppm or 0.0,
        wander_ms=wander_ms or 0.0,
        over_s=span.duration_s,
        why_not=_why_not(error_ppm, wander_ms, span.duration_s, jumps),
    )


def _why_not(error_ppm: float | None, wander_ms: float | None, over_s: float, jumps: int) -> str:
    if jumps:
        return f"the lag jumps {jumps} times"
    if error_ppm is None or not np.isfinite(error_ppm):
        return f"too little common sound in {over_s:.0f} s"
    return f"the lag moves to and fro by {wander_ms or 0.0:.1f} ms, and its slope is known to {error_ppm:.0f} ppm only"


def _finding(exam: Examination, drifting: list[Speed]) -> Finding:
    first, *others = drifting
    ppm = abs(first.ppm or 0.0)
    return Finding(
        id=ID,
        cause=Cause.STARVATION,
        severity=Severity.MEDIUM if ppm >= WORSE.value else Severity.LOW,
        confidence=PRECISION[ID],
        summary=(
            f"{first.track} runs at another speed than {first.against}: {first.told}. That is {SLIP_MS:g} ms every "
            f"{1_000 * SLIP_MS / ppm:.0f} s."
        ),
        remedy=REMEDY_ECHO if _is_echo(exam, first) else REMEDY_TAPS,
        primary=_evidence(first),
        supporting=tuple(_evidence(other) for other in others),
        explains=_explains(exam, drifting),
    )


def _is_echo(exam: Examination, speed: Speed) -> bool:
    tracks = exam.session.tracks
    pair: list[Track] = [tracks[name] for name in (speed.track, speed.against)]
    return pair[0].role != pair[1].role


def _explains(exam: Examination, drifting: list[Speed]) -> frozenset[str]:
    """Return the echo, where the drift is why no canceller takes it off."""
    if exam.leak is None or not any(_is_echo(exam, each) for each in drifting):
        return frozenset()
    failure = motion_failure(exam.leak, exam.once(lost_steps))
    return frozenset({"echo-leak"}) if failure and failure.why == "clock-skew" else frozenset()


def _evidence(speed: Speed) -> Evidence:
    return Evidence(
        track=speed.track,
        span=speed.span,
        measure={
            "drift_ppm": speed.ppm,
            "drift_error_ppm": speed.error_ppm,
            "wander_ms": speed.wander_ms,
            "over_s": speed.over_s,
        },
        limit=LEAST_DRIFT,
        against=speed.against,
    )


DETECTOR = Detector(id=ID, cause=Cause.STARVATION, question="Do all tracks run at one speed?", examine=examine)
