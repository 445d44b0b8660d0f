"""What the recorder itself saw of sound that was not captured: chunks that never came, and an audio clock that stood.

Where a browser's audio thread is not run in time its frames follow without a seam, and nothing in the sound need tell.
The recorder noted of each chunk when it was full, by the browser, and when it came, by its own clock: where the frames
fall behind both for good, the audio stood still.
"""

from __future__ import annotations

import numpy as np

from voicediag.detect.examination import Examination
from voicediag.detect.finding import Cause, Evidence, Finding, Limit, Severity
from voicediag.detect.precision import PRECISION
from voicediag.measure.clock_slips import ClockSlips, clock_slips
from voicediag.session import Track
from voicediag.session.capture_log import CaptureLog
from voicediag.session.clock import NANOSECONDS
from voicediag.spans import Span, SpanSet

LEAST_SLIP = Limit(5.0, "ms", "house rule: above a browser's render quantum, 2.9 ms, and the 1 ms of its clock")
MOST_DRIFT = Limit(300.0, "ppm", "house rule: crystals are off by up to 200 ppm, and half as much again")
LEAST_SLIPPED = Limit(20.0, "ms", "house rule: one frame of a codec, which is concealed where it stands alone")
OFTEN = Limit(0.2, "places a second", "as lost buffers: one in five seconds costs WebRTC AEC3 7 of its 21 dB")
SHOWN = 3
AROUND_S = 0.5
MS = 1_000.0
REMEDY = (
    "The machine does not run the browser's audio in time: close what loads it (tabs, screen sharing, a debugger that "
    "halts the page), do no work in audio callbacks, and record again before judging the agent. Where the app shows it "
    "too, its own users have it."
)


def capture_slips(exam: Examination, track: Track) -> Finding | None:
    """Return the finding of a track whose recorder says that not all of the time was captured."""
    log = exam.session.capture
    if log is None or track.name != "user-captured" or not log.frame.size:
        return None
    missing, slips = _missing(log), _slips(log, track)
    places = sorted([*(frame for frame, _ in missing), *slips.frames.tolist()])
    lost_ms = sum(size for _, size in missing) * MS / track.rate_hz
    slipped_ms = float(slips.sizes_ms.sum())
    if lost_ms + slipped_ms < LEAST_SLIPPED.value:
        return None
    spans = [_around(track, frame) for frame in places]
    often = len(places) >= OFTEN.value * track.span.duration_s
    measure = {
        "gaps": len(places),
        "gap_total_s": (lost_ms + slipped_ms) / MS,
        "duplicated": 0,
        "slips": int(slips.frames.size),
        "slipped_ms": slipped_ms,
        "missing_ms": lost_ms,
    }
    said = (
        [f"stood still for {slipped_ms:.0f} ms in {slips.frames.size} places, by two other clocks"]
        if slipped_ms
        else []
    )
    said += [f"lacks {lost_ms:.0f} ms that never reached the recorder"] if lost_ms else []
    return Finding(
        id="starved-capture",
        cause=Cause.STARVATION,
        severity=Severity.MEDIUM if often else Severity.LOW,
        confidence=PRECISION["starved-capture"],
        summary=f"The capture of {track.name} {' and '.join(said)}: what was said then is missing, or late.",
        remedy=REMEDY,
        primary=Evidence(track=track.name, span=spans[0], measure=measure, limit=LEAST_SLIPPED),
        supporting=tuple(
            Evidence(track=track.name, span=span, measure={}, limit=LEAST_SLIP) for span in spans[1:SHOWN]
        ),
        where=SpanSet(spans),
    )


def _slips(log: CaptureLog, track: Track) -> ClockSlips:
    """Return where the audio clock stood, as the browser's wall clock and the recorder's monotonic one agree."""
    clocks = (log.wall_ms, np.asarray(log.t_ns * (MS / NANOSECONDS), np.float64))
    ends = log.frame + log.frames
    if not np.all(np.diff(ends) > 0):
        return ClockSlips(frames=np.empty(0, np.int64), sizes_ms=np.empty(0))
    return clock_slips(ends, clocks, rate_hz=track.rate_hz, least_ms=LEAST_SLIP.value, drift_ppm=MOST_DRIFT.value)


def _missing(log: CaptureLog) -> list[tuple[int, int]]:
    """Return (frame, frames) of what lies between one chunk and the next."""
    ends = (log.frame + log.frames)[:-1]
    gaps = log.frame[1:] - ends
    at = np.flatnonzero(gaps > 0)
    return list(zip(ends[at].tolist(), gaps[at].tolist(), strict=True))


def _around(track: Track, frame: int) -> Span:
    at_s = track.clock.time_of(frame, track.rate_hz)
    return Span(max(0.0, at_s - AROUND_S), at_s + AROUND_S)
