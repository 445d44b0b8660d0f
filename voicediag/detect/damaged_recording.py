"""The recording itself is broken: cut short, never closed, or with lines that cannot be read.

A file that breaks off is judged as far as it goes. That it breaks off must be said first: whatever is missing may be
where the fault was, and a session that ends in silence looks like an agent that stopped talking.
"""

from __future__ import annotations

from voicediag.detect.detector import Detector
from voicediag.detect.examination import Examination
from voicediag.detect.finding import Cause, Evidence, Finding, Limit, Severity, Verdict, clear, found, unjudged
from voicediag.detect.precision import PRECISION
from voicediag.session import Problem, Session, Track
from voicediag.spans import Span

ID = "damaged-recording"
NONE_MISSING = Limit(0, "frames or lines", "every frame that the file promises and every line of the log can be read")
REMEDY = (
    "Keep the original; close the recorder cleanly, or write WAV or raw PCM while recording, which survive a kill. "
    "Read the verdicts below as of the part that could be read."
)


def examine(exam: Examination) -> Verdict:
    """Answer with what could not be read."""
    session = exam.session
    if not session.tracks:
        return unjudged(ID, "no track could be read")
    problems = [*session.problems, *_short_tracks(exam)]
    if not problems:
        return clear(ID, bound="every frame and line that was promised could be read")
    first, more = problems[0], len(problems) - 1
    rest = f", and {more} more" if more else ""
    track = _nearest(session, first)
    primary = Evidence(
        track=track.name,
        span=Span(max(0.0, track.span.end_s - 1), track.span.end_s),
        measure={"problems": len(problems), "where": first.where, "what": first.what},
        limit=NONE_MISSING,
    )
    finding = Finding(
        id=ID,
        cause=Cause.WIRE,
        severity=Severity.MEDIUM,
        confidence=PRECISION[ID],
        summary=f"The recording is damaged: {first.where}: {first.what}{rest}.",
        remedy=REMEDY,
        primary=primary,
    )
    return found(finding)


def _short_tracks(exam: Examination) -> list[Problem]:
    """Return the tracks of which fewer frames could be read than their files promise."""
    problems = []
    for name, reading in exam.readings.items():
        promised, got = exam.session.tracks[name].frames, reading.level.frames
        if got < promised:
            problems.append(Problem(where=name, what=f"breaks off after {got} of {promised} frames"))
    return problems


def _nearest(session: Session, problem: Problem) -> Track:
    """Return the track that a problem speaks of, or else the longest."""
    named = [track for track in session.tracks.values() if problem.where in (track.name, track.provenance)]
    return named[0] if named else max(session.tracks.values(), key=lambda track: track.span.end_s)


DETECTOR = Detector(id=ID, cause=Cause.WIRE, question="Can all of the recording be read?", examine=examine)
