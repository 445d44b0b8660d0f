"""Frames that the microphone delivered and that were not sent as they were: two taps tell, and nothing is guessed."""

from __future__ import annotations

from voicediag.detect.examination import Examination
from voicediag.detect.finding import Cause, Evidence, Finding, Severity
from voicediag.detect.precision import PRECISION
from voicediag.detect.two_taps import LEAST_CHANGE, pair_to
from voicediag.detect.ways import slowed
from voicediag.session import Track
from voicediag.spans import SpanSet

FEW = 3
AROUND_S = 0.5
REMEDY = (
    "What the microphone delivered does not all go up the wire: look between the taps for a bounded queue that "
    "drops, a resampler that is fed chunks without its state, or a sender that pads while it waits. Count frames into "
    "each stage and out of it."
)


def lost_between(exam: Examination, track: Track) -> Finding | None:
    """Return the finding of a track that does not hold what the tap before it holds."""
    pair = pair_to(exam, track.name)
    if pair is None or not pair.changes:
        return None
    gaps = [change for change in pair.changes if change.kind in ("late", "never")]
    again = len(pair.changes) - len(gaps)
    where = SpanSet(pair.where(change).padded(AROUND_S) for change in pair.changes)
    lost_s = sum(max(0.0, change.missing_s) for change in pair.changes)
    speech_dbov = exam.reading(track.name).active.active_speech_dbov
    parts = [f"{lost_s:.2f} s of {pair.first.name} are missing in {track.name}"] if lost_s else []
    parts += [f"{track.name} has {len(gaps)} gaps that {pair.first.name} has not"] if gaps and not lost_s else []
    parts += [f"{again} stretches are repeated or out of order"] if again else []
    return Finding(
        id="starved-capture",
        cause=Cause.STARVATION,
        severity=Severity.HIGH if len(pair.changes) >= FEW else Severity.MEDIUM,
        confidence=PRECISION["starved-capture"],
        summary=f"{'; '.join(parts)}: {len(pair.changes)} places in speech.",
        remedy=REMEDY,
        primary=Evidence(
            track=track.name,
            span=pair.where(pair.changes[0]).padded(AROUND_S),
            measure={
                "gaps": len(gaps),
                "gap_total_s": sum(max(change.inserted_s, change.missing_s) for change in gaps),
                "duplicated": again,
                "rms": None if speech_dbov is None else 10 ** (speech_dbov / 20),
            },
            limit=LEAST_CHANGE,
        ),
        where=where,
        explains=slowed(exam) if lost_s else frozenset(),
    )
