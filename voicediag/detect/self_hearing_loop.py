"""The agent hears itself and answers.

"Mince two cloves", says the agent; the microphone hands it back; the provider writes down "mince 2 cloves" as the
user's turn, and the agent answers. Text alone does not prove it, because a user may repeat what the agent said, and an
echo alone does not, because the provider may have passed over it. A loop is both: the user's words were the agent's,
and the sound that carried them was the agent's too.
"""

from __future__ import annotations

from dataclasses import dataclass

from voicediag.detect.detector import Detector
from voicediag.detect.examination import Examination, Leak
from voicediag.detect.finding import Cause, Evidence, Finding, Limit, Severity, Verdict, clear, found, unjudged
from voicediag.detect.precision import PRECISION
from voicediag.measure.words import Match, match
from voicediag.session import Turn
from voicediag.spans import Span, SpanSet

ID = "self-hearing-loop"
LEAST_WORDS = Limit(3, "words", "house rule: shorter runs ('yes please', 'thank you') are in every conversation")
LEAST_SHARE = Limit(
    0.6, "of the turn's words", "house rule: an echo's transcript may lose a third of its words to the room"
)
# The words of a turn come after its sound: two seconds at the providers measured, doubled.
LOOK_BACK_S = Limit(4.0, "s", "house rule: a transcript comes within four seconds of its sound")
HEARD_SHARE = Limit(
    0.3, "of the agent's turn", "house rule: frames of an echo under a talker rise by themselves one time in two"
)
# Speech runs at two to three words a second; what the agent did not play must not be long enough to hold the words.
FASTEST_WORDS = Limit(5.0, "words a second", "house rule: 300 words a minute is faster than conversation")
OTHERS_SHARE = Limit(0.5, "of the turn's sound", "house rule: a turn is whoever's most of it is")
# Reverberation carries the agent's voice on after it stops.
TAIL_S = Limit(0.4, "s", "house rule: reverberation of a furnished room")
REMEDY = (
    "Stop the echo (see echo-leak): the provider transcribes the agent's own voice as the user. Muting the microphone "
    "while the agent speaks hides it and costs barge-in; a higher VAD threshold leaves the loop in place."
)


@dataclass(frozen=True, slots=True)
class Loop:
    """A user's turn that was the agent's.

    Attributes
    ----------
    heard, said : Turn
        The user's turn, and the agent's whose words it repeats.
    match : Match
    """

    heard: Turn
    said: Turn
    match: Match


def examine(exam: Examination) -> Verdict:
    """Answer with the turns in which the agent answered itself."""
    turns = exam.session.turns
    if not any(turn.role == "user" for turn in turns):
        return unjudged(ID, "the session has no transcript of the user's turns")
    if not any(turn.role == "agent" for turn in turns):
        return unjudged(ID, "the session has no transcript of the agent's turns")
    leak = exam.leak
    repeated = _repeated(turns)
    if not repeated:
        return clear(ID, bound="no user turn repeats the agent's words")
    if leak is None or leak.echo.verdict == "unjudged":
        return unjudged(ID, f"{len(repeated)} user turns repeat the agent, but no sound tells who spoke them")
    loops = loops_of(exam, leak)
    if not loops:
        return clear(ID, bound=f"{len(repeated)} user turns repeat the agent, but not in the agent's voice")
    return found(_finding(leak, loops))


def loops_of(exam: Examination, leak: Leak) -> list[Loop]:
    """Return the user's turns that were the agent's, in words and in sound."""
    return [loop for loop in _repeated(exam.session.turns) if _is_heard(exam, leak, loop)]


def _repeated(turns: tuple[Turn, ...]) -> list[Loop]:
    return [loop for turn in turns if turn.role == "user" and (loop := _repeats(turn, turns))]


def _repeats(turn: Turn, turns: tuple[Turn, ...]) -> Loop | None:
    """Return the agent's turn whose words a user's turn repeats, the one with the most words."""
    before = [
        other
        for other in turns
        if other.role == "agent"
        and other.span.start_s <= turn.span.end_s
        and other.span.end_s >= turn.span.start_s - LOOK_BACK_S.value
    ]
    loops = [Loop(turn, other, match(turn.text, other.text)) for other in before]
    loops = [
        loop
        for loop in loops
        if loop.match.matched >= LEAST_WORDS.value and (loop.match.share or 0.0) >= LEAST_SHARE.value
    ]
    return max(loops, key=lambda loop: loop.match.matched, default=None)


def _is_heard(exam: Examination, leak: Leak, loop: Loop) -> bool:
    """Whether the words came in the agent's voice: its echo is there, and nobody else spoke long enough to say them."""
    if leak.echo.verdict != "echo" or leak.echo.delay_ms is None:
        return False
    said = SpanSet((loop.said.span,))
    echoed = (leak.echo.spans & said).total_s
    if echoed < HEARD_SHARE.value * said.total_s:
        return False
    active = _active(exam, leak, _sounded(loop))
    others_s = (active - _explained(exam, leak)).total_s
    # The provider's own span of the turn is where the words sounded: most of it must be the agent's.
    mine_s = others_s if loop.heard.learnt_from == "vad" else 0.0
    return others_s < loop.match.heard / FASTEST_WORDS.value and mine_s <= OTHERS_SHARE.value * active.total_s


def _sounded(loop: Loop) -> Span:
    """Return when the words must have sounded at the microphone."""
    if loop.heard.learnt_from == "vad":
        return loop.heard.span
    return Span(loop.said.span.start_s, max(loop.said.span.end_s, loop.heard.span.end_s))


def _active(exam: Examination, leak: Leak, within: Span) -> SpanSet:
    """Return where the microphone was active."""
    offset_s = exam.session.tracks[leak.mic].clock.offset_s
    return SpanSet(span.shifted(offset_s) for span in exam.activity(leak.mic).spans) & SpanSet((within,))


def _explained(exam: Examination, leak: Leak) -> SpanSet:
    """Return where the agent's echo accounts for activity of the microphone."""
    late_s = exam.session.tracks[leak.speaker].clock.offset_s + (leak.echo.delay_ms or 0.0) / 1_000
    speaking = (span.shifted(late_s) for span in exam.activity(leak.speaker).spans)
    return SpanSet(Span(span.start_s, span.end_s + TAIL_S.value) for span in speaking).padded(TAIL_S.value / 4)


def _finding(leak: Leak, loops: list[Loop]) -> Finding:
    first = loops[0]
    words = sum(loop.match.matched for loop in loops)
    where = SpanSet(loop.said.span for loop in loops)
    hull = where.hull or first.said.span
    times = "turn" if len(loops) == 1 else "turns"
    return Finding(
        id=ID,
        cause=Cause.ECHO,
        severity=Severity.HIGH,
        confidence=PRECISION[ID],
        summary=(
            f"{len(loops)} user {times} within {hull.duration_s:.0f} s are the agent's own words "
            f'("{_short(first.said.text)}" came back as "{_short(first.heard.text)}"), in its own voice.'
        ),
        remedy=REMEDY,
        primary=_evidence(leak, first, turns=len(loops), words=words),
        supporting=tuple(_evidence(leak, loop, turns=1, words=loop.match.matched) for loop in loops[1:]),
        where=where,
    )


def _evidence(leak: Leak, loop: Loop, *, turns: int, words: int) -> Evidence:
    lag_s = (leak.echo.delay_ms or 0.0) / 1_000
    return Evidence(
        track=leak.mic,
        span=loop.said.span.shifted(lag_s),
        measure={
            "turns": turns,
            "lag_s": lag_s,
            "matched_words": words,
            "share": loop.match.share,
            "said": loop.said.text,
            "heard": loop.heard.text,
        },
        limit=LEAST_WORDS,
        against=leak.speaker,
    )


def _short(text: str, most: int = 60) -> str:
    """Return the beginning of a text."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


DETECTOR = Detector(id=ID, cause=Cause.ECHO, question="Does the agent answer its own words?", examine=examine)
