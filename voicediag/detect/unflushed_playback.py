"""The user spoke, the provider stopped, and the player played on.

A model's sound comes faster than it is heard, so that seconds of it lie in the player's queue. An interruption is only
a notice: whoever plays has to throw the queue away. Each frame that was received before the notice and played after it
is stale, whether the queue was never flushed, flushed late, or filled again by the sound of the very message that
interrupts.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

from voicediag.detect import talked_over, wire
from voicediag.detect.detector import Detector
from voicediag.detect.examination import Examination
from voicediag.detect.finding import Cause, Evidence, Finding, Limit, Severity, Verdict, clear, found, unjudged
from voicediag.detect.precision import PRECISION, TALKED_OVER
from voicediag.session import seconds
from voicediag.spans import Span, SpanSet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicediag.session import Mark, PlaybackEvent, Session

ID = "unflushed-playback"
MOST_STALE = Limit(
    200.0, "ms", "as much as livekit-agents lets its output queue hold (queue_size_ms=200, livekit/agents#3109)"
)
SPOKE_OVER = Limit(700.0, "ms", "house rule: a word of assent is shorter, and asks nobody to stop")
BREATH = Limit(1_000.0, "ms", "house rule: who pauses for a breath has not finished")
NEW_ANSWER = Limit(500.0, "ms", "house rule: the chunks of one answer come faster than they are heard")
CLEARED_WITHIN = Limit(1_500.0, "ms", "house rule: whoever waits for the end of the words waits no longer for a VAD")
TALKS_OVER = Limit(1_000.0, "ms", "house rule: for a second the agent is heard to talk over the user")
REMEDY = (
    "On interrupted (Gemini) or a cancelled response (OpenAI) empty the player's queue and stop what sounds, in this "
    "order: queue the sound of the message first, then flush, so that nothing is put back. Over a telephone send "
    "clear; then tell the provider how much was heard (conversation.item.truncate)."
)
MILLISECONDS = 1_000
# A player's callbacks are stamped a few ms late each; between two of them it does not fall silent.
SEAM_S = 0.02


@dataclass(frozen=True, slots=True)
class _Interruption:
    """An interruption, and when sound from before it was heard all the same."""

    mark: Mark
    stale: SpanSet
    flushed_s: float | None

    @property
    def stale_ms(self) -> float:
        """How long stale sound was heard."""
        # A nanosecond is all that the log resolves; a rounding must not lift what is at the limit over it.
        return round(self.stale.total_s * MILLISECONDS, 6)


def examine(exam: Examination) -> Verdict:
    """Answer with the interruptions after which the player played on."""
    session = exam.session
    if reason := wire.unread(session):
        return unjudged(ID, reason)
    if wire.first(session.marks, "telephone"):
        return _on_the_telephone(exam)
    if not any(event.event == "played" for event in session.playback):
        return unjudged(ID, "the session has no log of what the player played")
    received = session.tracks.get("agent-received")
    if received is None:
        return unjudged(ID, "the session has no agent-received track for the player's log to speak of")
    interruptions = list(_interruptions(session, received.rate_hz))
    if not interruptions:
        return clear(ID, bound="nothing was interrupted")
    stale = [each for each in interruptions if each.stale_ms > MOST_STALE.value]
    if not stale:
        most_ms = max(each.stale_ms for each in interruptions)
        return clear(ID, bound=f"at most {most_ms:.0f} ms of stale sound after an interruption")
    return found(_finding(session, stale, len(interruptions)))


def _on_the_telephone(exam: Examination) -> Verdict:
    """Answer with the answers that were heard to their end though the caller had spoken and was answered."""
    if reason := talked_over.unreadable(exam):
        return unjudged(ID, reason)
    every = talked_over.talked_over(
        exam,
        talked_over.Manner(
            least_s=SPOKE_OVER.value / MILLISECONDS,
            breath_s=BREATH.value / MILLISECONDS,
            pause_s=NEW_ANSWER.value / MILLISECONDS,
            cleared_within_s=CLEARED_WITHIN.value / MILLISECONDS,
        ),
    )
    stale = [each.stale for each in every if each.stale]
    heard = [span for span in stale if span.duration_s * MILLISECONDS > MOST_STALE.value]
    if heard:
        return found(_on_the_line(exam.session, heard))
    if played_on := [each for each in every if each.cleared_s is None]:
        first = played_on[0].user
        return unjudged(
            ID,
            f"the caller spoke over the agent for {first.duration_s:.1f} s at {first.start_s:.2f} s, and no clear was "
            "sent: whether the app is meant to be interrupted is not on the wire",
        )
    if not every:
        return clear(ID, bound=f"nobody spoke over the agent for {SPOKE_OVER.value:g} ms")
    return clear(ID, bound=f"a clear was sent each of the {len(every)} times that the caller spoke over the agent")


def _on_the_line(session: Session, heard: list[Span]) -> Finding:
    """Return the finding of a telephone call."""
    longest = max(heard, key=lambda stale: stale.duration_s)
    stale_ms = longest.duration_s * MILLISECONDS
    places = [wire.place(session, stale.start_s, stale.end_s, prefer=session.spoken) for stale in heard]
    evidence = tuple(
        Evidence(
            track=track,
            span=place,
            measure={
                "stale_ms": stale.duration_s * MILLISECONDS,
                "message": "media",
                "message_s": stale.start_s,
                "flushed_ms": None,
            },
            limit=MOST_STALE,
        )
        for (track, place), stale in zip(places, heard, strict=True)
    )
    return Finding(
        id=ID,
        cause=Cause.WIRE,
        severity=Severity.HIGH if stale_ms >= TALKS_OVER.value else Severity.MEDIUM,
        confidence=TALKED_OVER,
        summary=(
            f"The caller spoke over the agent and was answered, but no clear was sent: the new answer came at "
            f"{longest.start_s:.2f} s and waited {stale_ms:.0f} ms for the old one to be played."
        ),
        remedy=REMEDY,
        primary=evidence[0],
        supporting=evidence[1 : wire.MOST_SHOWN],
        where=SpanSet(heard),
    )


def _interruptions(session: Session, rate_hz: int) -> Iterator[_Interruption]:
    """Yield each interruption with what was played after it of what had come before."""
    events = sorted(session.playback, key=lambda event: event.t_ns)
    starts_s = [seconds(event.t_ns) for event in events]
    longest_s = max(event.frames for event in events) / rate_hz
    marks = _first_notices(session.marks)
    ends_s = [*(mark.at_s for mark in marks), float("inf")][1:]
    for mark, end_s in zip(marks, ends_s, strict=True):
        low, high = bisect_left(starts_s, mark.at_s - longest_s), bisect_left(starts_s, end_s)
        after = [event for event in events[low:high] if event.frame < mark.received]
        stale = (_heard(event, mark, rate_hz) for event in after if event.event == "played")
        flushed = (seconds(event.t_ns) for event in after if event.event == "flushed")
        flushed_s = next((at_s for at_s in flushed if at_s >= mark.at_s), None)
        heard = _joined(SpanSet(span for span in stale if span is not None))
        # A user who speaks when all was played interrupts nothing, whatever the provider calls it.
        if heard or flushed_s is not None:
            yield _Interruption(mark, heard, flushed_s)


def _first_notices(marks: tuple[Mark, ...]) -> list[Mark]:
    """Return the interruptions; a truncation that follows a cancelled response, with no sound between, is the same."""
    notices: list[Mark] = []
    for mark in marks:
        if mark.kind == "interrupted" and (not notices or mark.received != notices[-1].received):
            notices.append(mark)
    return notices


def _heard(event: PlaybackEvent, mark: Mark, rate_hz: int) -> Span | None:
    """Return when stale frames of one stretch of playing were heard, or None."""
    start_s = seconds(event.t_ns)
    stop_s = start_s + min(event.frames, mark.received - event.frame) / rate_hz
    return Span(max(start_s, mark.at_s), stop_s) if stop_s > max(start_s, mark.at_s) else None


def _joined(spans: SpanSet) -> SpanSet:
    """Return spans of playing with the seams between them closed."""
    joined: list[Span] = []
    for span in spans:
        if joined and span.start_s - joined[-1].end_s <= SEAM_S:
            joined[-1] = Span(joined[-1].start_s, span.end_s)
        else:
            joined.append(span)
    return SpanSet(joined)


def _finding(session: Session, stale: list[_Interruption], count: int) -> Finding:
    worst = max(stale, key=lambda each: each.stale_ms)
    others = [each for each in stale if each is not worst]
    times = f"after {len(stale)} of {count} interruptions" if count > 1 else "after the interruption"
    flushed = (
        "never flushed its queue"
        if worst.flushed_s is None
        else f"flushed its queue only {(worst.flushed_s - worst.mark.at_s) * MILLISECONDS:.0f} ms later"
    )
    return Finding(
        id=ID,
        cause=Cause.WIRE,
        severity=Severity.HIGH if worst.stale_ms >= TALKS_OVER.value else Severity.MEDIUM,
        confidence=PRECISION[ID],
        summary=(
            f"The player went on with stale sound {times}, for {worst.stale_ms:.0f} ms after the "
            f"{worst.mark.message} message at {worst.mark.at_s:.2f} s: it {flushed}."
        ),
        remedy=REMEDY,
        primary=_evidence(session, worst),
        supporting=tuple(_evidence(session, each) for each in others[: wire.MOST_SHOWN - 1]),
        where=SpanSet(span for each in stale for span in each.stale),
    )


def _evidence(session: Session, each: _Interruption) -> Evidence:
    hull = each.stale.hull or Span(each.mark.at_s, each.mark.at_s)
    track, place = wire.place(session, hull.start_s, hull.end_s, prefer=session.spoken)
    late_ms = None if each.flushed_s is None else (each.flushed_s - each.mark.at_s) * MILLISECONDS
    return Evidence(
        track=track,
        span=place,
        measure={
            "stale_ms": each.stale_ms,
            "message": each.mark.message,
            "message_s": each.mark.at_s,
            "flushed_ms": late_ms,
        },
        limit=MOST_STALE,
    )


DETECTOR = Detector(
    id=ID, cause=Cause.WIRE, question="Does the player fall silent when the provider is interrupted?", examine=examine
)
