"""How much quieter an echo would have to be for the session's own VAD to pass over it.

Nobody's settings are read: a VAD is judged by what it did. Echo that it passed over was quiet enough, echo that started
a turn was not, and the difference is what is missing. Where it never passed over any, its silence over the room is the
bound: an echo that is hidden in the room starts nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Literal

import numpy as np

from voicediag.detect.echo_share import echo_share
from voicediag.detect.false_start import ECHO_SHARE, Start
from voicediag.detect.finding import Limit
from voicediag.detect.hearing import SILENT, Ear, tells_starts
from voicediag.spans import Span, SpanSet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicediag.detect.examination import Examination, Leak
    from voicediag.session import Session

ALIKE = Limit(
    3.0, "dB", "house rule: what is this close is as loud; a VAD that passes over it once will not the next time"
)
# A VAD hears a voice within a tenth of a second, so that is how long loud must last to count.
LOUD_S = 0.1
STEP_S = 0.02
# Words of one passage; and a shorter one proves nothing.
PAUSE_S = 0.3
LEAST_S = 0.3
MS = 1_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """What is missing until the VAD stays quiet.

    Attributes
    ----------
    missing_db : float
        So much more echo loss would have done.
    loudest_dbfs, quiet_dbfs : float
        The loudest tenth of a second of the echo where it started a turn, and of what the VAD passed over.
    quiet_is : {"echo", "room"}
        What that was: other echo of this session, or only its room.
    passages : int
        How many passages of echo it passed over at that level and below.
    under_user_db : float or None
        How far the loudest echo lies below the user's own speech; negative where it is louder. None where the user is
        not heard alone.
    """

    missing_db: float
    loudest_dbfs: float
    quiet_dbfs: float
    quiet_is: Literal["echo", "room"]
    passages: int
    under_user_db: float | None

    def in_words(self) -> str:
        """Return what is missing, and how that is known."""
        most = "" if self.quiet_is == "echo" else "at most "
        return f"{most}{ceil(self.missing_db)} dB more echo loss would have kept the VAD quiet"


def margin_of(exam: Examination, leak: Leak, ear: Ear, starts: tuple[Start, ...]) -> Margin | None:
    """Return what is missing until these starts, which the echo caused, had not been; None where it is not known."""
    echoed = _passages(exam, leak)
    onsets = [_loudest_dbfs(ear, start.window) for start in starts]
    loudest = max(_whole(exam, leak, ear, start, echoed) for start in starts)
    passed = [_loudest_dbfs(ear, span) for span in _passed_over(exam, leak, ear, starts, echoed)]
    below = [level for level in passed if level < min(onsets) - ALIKE.value]
    quiet = max(below, default=None)
    if quiet is None:
        quiet = ear.room_dbfs
    if quiet is None or quiet >= loudest:
        return None
    user = _user_dbfs(exam, ear)
    return Margin(
        missing_db=loudest - quiet,
        loudest_dbfs=loudest,
        quiet_dbfs=quiet,
        quiet_is="echo" if below else "room",
        passages=len(below),
        under_user_db=None if user is None else user - loudest,
    )


def _passages(exam: Examination, leak: Leak) -> SpanSet:
    """Return where the agent's speech reaches the microphone, its pauses closed."""
    late_s = (leak.echo.delay_ms or 0.0) / MS
    spoken = exam.speech(leak.speaker).padded(PAUSE_S / 2)
    return SpanSet(span.shifted(late_s + PAUSE_S / 2) for span in spoken)


def _whole(exam: Examination, leak: Leak, ear: Ear, start: Start, echoed: SpanSet) -> float:
    """Return how loud the echo became in the passage that started a turn: all of that would have to be quieter."""
    level = _loudest_dbfs(ear, start.window)
    for span in echoed:
        both = span.overlap(start.window) and Span(min(span.start_s, start.window.start_s), span.end_s)
        if both and ear.covers(both) and _is_echo(exam, leak, both):
            level = max(level, _loudest_dbfs(ear, both))
    return level


def _passed_over(exam: Examination, leak: Leak, ear: Ear, starts: tuple[Start, ...], echoed: SpanSet) -> Iterator[Span]:
    """Yield where the echo was heard, the VAD could have told, and told of nothing."""
    session = exam.session
    listening = _listening(session) - SpanSet(start.window for start in starts)
    for span in (echoed & listening).longer_than(LEAST_S):
        if ear.covers(span) and _is_echo(exam, leak, span):
            yield span


def _listening(session: Session) -> SpanSet:
    """Return when the provider would have told of a start."""
    ends = ("turn-complete", "interrupted")
    if not tells_starts(session):
        # It tells of interruptions only: of none while no answer is under way.
        ended = [cue.at_s for cue in session.cues if cue.kind in ends]
        answers = (
            (came.first_s, next((at_s for at_s in ended if at_s >= came.first_s), None)) for came in session.arrivals
        )
        return SpanSet(Span(first_s, end_s) for first_s, end_s in answers if end_s is not None)
    turns: list[Span] = []
    began_s: float | None = None
    for cue in session.cues:
        at_s = cue.at_s if cue.audio_s is None else min(cue.audio_s, cue.at_s)
        if cue.kind == "speech-started":
            began_s = at_s
        elif cue.kind == "speech-stopped" and began_s is not None:
            turns.append(Span(began_s, max(began_s, cue.at_s)))
            began_s = None
    whole = Span(0.0, session.duration_s)
    return SpanSet([*turns, *([Span(began_s, max(began_s, whole.end_s))] if began_s is not None else [])]).complement(
        whole
    )


def _is_echo(exam: Examination, leak: Leak, span: Span) -> bool:
    share = echo_share(exam, leak, SpanSet((span,)))
    return share is not None and share >= ECHO_SHARE.value


def _user_dbfs(exam: Examination, ear: Ear) -> float | None:
    """Return the level of the user's own speech, measured as the echo's: the median of what was said in one go."""
    user = exam.voices[0] or SpanSet()
    levels = [_loudest_dbfs(ear, span) for span in user.longer_than(LEAST_S)]
    return float(np.median(levels)) if levels else None


def _loudest_dbfs(ear: Ear, span: Span) -> float:
    """Return the level of the loudest `LOUD_S` of a time."""
    power = 10 ** (ear.levels_dbfs(span, step_s=STEP_S) / 10)
    width = min(round(LOUD_S / STEP_S), power.size)
    if not width:
        return 20 * float(np.log10(SILENT))
    means = np.convolve(power, np.full(width, 1 / width), mode="valid")
    return 10 * float(np.log10(max(float(means.max()), SILENT**2)))
