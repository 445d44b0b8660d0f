"""The provider ends the user's turn in a pause, and the user had not finished.

The answer begins to the first half of a sentence and is cut off by the second, or talks over it. A pause within a
sentence and one between two sentences look the same; their length does not. One pause shorter than any usual setting
waits for is a fault. Longer ones are only where they happen again and again.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from voicediag.detect import wire
from voicediag.detect.detector import Detector
from voicediag.detect.examination import Examination
from voicediag.detect.finding import Cause, Evidence, Finding, Limit, Severity, Verdict, clear, found, unjudged
from voicediag.detect.hearing import ECHO_LAG, Ear, asked_between, recent, tells_starts
from voicediag.detect.precision import PRECISION
from voicediag.session import Cue
from voicediag.spans import Span, SpanSet

ID = "early-endpoint"
SHORT_PAUSE = Limit(0.5, "s", "OpenAI Realtime's default silence_duration_ms: at its defaults it ends no turn in less")
MOST_PAUSE = Limit(
    1.0, "s", "E. Campione and J. Véronis, Speech Prosody 2002: longer pauses are of another kind (6,000 pauses)"
)
OFTEN = Limit(3, "pauses", "house rule: who is cut off three times does not end a sentence each time")
LEAST_SPEECH = Limit(0.15, "s", "house rule: a syllable; who goes on says more than a breath")
CUT_WITHIN = Limit(2.5, "s", "house rule: an answer that nobody waited for is cancelled or heard by then")
REACTION_S = 0.2
# A voice fades below one gate before it fades below another.
FADING_S = 0.2
# How far beside a pause speech is looked for.
BESIDE_S = 1.0
REACH_S = 2.5
REMEDY = (
    "The user's pauses last up to {pause_ms:.0f} ms: let whoever ends the turn wait for {wait_ms:.0f} ms of silence "
    "(OpenAI: silence_duration_ms, or semantic_vad with a low eagerness; Gemini: silenceDurationMs and "
    "END_SENSITIVITY_LOW), and win the time back elsewhere than in the middle of a sentence."
)


@dataclass(frozen=True, slots=True)
class _Cut:
    """A turn that was ended in a pause.

    Attributes
    ----------
    pause : Span
        From the last of the user's voice to where it went on.
    silence_s : float or None
        How much of it the provider waited for; None where it does not say.
    """

    at_s: float
    pause: Span
    silence_s: float | None


def examine(exam: Examination) -> Verdict:
    """Answer with the turns that were ended before their time."""
    session = exam.session
    if reason := wire.unread(session):
        return unjudged(ID, reason)
    if any(mark.kind == "telephone" for mark in session.marks):
        return unjudged(ID, "the wire is a call's, and tells of no voice detection")
    stops = [cue for cue in session.cues if cue.kind == "speech-stopped"]
    if not session.cues:
        return unjudged(ID, "the provider told of no turn")
    ear = Ear.of(exam)
    if isinstance(ear, str):
        return unjudged(ID, ear)
    if stops and not any(map(recent, stops)):
        return unjudged(ID, "the provider's stops of speech are on another clock than the recording")
    cuts = list(_after_stops(ear, stops) if tells_starts(session) else _after_answers(ear))
    short = [cut for cut in cuts if cut.pause.duration_s <= SHORT_PAUSE.value]
    if short or len(cuts) >= OFTEN.value:
        return found(_finding(ear, cuts))
    turns = f"{len(stops)} stops of speech" if stops else "the answers and interruptions"
    pauses = "pause" if len(cuts) == 1 else "pauses"
    longer = f"; {len(cuts)} {pauses} of over {SHORT_PAUSE.value * 1_000:g} ms, as between sentences" if cuts else ""
    return clear(ID, bound=f"after none of {turns} did the user go on and cut an answer off{longer}")


def _after_stops(ear: Ear, stops: list[Cue]) -> Iterator[_Cut]:
    """Yield the stops after which the user went on, and an answer was cut off or talked over them."""
    for cue in filter(recent, stops):
        stop_s = cue.audio_s or 0.0
        pause = _pause(ear, stop_s)
        if pause and _harmed(ear, Span(cue.at_s, max(cue.at_s, pause.end_s) + CUT_WITHIN.value), pause):
            yield _Cut(cue.at_s, pause, max(0.0, stop_s - pause.start_s))


def _after_answers(ear: Ear) -> Iterator[_Cut]:
    """Yield the answers that began in a pause of the user, of a provider that does not say when the user stops."""
    for at_s, began_s in _answers(ear.exam):
        pause = _pause_before(ear, at_s) if began_s is None else _pause(ear, began_s)
        if pause is None or asked_between(ear.exam.session, Span(pause.start_s - REACH_S, at_s)):
            continue
        # Who speaks this soon after the first sound of an answer does not answer it.
        if began_s is not None and not pause.start_s <= began_s <= pause.end_s <= began_s + REACTION_S:
            continue
        alone = Span(pause.start_s, min(pause.end_s, at_s if began_s is None else began_s))
        if not _may_be_echo(ear, pause) and not ear.hears_agent(alone):
            yield _Cut(at_s, pause, None)


def _answers(exam: Examination) -> Iterator[tuple[float, float | None]]:
    """Yield (when it is told, when its sound came) of answers; those interrupted before a sound came have none."""
    chunks = exam.session.chunks
    came = [float(chunks.at_s[part.start]) for part in chunks.each_answer()] if chunks else []
    yield from ((at_s, at_s) for at_s in came)
    ends = [cue for cue in exam.session.cues if cue.kind in ("interrupted", "turn-complete")]
    every = chunks.at_s if chunks else None
    for number, cue in enumerate(ends):
        since_s = ends[number - 1].at_s if number else 0.0
        silent = every is None or not ((every > since_s) & (every <= cue.at_s)).any()
        if cue.kind == "interrupted" and silent:
            yield cue.at_s, None


def _pause(ear: Ear, at_s: float) -> Span | None:
    """Return the longest pause within the user's speech in which a moment lies, or that begins right after it."""
    voice = ear.voice(Span(max(0.0, at_s - REACH_S), at_s + REACH_S))
    pauses = [
        Span(before.end_s, after.start_s)
        for before, after in itertools.pairwise(voice)
        if before.end_s - FADING_S <= at_s < after.start_s
    ]
    longest = max(pauses, key=lambda pause: pause.duration_s, default=None)
    return longest if longest and _is_within(voice, longest) else None


def _is_within(voice: SpanSet, pause: Span) -> bool:
    """Whether somebody says more than a breath on both sides of a pause that is not too long."""
    sides = (Span(pause.start_s - BESIDE_S, pause.start_s), Span(pause.end_s, pause.end_s + BESIDE_S))
    said = all((voice & SpanSet((side,))).total_s >= LEAST_SPEECH.value for side in sides)
    return said and pause.duration_s <= MOST_PAUSE.value


def _pause_before(ear: Ear, at_s: float) -> Span | None:
    """Return the last pause within the user's speech before a moment."""
    voice = ear.voice(Span(max(0.0, at_s - REACH_S), at_s + BESIDE_S))
    pauses = [
        Span(before.end_s, after.start_s)
        for before, after in itertools.pairwise(voice)
        if at_s - MOST_PAUSE.value <= after.start_s <= at_s
    ]
    longest = max(pauses, key=lambda pause: pause.duration_s, default=None)
    return longest if longest and _is_within(voice, longest) else None


def _may_be_echo(ear: Ear, pause: Span) -> bool:
    """Whether the voice beside a pause may be the agent's, that leaks into the microphone and pauses too."""
    around = Span(max(0.0, pause.start_s - BESIDE_S - ECHO_LAG.value), pause.end_s + BESIDE_S)
    leak = ear.exam.leak
    return leak is not None and leak.echo.verdict == "echo" and ear.hears_agent(around)


def _harmed(ear: Ear, within: Span, pause: Span) -> bool:
    """Whether an answer was cancelled, or its sound came, though the user had gone on; and none was heard before."""
    if ear.hears_agent(pause) or _may_be_echo(ear, pause):
        return False
    cut = any(cue.kind == "interrupted" and within.start_s <= cue.at_s <= within.end_s for cue in ear.exam.session.cues)
    chunks = ear.exam.session.chunks
    came = chunks is not None and bool(
        ((chunks.at_s >= within.start_s) & (chunks.at_s <= pause.end_s + REACTION_S)).any()
    )
    return cut or came


def _finding(ear: Ear, cuts: list[_Cut]) -> Finding:
    longest_ms = max(cut.pause.duration_s for cut in cuts) * 1_000
    first = min(cuts, key=lambda cut: cut.pause.duration_s)
    others = [cut for cut in cuts if cut is not first]
    pause_ms = first.pause.duration_s * 1_000
    waited = f" after {first.silence_s * 1_000:.0f} ms of quiet" if first.silence_s else ""
    times = f", {len(cuts)} times in all" if others else ""
    return Finding(
        id=ID,
        cause=Cause.VAD,
        severity=Severity.HIGH if len(cuts) >= OFTEN.value else Severity.MEDIUM,
        confidence=PRECISION[ID],
        summary=(
            f"The user's turn was ended{waited} in a pause of {pause_ms:.0f} ms at {first.pause.start_s:.2f} s, and "
            f"the user went on{times}."
        ),
        remedy=REMEDY.format(pause_ms=longest_ms, wait_ms=max(500.0, 100.0 * -(-(longest_ms + 100) // 100))),
        primary=_evidence(ear, first, len(cuts)),
        supporting=tuple(_evidence(ear, cut, 1) for cut in others[: wire.MOST_SHOWN - 1]),
        where=SpanSet(cut.pause.padded(0.1) for cut in cuts),
    )


def _evidence(ear: Ear, cut: _Cut, count: int) -> Evidence:
    return Evidence(
        track=ear.track.name,
        span=cut.pause.padded(1.0),
        measure={
            "turns": count,
            "silence_ms": None if cut.silence_s is None else cut.silence_s * 1_000,
            "resumed_ms": cut.pause.duration_s * 1_000,
            "message_s": cut.at_s,
        },
        limit=SHORT_PAUSE if cut.pause.duration_s <= SHORT_PAUSE.value else MOST_PAUSE,
    )


DETECTOR = Detector(id=ID, cause=Cause.VAD, question="Does the provider let the user finish?", examine=examine)
