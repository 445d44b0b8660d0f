"""A player that fills each chunk up with zeros, because its device takes whole buffers only.

What is left of a chunk is shorter than a buffer, and the rest of that buffer is zeros: a hole of a few milliseconds at
each chunk's end, always of one length and always at one distance. The agent sounds rough, like a buzz under the voice,
and every meter is well.
"""

from __future__ import annotations

from dataclasses import dataclass

from voicediag.detect.examination import Examination
from voicediag.detect.finding import Cause, Evidence, Finding, Limit, Severity
from voicediag.detect.precision import PRECISION
from voicediag.measure.padding import LEAST_HOLES, Comb, comb
from voicediag.session import Track
from voicediag.session.layout import PlacedSource
from voicediag.spans import Span, SpanSet

LEAST_COMB = Limit(
    LEAST_HOLES, "holes at one distance", "house rule: by chance one distance in hundreds is a multiple of another"
)
AROUND_S = 0.3
MS = 1_000.0
REMEDY_PLAYER = (
    "Carry what is left of a chunk over into the next buffer: a ring buffer between what comes and the device's "
    "callback, and zeros only where the answer is over."
)
REMEDY_SOURCE = (
    "The zeros are in the sound that came: whoever cuts it into chunks before (a resampler, a bridge, a proxy) fills "
    "the last frame of each up. It must carry what is left over into the next chunk."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Padded:
    """A track whose chunks are filled up."""

    track: Track
    comb: Comb


def padded(exam: Examination) -> Padded | None:
    """Return the agent's first tap whose chunks are filled up with zeros; ask with `exam.once(padded)`."""
    for track in exam.session.tracks.values():
        if track.role == "agent":
            source = track.source.stream if isinstance(track.source, PlacedSource) else track.source
            found = comb(source.read, source.frames, rate_hz=track.rate_hz)
            if found:
                return Padded(track=track, comb=found)
    return None


def padded_remainders(exam: Examination) -> Finding | None:
    """Return the finding of a track whose chunks are filled up with zeros."""
    told = exam.once(padded)
    if told is None:
        return None
    holes, track = told.comb, told.track
    hole_ms, period_ms = (MS * frames / track.rate_hz for frames in (holes.hole_frames, holes.period_frames))
    chunk_ms = MS * holes.chunk_frames / track.rate_hz
    count = int(holes.ends.size)
    spans = [_span(track, start, end) for start, end in zip(holes.starts.tolist(), holes.ends.tolist(), strict=True)]
    return Finding(
        id="starved-playback",
        cause=Cause.STARVATION,
        severity=Severity.HIGH,
        confidence=PRECISION["starved-playback"],
        summary=(
            f"{track.name} has a hole of {hole_ms:.2f} ms every {period_ms:.2f} ms, {count} in live sound: each chunk "
            f"of {holes.chunk_frames} frames ({chunk_ms:.1f} ms) is filled up with zeros to {holes.period_frames}."
        ),
        remedy=REMEDY_PLAYER if track.name == "agent-played" else REMEDY_SOURCE,
        primary=Evidence(
            track=track.name,
            span=spans[0].padded(AROUND_S),
            measure={
                "kind": "padded-remainders",
                "gaps": count,
                "gap_total_s": sum(span.duration_s for span in spans),
                "hole_ms": hole_ms,
                "period_ms": period_ms,
                "chunk_ms": chunk_ms,
                "chunk_frames": holes.chunk_frames,
                "period_frames": holes.period_frames,
            },
            limit=LEAST_COMB,
        ),
        where=SpanSet(spans),
    )


def _span(track: Track, start: int, end: int) -> Span:
    if isinstance(track.source, PlacedSource):
        placed = track.source.layout.place_of(start)
        start, end = placed, placed + end - start
    return track.clock.span_of((start, end), track.rate_hz)
