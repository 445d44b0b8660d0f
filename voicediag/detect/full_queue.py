"""A player's queue that is full: what comes then is dropped, and the sound jumps.

The player's log shows frames that were passed over without a flush. A full queue is told from other losses by its
depth: it is about the same each time, and the player never holds more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from voicediag.detect.finding import Limit
from voicediag.session import seconds
from voicediag.spans import Span, SpanSet

if TYPE_CHECKING:
    from voicediag.detect.playback import Played, Stream

LEAST_DROPS = Limit(3, "places", "house rule: two may lie at one depth by chance")
SAME_DEPTH = Limit(0.25, "of the depth", "house rule: chunks come in lumps, and callbacks take their time")
MOST_ALIKE = Limit(0.8, "of the places", "house rule: an answer that was interrupted leaves some that differ")
LEAST_DEPTH = Limit(0.05, "s", "house rule: an empty queue drops nothing")
AROUND_S = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Overflow:
    """What a full queue dropped.

    Attributes
    ----------
    drops : int
    dropped_s, depth_s : float
        How much sound was lost, and how much the queue held each time.
    where : SpanSet
        Where the sound jumps.
    """

    drops: int
    dropped_s: float
    depth_s: float
    where: SpanSet


def overflow(stream: Stream, played: Played) -> Overflow | None:
    """Return what a full queue dropped; None where nothing was, or for another reason."""
    if len(played.skipped) < LEAST_DROPS.value:
        return None
    depths, most_s = _depths(stream, played.passed_over)
    middle_s = float(np.median(depths))
    alike = np.abs(depths - middle_s) <= SAME_DEPTH.value * middle_s
    if middle_s < LEAST_DEPTH.value or np.mean(alike) < MOST_ALIKE.value:
        return None
    if most_s > (1 + 2 * SAME_DEPTH.value) * middle_s:
        return None
    places = (stream.time_of(frame) for frame in played.skipped)
    return Overflow(
        drops=len(played.skipped),
        dropped_s=sum(by for _, by in played.passed_over) / stream.track.rate_hz,
        depth_s=middle_s,
        where=SpanSet(Span(max(0.0, at_s - AROUND_S), at_s + AROUND_S) for at_s in places),
    )


def _depths(stream: Stream, lost: tuple[tuple[int, int], ...]) -> tuple[np.ndarray, float]:
    """Return how much was queued when each of what was dropped came, and the most that ever was; in seconds."""
    chunks, rate_hz = stream.chunks, stream.track.rate_hz
    events = [event for event in stream.exam.session.playback if event.event == "played" and event.frames]
    events.sort(key=lambda event: (event.t_ns, event.frame))
    starts = np.array([seconds(event.t_ns) for event in events])
    begins = np.array([event.frame for event in events])
    counts = np.array([event.frames for event in events])
    last = np.searchsorted(starts, chunks.at_s, side="right") - 1
    heard = begins[last] + np.minimum(counts[last], np.round((chunks.at_s - starts[last]) * rate_hz))
    heard = np.where(last < 0, chunks.firsts[0], heard)
    firsts, dropped = np.array(lost).T
    # What was flushed is no longer queued either.
    flushes = {(event.frame, event.frames) for event in stream.exam.session.playback if event.event == "flushed"}
    gone, sizes = np.array(sorted({*lost, *flushes})).T
    before = np.concatenate(([0], np.cumsum(sizes)))

    def queued_s(frames: np.ndarray, at: np.ndarray) -> np.ndarray:
        """Return what lay before frames of the stream and was not played yet when chunks `at` came."""
        kept = before[np.searchsorted(gone, frames)] - before[np.searchsorted(gone, heard[at])]
        queued: np.ndarray = np.maximum(0.0, (frames - heard[at] - kept) / rate_hz)
        return queued

    index = np.maximum(0, np.searchsorted(chunks.firsts, firsts, side="right") - 1)
    place = np.searchsorted(firsts, chunks.firsts, side="right") - 1
    was_taken = (place < 0) | (chunks.firsts >= (firsts + dropped)[place])
    taken = np.flatnonzero(was_taken & (chunks.ends <= begins[-1] + counts[-1]))
    most = queued_s(chunks.ends[taken], taken)
    return queued_s(firsts, index), float(most.max(initial=0.0))
