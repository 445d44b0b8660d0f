"""The provider hears the user start to speak, and nobody spoke.

The answer is cut off, and people raise the threshold of the VAD. First comes the question what it heard. Mostly it was
the agent's own voice, and then the echo is the fault (echo-leak). A click is the microphone's. Where the microphone
held nothing at all the service is wrong by itself, and the sound that was sent is the proof.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voicediag.detect import wire
from voicediag.detect.detector import Detector
from voicediag.detect.echo_share import echo_share
from voicediag.detect.examination import Examination, Leak
from voicediag.detect.finding import Cause, Evidence, Finding, Limit, Severity, Verdict, clear, found, unjudged
from voicediag.detect.hearing import DOINGS, ECHO_LAG, Ear, asked_between, recent, tells_starts
from voicediag.detect.precision import PRECISION
from voicediag.session import Cue, Session
from voicediag.spans import Span, SpanSet

ID = "false-start"
LOOK_BACK = Limit(2.0, "s", "house rule: who tells only of an interruption tells it within two seconds of the voice")
UNDER_WAY = Limit(0.5, "s", "house rule: so long sound of the old answer may come after the app has asked for another")
OVER_ROOM = Limit(3.0, "dB", "house rule: where nobody speaks the room is no louder than it is elsewhere")
CLICK = Limit(0.06, "s", "house rule: no vowel is as short (measure/activity)")
ECHO_SHARE = Limit(0.5, "of the energy", "house rule: within 3 dB of what the echo path lets through")
USER_SHARE = Limit(0.25, "of the energy", "house rule: 6 dB above the echo somebody speaks")
OFTEN = Limit(3, "starts", "house rule: sets the severity, decides no verdict")
BEFORE_S, AFTER_S = 0.3, 0.1
REMEDIES = {
    "echo": (
        "Stop the echo (see echo-leak): what started the user's turn was the agent's own voice. Leave the VAD as it is."
    ),
    "click": (
        "Something shorter than a vowel started the turn: a click, a bump, a key. Look for what makes it at the "
        "microphone; a VAD that asks for 100 ms of speech (Gemini's prefixPaddingMs) passes over it."
    ),
    "nothing": (
        "The microphone held nothing but its room: no setting of the VAD helps. Keep this recording, report it to the "
        "provider, and let the app go on with the answer when no words follow an interruption."
    ),
}


@dataclass(frozen=True, slots=True)
class Start:
    """A start that the provider told of, and what the microphone held.

    Attributes
    ----------
    cue : Cue
    window : Span
        Where the provider must have heard it.
    kind : str
        ``"echo"``, ``"click"``, ``"nothing"``, ``"voice"`` or ``"unclear"``.
    echo_share : float or None
        Which part of the energy the agent's echo accounts for; None where the agent was not heard.
    level_dbfs : float
    """

    cue: Cue
    window: Span
    kind: str
    echo_share: float | None
    level_dbfs: float


@dataclass(frozen=True, slots=True)
class Starts:
    """Every start that a provider told of.

    Attributes
    ----------
    told : int
    judged : tuple of Start
        Those of which it is known where to look.
    ear : Ear
    """

    told: int
    judged: tuple[Start, ...]
    ear: Ear

    @property
    def unknown(self) -> int:
        """Of how many the sound does not say whether somebody spoke."""
        return self.told - sum(start.kind != "unclear" for start in self.judged)


def examine(exam: Examination) -> Verdict:
    """Answer with the starts at which nobody spoke."""
    all_of_them = exam.once(starts_told)
    if isinstance(all_of_them, str):
        return unjudged(ID, all_of_them)
    if all_of_them is None:
        return clear(ID, bound="the provider told of no start and of no interruption")
    count, unknown = all_of_them.told, all_of_them.unknown
    if starts := [start for start in all_of_them.judged if start.kind in REMEDIES]:
        return found(*(_finding(all_of_them.ear, exam.leak, each, count) for each in _by_kind(starts)))
    if unknown:
        return unjudged(ID, f"of {unknown} of {count} starts the sound does not say whether somebody spoke")
    return clear(ID, bound=f"there was sound at the microphone at each of {count} starts")


def starts_told(exam: Examination) -> Starts | str | None:
    """Return what the microphone held at each start; why that cannot be told; None where no start was told."""
    session = exam.session
    if reason := wire.unread(session):
        return reason
    if any(mark.kind == "telephone" for mark in session.marks):
        return "the wire is a call's, and tells of no voice detection"
    cues = _starts(session)
    if not cues:
        return None
    ear = Ear.of(exam)
    if isinstance(ear, str):
        return ear
    return Starts(len(cues), tuple(start for cue in cues if (start := _judged(exam, ear, cue))), ear)


def _starts(session: Session) -> list[Cue]:
    """Return where the provider took the user to start; one that tells no starts tells of interruptions."""
    if tells_starts(session):
        return [cue for cue in session.cues if cue.kind == "speech-started"]
    return [cue for cue in session.cues if cue.kind == "interrupted" and not _is_apps_own(session, cue.at_s)]


def _is_apps_own(session: Session, at_s: float) -> bool:
    """Whether the app itself may have interrupted: what it asks for ends an answer, unless that is the answer."""
    if asked_between(session, Span(at_s - UNDER_WAY.value, at_s)):
        return True
    asked = [mark.at_s for mark in session.marks if mark.kind in DOINGS and at_s - LOOK_BACK.value <= mark.at_s <= at_s]
    chunks = session.chunks
    came = chunks is not None and bool(asked and ((chunks.at_s > asked[-1]) & (chunks.at_s <= at_s)).any())
    return bool(asked) and not came


def _judged(exam: Examination, ear: Ear, cue: Cue) -> Start | None:
    """Return what the microphone held at a start; None where it is not known where to look."""
    if cue.kind == "speech-started" and not recent(cue):
        return None
    heard_s = _under_way_s(exam.session, cue.at_s) if cue.audio_s is None else min(cue.audio_s, cue.at_s)
    window = Span(max(0.0, heard_s - BEFORE_S), cue.at_s + (AFTER_S if cue.audio_s is not None else 0.0))
    if not ear.covers(window):
        return None
    levels = ear.levels_dbfs(window, step_s=0.02)
    loud_dbfs = float(np.percentile(levels, 90))
    voice, share = ear.voice(window), None
    kind = "voice" if voice else _without_voice(ear, window, loud_dbfs)
    lately = Span(max(0.0, window.start_s - ECHO_LAG.value), window.end_s)
    if voice and exam.leak and exam.leak.echo.verdict != "clear" and ear.hears_agent(lately):
        share = echo_share(exam, exam.leak, voice)
        kind = "voice" if share is not None and share < USER_SHARE.value else "unclear"
        kind = "echo" if share is not None and share >= ECHO_SHARE.value else kind
    return Start(cue, window, kind, share, loud_dbfs)


def _under_way_s(session: Session, at_s: float) -> float:
    """Return since when an interruption may have been heard: what was said before the answer began did not end it."""
    answers = (came.first_s for came in session.arrivals if came.first_s <= at_s)
    return max([at_s - LOOK_BACK.value + BEFORE_S, *answers])


def _without_voice(ear: Ear, window: Span, loud_dbfs: float) -> str:
    """Return what a window without a voice holds."""
    if (ear.levels_dbfs(window) >= ear.gate_dbfs).any():
        return "click"
    if ear.room_dbfs is None:
        return "unclear"
    return "nothing" if loud_dbfs <= ear.room_dbfs + OVER_ROOM.value else "unclear"


def _by_kind(starts: list[Start]) -> list[list[Start]]:
    """Return the starts of each kind, the first of each in order of time."""
    kinds = dict.fromkeys(start.kind for start in starts)
    return [[start for start in starts if start.kind == kind] for kind in kinds]


def _finding(ear: Ear, leak: Leak | None, starts: list[Start], count: int) -> Finding:
    kind = starts[0].kind
    held = {
        "echo": "held the agent's own voice",
        "click": f"held a click of less than {CLICK.value * 1_000:g} ms",
        "nothing": f"held nothing but its room ({starts[0].level_dbfs:.0f} dBFS)",
    }[kind]
    cue = starts[0].cue
    times = f"{len(starts)} of {count} starts of speech are false" if count > 1 else "The start of speech is false"
    evidence = [_evidence(ear, leak if kind == "echo" else None, start, len(starts)) for start in starts]
    return Finding(
        id=ID,
        cause=Cause.VAD,
        severity=Severity.HIGH if len(starts) >= OFTEN.value else Severity.MEDIUM,
        confidence=PRECISION[ID],
        summary=f"{times}: when the provider told of one at {cue.at_s:.2f} s, {ear.track.name} {held}.",
        remedy=REMEDIES[kind],
        primary=evidence[0],
        supporting=tuple(evidence[1 : wire.MOST_SHOWN]),
        where=SpanSet(start.window for start in starts),
    )


def _evidence(ear: Ear, leak: Leak | None, start: Start, count: int) -> Evidence:
    return Evidence(
        track=ear.track.name,
        span=start.window,
        measure={
            "kind": start.kind,
            "starts": count,
            "echo_share": start.echo_share,
            "level_dbfs": start.level_dbfs,
            "message_s": start.cue.at_s,
        },
        limit={"echo": ECHO_SHARE, "click": CLICK, "nothing": OVER_ROOM}[start.kind],
        against=leak.speaker if leak else None,
    )


DETECTOR = Detector(
    id=ID, cause=Cause.VAD, question="Did somebody speak where the provider heard a start?", examine=examine
)
