"""Sound does not pass at the pace at which it is heard, by the fault of whoever sends it or queues it.

Many causes sound alike, and what helps one does nothing for another. Which it is the times of the chunks tell: a
sender that sleeps after each one falls behind without end, a network's jitter comes back, a stall ends in a burst, and
a queue that is full drops what is newest. A microphone that loses buffers has its app fall behind too, in steps. A
model that sends faster than real time does nothing wrong.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from voicediag.detect import capture_loss, full_queue, pacing_kinds, playback, ways, wire
from voicediag.detect.detector import Detector
from voicediag.detect.examination import Examination
from voicediag.detect.finding import Cause, Evidence, Finding, Limit, Severity, Verdict, clear, found, unjudged
from voicediag.detect.full_queue import LEAST_DROPS, Overflow, overflow
from voicediag.detect.pacing_kinds import LEAST_GAINED, LEAST_STALL, MOST_JITTER, Kind
from voicediag.detect.pacing_words import REMEDIES, summary
from voicediag.detect.playback import Stream
from voicediag.detect.precision import PRECISION
from voicediag.detect.ways import Way, down, stalled, up
from voicediag.session import Chunks, Session
from voicediag.spans import Span, SpanSet

ID = "bad-pacing"
# Their limits stand on the page of this fault.
WITNESSES: Final = (pacing_kinds, full_queue, ways, capture_loss)
LIMITS: dict[Kind, Limit] = {
    "sleep-drift": LEAST_GAINED,
    "lost-capture": LEAST_GAINED,
    "falls-behind": LEAST_GAINED,
    "slow-source": LEAST_GAINED,
    "framing": LEAST_GAINED,
    "stall-and-burst": LEAST_STALL,
    "stall": LEAST_STALL,
    "jitter": MOST_JITTER,
}
MILLISECONDS = 1_000
BYTES_A_FRAME = 2


def examine(exam: Examination) -> Verdict:
    """Answer with what is wrong with the pace of either direction, and with the player's queue."""
    session = exam.session
    if session.chunks is None and session.sent_chunks is None:
        return unjudged(ID, "no wire log says when sound passed")
    both = [way for way in (exam.once(up), _down(exam)) if way]
    findings = [_finding(session, way) for way in both if way.kind]
    stream = Stream.of(exam)
    played = playback.played(stream) if stream else None
    full = overflow(stream, played) if stream and played else None
    if full:
        findings.append(_of_queue(session, full))
    if findings:
        return found(*findings)
    if not both:
        return unjudged(ID, f"under {pacing_kinds.LEAST_SOUND.value:g} s of sound passed without a pause")
    return clear(ID, bound="; ".join(map(_bound, both)))


def _down(exam: Examination) -> Way | None:
    """Return the pace of the agent's sound as far as it is heard; None where there is too little."""
    way = exam.once(down)
    if way is None or way.kind not in ("stall-and-burst", "stall", "jitter") or not way.chunks.ended:
        return way
    # What a player's cushion hides, or what falls into a pause, nobody hears.
    return way if _is_heard(exam, way) else replace(way, kind=None)


def _is_heard(exam: Examination, way: Way) -> bool:
    """Whether the agent breaks off in mid-speech because of it."""
    stream = Stream.of(exam)
    if stream is None:
        return True
    played = playback.played(stream)
    gaps = [gap for gap in played.gaps if gap.needed_s is not None] if played else stream.late()
    if way.kind == "jitter":
        return bool(gaps)
    stalled_s = {round(span.end_s, 3) for span in stalled(way)}
    ends_s = (float(way.chunks.at_s[_chunk_of(way.chunks, gap.frame)]) for gap in gaps)
    return any(round(end_s, 3) in stalled_s for end_s in ends_s)


def _chunk_of(chunks: Chunks, frame: int) -> int:
    return max(0, int(np.searchsorted(chunks.firsts, frame, side="right")) - 1)


def _bound(way: Way) -> str:
    pace = way.pace
    if pace.underfeed < -pacing_kinds.LEAST_SLOPE.value:
        said = f"{pace.sound_s / pace.wall_s:.1f} times as fast as it is heard" if pace.wall_s else "at once"
    else:
        said = f"{1 - pace.underfeed:.3f} s of sound a second, 99 % at most {pace.jitter_p99_s * 1_000:.0f} ms late"
    return f"{way.direction}: {said}"


def _finding(session: Session, way: Way) -> Finding:
    kind, pace = way.kind or "jitter", way.pace
    where = _where(way)
    longest = max(where, key=lambda span: span.duration_s)
    track, place = wire.place(
        session,
        longest.start_s,
        longest.end_s,
        prefer=session.heard if way.direction == "up" else session.tracks.get("agent-received"),
    )
    return Finding(
        id=ID,
        cause=Cause.STARVATION,
        severity=Severity.MEDIUM if kind == "jitter" else Severity.HIGH,
        confidence=PRECISION[ID],
        summary=summary(kind, pace, sender=way.sender),
        remedy=REMEDIES[kind, way.direction],
        primary=Evidence(track=track, span=place, measure=_measure(way), limit=LIMITS[kind]),
        where=where,
        explains=_explains(way),
    )


def _explains(way: Way) -> frozenset[str]:
    """Return the capture's losses, but where they may well be why the pace is slow."""
    loses = way.kind == "lost-capture" or (way.kind == "falls-behind" and way.loss is not None and way.loss.accounts)
    return frozenset() if loses else frozenset({"starved-capture"})


def _where(way: Way) -> SpanSet:
    """Return the time that it takes: the stalls, or all of the runs."""
    if way.kind in ("stall-and-burst", "stall"):
        return SpanSet(stalled(way))
    at_s = way.chunks.at_s
    ends_s = (float(at_s[part.stop - 1]) for part in way.parts)
    spans = [Span(float(at_s[part.start]), end_s) for part, end_s in zip(way.parts, ends_s, strict=True)]
    return SpanSet(span for span in spans if span.duration_s > 0)


def _measure(way: Way) -> dict[str, float | int | str | None]:
    pace, rate_hz = way.pace, way.chunks.rate_hz
    return {
        "kind": way.kind,
        "direction": way.direction,
        "chunk_ms": pace.chunk_s * MILLISECONDS,
        "interval_ms": pace.interval_s * MILLISECONDS,
        "underfeed_percent": pace.underfeed * 100,
        "slope_ms_per_s": pace.slope * MILLISECONDS,
        "jitter_p99_ms": pace.jitter_p99_s * MILLISECONDS,
        "stalls": pace.stalls,
        "bursts": pace.bursts,
        "longest_stall_ms": pace.longest_stall_s * MILLISECONDS,
        "growth": pace.growth,
        "lost_ms": way.loss.lost_s * MILLISECONDS if way.loss else None,
        "lack_ms": way.loss.lack_s * MILLISECONDS if way.loss else None,
        "bytes_per_s": (1 - pace.underfeed) * rate_hz * BYTES_A_FRAME,
        "real_time_bytes_per_s": rate_hz * BYTES_A_FRAME,
    }


def _of_queue(session: Session, full: Overflow) -> Finding:
    first = next(iter(full.where))
    track, place = wire.place(session, first.start_s, first.end_s, prefer=session.spoken)
    depth_ms = full.depth_s * MILLISECONDS
    return Finding(
        id=ID,
        cause=Cause.STARVATION,
        severity=Severity.HIGH,
        confidence=PRECISION[ID],
        summary=f"The player dropped {full.dropped_s:.2f} s of sound at {full.drops} places, each time with about "
        f"{depth_ms:.0f} ms in its queue: the queue was full.",
        remedy=REMEDIES["overflow", "down"],
        primary=Evidence(
            track=track,
            span=place,
            measure={
                "kind": "overflow",
                "direction": "down",
                "drops": full.drops,
                "dropped_s": full.dropped_s,
                "queue_ms": depth_ms,
            },
            limit=LEAST_DROPS,
        ),
        where=full.where,
    )


DETECTOR = Detector(
    id=ID, cause=Cause.STARVATION, question="Does sound pass at the pace at which it is heard?", examine=examine
)
