"""What the detectors of the wire share: whether there is a log, where it ends, and where to listen.

They read `Session.marks`, which the protocols' readers filled: no provider's rules live here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicediag.session.landmarks import MOST_MARKS
from voicediag.spans import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from voicediag.session import Mark, Session, Track, TrackName
    from voicediag.session.events import Direction

NO_LOG = "the session has no wire log"
NOTHING_KNOWN = "no message of the wire log says anything of the session that is known here"
NO_MODEL = "the wire is a telephone call's: what the app and its model say to each other is not on it"
PASSED = ("last-up", "last-down", "closed")
TOO_LONG = f"the wire log says over {MOST_MARKS} things of the session, and the rest was not kept"
# An app that connects again and again fails again and again; nobody looks at more than a page of it.
MOST_SHOWN = 20
# A place that lies after the last sound is shown at its end.
SHORTEST_S = 0.1


def unread(session: Session) -> str | None:
    """Return why nothing can be said of the wire, or None where something can."""
    if not session.marks:
        return NO_LOG
    # Messages that passed and meant nothing: another provider's, or a part of a log without anything of the session.
    return NOTHING_KNOWN if all(mark.kind in PASSED for mark in session.marks) else None


def modelless(session: Session) -> str | None:
    """Return why nothing can be said of the model on the wire, or None where something can."""
    return unread(session) or (NO_MODEL if first(session.marks, "telephone") else None)


def missing(session: Session) -> str | None:
    """Return why a fault of the wire may only look like one, or None where the log is whole."""
    return TOO_LONG if len(session.marks) > MOST_MARKS else None


def end_s(marks: Iterable[Mark]) -> float:
    """Return when the last message passed, or the last connection was closed."""
    return max(mark.at_s for mark in marks)


def after(marks: tuple[Mark, ...], index: int, *until: str) -> Iterator[Mark]:
    """Yield the marks that follow one, up to the first whose kind is among `until`, that one included."""
    for mark in marks[index + 1 :]:
        yield mark
        if mark.kind in until:
            return


def first(marks: Iterable[Mark], *kinds: str) -> Mark | None:
    """Return the first mark of these kinds."""
    return next((mark for mark in marks if mark.kind in kinds), None)


def place(session: Session, start_s: float, stop_s: float, *, prefer: Track | None) -> tuple[TrackName, Span]:
    """Return a track and the part of a time at which it can be heard.

    Where there is no sound at all, as after a setup that was refused, it is the agent's that never came.
    """
    track = prefer or max(session.tracks.values(), key=lambda track: track.span.end_s, default=None)
    if track is None:
        start_s = max(start_s, 0.0)
        return "agent-received", Span(start_s, max(stop_s, start_s + SHORTEST_S))
    last_s = max(track.span.end_s, SHORTEST_S)
    start_s = min(max(start_s, 0.0), last_s - SHORTEST_S)
    return track.name, Span(start_s, min(max(stop_s, start_s + SHORTEST_S), last_s))


def beside(session: Session, direction: Direction, start_s: float, stop_s: float) -> tuple[TrackName, Span]:
    """Return the place of a message beside the sound that went its way."""
    voice = session.heard if direction == "up" else session.spoken
    return place(session, start_s, stop_s, prefer=voice)
