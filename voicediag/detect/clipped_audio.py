"""Samples that hit the rail, or wrapped around it.

Hard clipping flattens every loud vowel: recognisers lose words and cancellers lose the echo path, which is linear no
more. A wrapped sample, an int16 that overflowed to the other sign, is worse: each is a click as loud as the scale.
"""

from __future__ import annotations

from voicediag.detect.detector import Detector
from voicediag.detect.examination import Examination
from voicediag.detect.finding import Cause, Evidence, Finding, Limit, Severity, Verdict, clear, found, unjudged
from voicediag.detect.precision import PRECISION
from voicediag.measure.clipping import Clipping
from voicediag.session import Track
from voicediag.spans import Span, SpanSet

ID = "clipped-audio"
LEAST_TOPS = Limit(
    5, "flat tops", "house rule: loud clean speech may flatten one or two tops, overdriven speech flattens dozens"
)
LEAST_PLACES = Limit(2, "places", "house rule: a bump against the microphone may touch the rail, once")
LEAST_WRAPS = Limit(3, "wraps", "a digital click can look like one wrap; overflow comes with every loud vowel")
HEARD_SHARE = Limit(0.001, "of all frames", "house rule: sets the severity, decides no verdict")
SECONDS_AROUND = 0.25
REMEDY_CLIP = (
    "Lower the gain before this tap (the microphone's boost, automatic gain control, a software gain above 1) until "
    "speech peaks at -6 dBFS; clipping cannot be undone later."
)
REMEDY_WRAP = (
    "Saturate before converting to int16: clip the floats to [-1, 1] and scale by 32,767. Wrapped samples come from a "
    "cast that overflows, most often after adding two sounds or after a resampler that overshoots."
)


def examine(exam: Examination) -> Verdict:
    """Answer with the tracks that clip or wrap."""
    sounding = [track for track in exam.session.tracks.values() if exam.reading(track.name).level.rms_dbfs is not None]
    if not sounding:
        return unjudged(ID, "every track is digital silence")
    findings = [finding for track in sounding if (finding := _judged(track, exam.reading(track.name).clipping))]
    if findings:
        return found(*findings)
    most = max((exam.reading(track.name).clipping for track in sounding), key=lambda clipping: clipping.flat_tops)
    seen = f"at most {most.flat_tops} flat tops in a track, at {most.starts.size} places"
    return clear(ID, bound=f"{seen}; {LEAST_TOPS.value:g} at {LEAST_PLACES.value:g} places make a finding")


def _judged(track: Track, clipping: Clipping) -> Finding | None:
    # A hard-driven rail jumps from one end to the other now and then, which looks like a wrap: the commoner one counts.
    wrapped = clipping.wraps >= max(LEAST_WRAPS.value, clipping.starts.size)
    clipped = clipping.flat_tops >= LEAST_TOPS.value and clipping.starts.size >= LEAST_PLACES.value
    if not wrapped and not clipped:
        return None
    begins, ends = (clipping.wrap_starts, clipping.wrap_ends) if wrapped else (clipping.starts, clipping.ends)
    frames = zip(begins.tolist(), ends.tolist(), strict=True)
    where = SpanSet(track.clock.span_of(pair, track.rate_hz).padded(SECONDS_AROUND) for pair in frames)
    share = clipping.clipped_samples / clipping.frames if clipping.frames else 0.0
    measure = {
        "clipped_samples": clipping.clipped_samples,
        "clipped_share": share,
        "flat_tops": clipping.flat_tops,
        "places": int(begins.size),
        "wraps": clipping.wraps,
        "rail": clipping.rail,
    }
    return Finding(
        id=ID,
        cause=Cause.FORMAT,
        severity=Severity.HIGH if wrapped or share >= HEARD_SHARE.value else Severity.MEDIUM,
        confidence=PRECISION[ID],
        summary=_summary(track, clipping, share, wrapped=wrapped),
        remedy=REMEDY_WRAP if wrapped else REMEDY_CLIP,
        primary=Evidence(
            track=track.name,
            span=_densest(where),
            measure=measure,
            limit=LEAST_WRAPS if wrapped else LEAST_TOPS,
        ),
        where=where,
    )


def _summary(track: Track, clipping: Clipping, share: float, *, wrapped: bool) -> str:
    if wrapped:
        return f"{track.name} wraps around full scale {clipping.wraps} times: int16 overflow."
    return (
        f"{track.name} is clipped at {clipping.starts.size} places: {clipping.clipped_samples} samples "
        f"({100 * share:.2g} %) lie at its rail."
    )


def _densest(where: SpanSet) -> Span:
    """Return the longest stretch of places that lie close together, at most three seconds of it."""
    longest = max(where, key=lambda span: span.duration_s)
    return Span(longest.start_s, min(longest.end_s, longest.start_s + 3))


DETECTOR = Detector(id=ID, cause=Cause.FORMAT, question="Does any track hit the rail?", examine=examine)
