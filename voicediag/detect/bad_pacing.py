"""Sound does not pass at the pace at which it is heard, by the fault of whoever sends it or queues it.

Seven causes sound alike, and what helps one does nothing for another. Which it is the times of the chunks tell: a
sender that sleeps after each one falls behind without end, a network's jitter comes back, a stall ends in a burst, and
a queue that is full drops what is newest. A model that sends faster than real time does nothing wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from voicediag.detect import full_queue, pacing_kinds, playback, wire
from voicediag.detect.detector import Detector
from voicediag.detect.examination import Examination
from voicediag.detect.finding import Cause, Evidence, Finding, Limit, Severity, Verdict, clear, found, unjudged
from voicediag.detect.full_queue import LEAST_DROPS, Overflow, overflow
from voicediag.detect.pacing_kinds import LEAST_GAINED, LEAST_STALL, MOST_JITTER, Kind
from voicediag.detect.pacing_words import REMEDIES, summary
from voicediag.detect.playback import Stream
from voicediag.detect.precision import PRECISION
from voicediag.detect.wrong_rate import known_rate
from voicediag.measure.pacing import Pacing, pacing, runs
from voicediag.session import Chunks, Session
from voicediag.session.events import Direction
from voicediag.spans import Span, SpanSet

ID = "bad-pacing"
# Their limits stand on the page of this fault.
WITNESSES: Final = (pacing_kinds, full_queue)
PAUSE = Limit(0.5, "s", "as session/arrivals: after so much silence on a telephone's wire it is another answer")
FASTER = Limit(-0.05, "s of lateness a second", "house rule: a clock is off by a thousandth of that")
LIMITS: dict[Kind, Limit] = {
    "sleep-drift": LEAST_GAINED,
    "slow-source": LEAST_GAINED,
    "framing": LEAST_GAINED,
    "stall-and-burst": LEAST_STALL,
    "stall": LEAST_STALL,
    "jitter": MOST_JITTER,
}
MILLISECONDS = 1_000
BYTES_A_FRAME = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """One direction of the wire, and its pace."""

    direction: Direction
    sender: str
    chunks: Chunks
    parts: list[slice]
    pace: Pacing
    kind: Kind | None = None


def examine(exam: Examination) -> Verdict:
    """Answer with what is wrong with the pace of either direction, and with the player's queue."""
    session = exam.session
    if session.chunks is None and session.sent_chunks is None:
        return unjudged(ID, "no wire log says when sound passed")
    ways = [way for way in (_up(session), _down(exam)) if way]
    findings = [_finding(session, way) for way in ways if way.kind]
    stream = Stream.of(exam)
    played = playback.played(stream) if stream else None
    full = overflow(stream, played) if stream and played else None
    if full:
        findings.append(_of_queue(session, full))
    if findings:
        return found(*findings)
    if not ways:
        return unjudged(ID, f"under {pacing_kinds.LEAST_SOUND.value:g} s of sound passed without a pause")
    return clear(ID, bound="; ".join(map(_bound, ways)))


def _up(session: Session) -> _Way | None:
    """Return the pace of the user's sound; None where there is too little."""
    chunks = session.sent_chunks
    if chunks is None:
        return None
    is_call = wire.first(session.marks, "telephone") is not None
    way = _way("up", "The line" if is_call else "The app", chunks, _runs(chunks), is_models=False)
    if way is None or way.kind is None or _is_another_rate(way):
        return way and replace(way, kind=None)
    return way


def _down(exam: Examination) -> _Way | None:
    """Return the pace of the agent's sound; None where there is too little."""
    session, chunks = exam.session, exam.session.chunks
    if chunks is None:
        return None
    is_call = wire.first(session.marks, "telephone") is not None
    parts = chunks.each_answer() if chunks.ended else _runs(chunks)
    way = _way("down", "The app" if is_call else "The provider", chunks, parts, is_models=not is_call)
    if way is None or way.kind not in ("stall-and-burst", "stall", "jitter") or not chunks.ended:
        return way
    # What a player's cushion hides, or what falls into a pause, nobody hears.
    return way if _is_heard(exam, way) else replace(way, kind=None)


def _way(direction: Direction, sender: str, chunks: Chunks, parts: list[slice], *, is_models: bool) -> _Way | None:
    lengths_s = (chunks.ends - chunks.firsts) / chunks.rate_hz
    pace = pacing(chunks.at_s, lengths_s, parts, stall_s=LEAST_STALL.value)
    if pace is None or not pacing_kinds.is_enough(pace):
        return None
    kind = pacing_kinds.kind_of(pace, is_models=is_models)
    if pace.slope <= FASTER.value and not chunks.ended:
        # Whoever sends faster than it is heard, and says no end of what belongs together, may pause as it likes.
        kind = None
    return _Way(direction=direction, sender=sender, chunks=chunks, parts=parts, pace=pace, kind=kind)


def _runs(chunks: Chunks) -> list[slice]:
    return runs(chunks.at_s, (chunks.ends - chunks.firsts) / chunks.rate_hz, pause_s=PAUSE.value)


def _is_another_rate(way: _Way) -> bool:
    """Whether sound comes at the pace of another rate, of which `wrong-rate` tells."""
    declared_hz = way.chunks.rate_hz
    return known_rate((1 - way.pace.underfeed) * declared_hz, declared_hz) not in (None, declared_hz)


def _is_heard(exam: Examination, way: _Way) -> bool:
    """Whether the agent breaks off in mid-speech because of it."""
    stream = Stream.of(exam)
    if stream is None:
        return True
    played = playback.played(stream)
    gaps = [gap for gap in played.gaps if gap.needed_s is not None] if played else stream.late()
    if way.kind == "jitter":
        return bool(gaps)
    stalled_s = {round(span.end_s, 3) for span in _stalled(way)}
    ends_s = (float(way.chunks.at_s[_chunk_of(way.chunks, gap.frame)]) for gap in gaps)
    return any(round(end_s, 3) in stalled_s for end_s in ends_s)


def _chunk_of(chunks: Chunks, frame: int) -> int:
    return max(0, int(np.searchsorted(chunks.firsts, frame, side="right")) - 1)


def _stalled(way: _Way) -> Iterator[Span]:
    """Yield when nothing came."""
    lengths_s = (way.chunks.ends - way.chunks.firsts) / way.chunks.rate_hz
    for part in way.parts:
        at_s = way.chunks.at_s[part]
        excess = np.diff(at_s) - lengths_s[part][:-1]
        for index in np.flatnonzero(excess >= LEAST_STALL.value)[: wire.MOST_SHOWN].tolist():
            yield Span(float(at_s[index]), float(at_s[index + 1]))


def _bound(way: _Way) -> str:
    pace = way.pace
    if pace.underfeed < -pacing_kinds.LEAST_SLOPE.value:
        said = f"{pace.sound_s / pace.wall_s:.1f} times as fast as it is heard" if pace.wall_s else "at once"
    else:
        said = f"{1 - pace.underfeed:.3f} s of sound a second, 99 % at most {pace.jitter_p99_s * 1_000:.0f} ms late"
    return f"{way.direction}: {said}"


def _finding(session: Session, way: _Way) -> Finding:
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
    )


def _where(way: _Way) -> SpanSet:
    """Return the time that it takes: the stalls, or all of the runs."""
    if way.kind in ("stall-and-burst", "stall"):
        return SpanSet(_stalled(way))
    at_s = way.chunks.at_s
    ends_s = (float(at_s[part.stop - 1]) for part in way.parts)
    spans = [Span(float(at_s[part.start]), end_s) for part, end_s in zip(way.parts, ends_s, strict=True)]
    return SpanSet(span for span in spans if span.duration_s > 0)


def _measure(way: _Way) -> dict[str, float | int | str | None]:
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
