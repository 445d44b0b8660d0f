"""A caller who speaks over the agent on a telephone's wire, and what the app made of it.

No message of such a wire says that the agent was interrupted: there is only the app's `clear`, or none. Whether it
should have sent one shows where it answers the caller while its old answer still waits to be played: then the app has
heard the caller, and the caller hears the old answer to its end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from voicediag.detect.playback import Stream
from voicediag.spans import Span, SpanSet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicediag.detect.examination import Examination
    from voicediag.session import Chunks


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkedOver:
    """A caller's words over the agent.

    Attributes
    ----------
    user : Span
        When they spoke.
    cleared_s : float or None
        When the app cleared what was queued.
    stale : Span or None
        From the app's next answer to the end of the old one, which is played before it.
    """

    user: Span
    cleared_s: float | None
    stale: Span | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """What counts, in seconds.

    Attributes
    ----------
    least_s : float
        As long as this the caller speaks over the agent, and the agent over the caller.
    breath_s : float
        So long the agent may pause and still be talking.
    pause_s : float
        After so long without new sound it is another answer.
    cleared_within_s : float
        So long after the caller's last word a clear may come.
    """

    least_s: float
    breath_s: float
    pause_s: float
    cleared_within_s: float


def unreadable(exam: Examination) -> str | None:
    """Return why nobody can say who spoke over whom, or None."""
    tracks = exam.session.tracks
    if "user-sent" not in tracks or "agent-received" not in tracks or exam.session.chunks is None:
        return "the session does not hold both voices of the call"
    if exam.leak and exam.leak.echo.verdict != "clear":
        return "the caller's line may carry the agent's echo, so that nobody can say who spoke over whom"
    return None


def talked_over(exam: Examination, how: Manner) -> list[TalkedOver]:
    """Return where the caller spoke over the agent, which went on unless it was cleared; `unreadable` must be None."""
    session = exam.session
    chunks = session.chunks
    if chunks is None:
        return []
    stream = Stream(exam, session.tracks["agent-received"], chunks)
    clears_s = [mark.at_s for mark in session.marks if mark.kind == "interrupted"]
    return list(_talked_over(exam, stream, clears_s, how))


def _talked_over(exam: Examination, stream: Stream, clears_s: list[float], how: Manner) -> Iterator[TalkedOver]:
    agent = exam.speech("agent-received")
    for user in exam.foreground("user-sent"):
        talking = any(span.start_s < user.start_s < span.end_s + how.breath_s for span in agent)
        queued_s = _queued_s(stream, user.start_s)
        if not talking or user.duration_s < how.least_s or queued_s <= user.start_s:
            continue
        last_s = user.end_s + how.cleared_within_s
        cleared_s = next((at_s for at_s in clears_s if user.start_s <= at_s <= last_s), None)
        if cleared_s is None and (agent & SpanSet((Span(user.start_s, queued_s),))).total_s < how.least_s:
            # The agent had all but finished.
            continue
        stale = _stale(stream, user, how.pause_s) if cleared_s is None else None
        yield TalkedOver(user=user, cleared_s=cleared_s, stale=stale)


def _queued_s(stream: Stream, at_s: float) -> float:
    """Return until when the sound is played that had come by `at_s`."""
    came = int(np.searchsorted(stream.chunks.at_s, at_s, side="right"))
    return stream.time_of(int(stream.chunks.ends[came - 1]) - 1) if came else at_s


def _stale(stream: Stream, user: Span, pause_s: float) -> Span | None:
    """Return how long the old answer is heard after a new one came; None where none came in time."""
    chunks: Chunks = stream.chunks
    pauses_s = np.diff(chunks.at_s, prepend=-np.inf)
    new = np.flatnonzero((chunks.at_s >= user.end_s) & (pauses_s >= pause_s))
    if not new.size or not new[0]:
        return None
    index = int(new[0])
    came_s = float(chunks.at_s[index])
    played_s = stream.time_of(int(chunks.ends[index - 1]) - 1)
    return Span(came_s, played_s) if played_s > came_s else None
