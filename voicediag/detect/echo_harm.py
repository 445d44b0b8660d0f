"""What an echo did to the conversation: turns that it started, answers that it cut off, and the loop it went through.

Only what the wire tells is counted, and only where the sound says that it was the agent's own voice. A user who quotes
the agent, and one who speaks over it, did so themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from voicediag.detect.echo_margin import Margin, margin_of
from voicediag.detect.false_start import Start, Starts, starts_told
from voicediag.detect.finding import Limit
from voicediag.detect.hearing import tells_starts
from voicediag.detect.self_hearing_loop import loops_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicediag.detect.examination import Examination, Leak
    from voicediag.session import Session, Turn

CUT_WITHIN = Limit(1.0, "s", "house rule: an app and a provider cut an answer off within a second of the start")
# The provider's own turn begins where its start of speech was, give or take a chunk.
SAME_START_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """Once around the loop.

    Attributes
    ----------
    said, heard : Turn
        The agent's turn, and the one of the user that it came back as.
    answer : Turn or None
        What the agent said to itself; None where it did not answer.
    """

    said: Turn
    heard: Turn
    answer: Turn | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Harm:
    """What an echo did.

    Attributes
    ----------
    starts : tuple of Start
        Starts of speech that it caused, or interruptions where the provider tells no starts.
    told : int or None
        How many the provider told of in all; None where the wire does not say.
    what : str
        What those are called.
    unknown : int
        Of how many of those the sound does not say who made them.
    cut_s : tuple of float
        When answers were cut off by it.
    turns : tuple of Turn
        Turns of the user that were its.
    rounds : tuple of Round
        The loop, from turn to turn.
    longest : int
        Most rounds without anybody else.
    margin : Margin or None
        How much quieter it would have to be; None where that cannot be told.
    """

    starts: tuple[Start, ...] = ()
    told: int | None = None
    what: str = "starts of speech"
    unknown: int = 0
    cut_s: tuple[float, ...] = ()
    turns: tuple[Turn, ...] = ()
    rounds: tuple[Round, ...] = ()
    longest: int = 0
    margin: Margin | None = None


def harm_of(exam: Examination) -> Harm | None:
    """Return what a session's echo did; None where there is none, or no wire to tell."""
    leak = exam.leak
    if leak is None or leak.echo.verdict != "echo" or not exam.session.marks:
        return None
    session, told = exam.session, exam.once(starts_told)
    known = told if isinstance(told, Starts) else None
    starts = tuple(start for start in known.judged if start.kind == "echo") if known else ()
    rounds = tuple(_rounds(exam, leak))
    return Harm(
        starts=starts,
        told=known.told if known else 0 if told is None else None,
        what="starts of speech" if tells_starts(session) else "interruptions",
        unknown=known.unknown if known else 0,
        cut_s=tuple(_cut(session, starts)),
        turns=tuple(_turns(session, starts, rounds)),
        rounds=rounds,
        longest=_longest(rounds),
        margin=margin_of(exam, leak, known.ear, starts) if known and starts else None,
    )


def told_in_words(harm: Harm) -> str:
    """Return what an echo did as one sentence; empty where it did nothing that is known."""
    did = []
    if harm.starts:
        did.append(f"caused {len(harm.starts)} of {harm.told} {harm.what}")
    if harm.cut_s:
        did.append(f"cut off {_counted(len(harm.cut_s), 'answer')}")
    if harm.turns:
        did.append(f"made {_counted(len(harm.turns), 'turn')} of the user's")
    if harm.longest > 1:
        did.append(f"was answered {harm.longest} times in a row")
    if not did:
        return ""
    sentence = f"It {', '.join(did[:-1])}{' and ' if did[:-1] else ''}{did[-1]}"
    return f"{sentence}; {harm.margin.in_words()}." if harm.margin else f"{sentence}."


def _cut(session: Session, starts: tuple[Start, ...]) -> Iterator[float]:
    """Yield when an answer was cut off by one of these starts: at most one each."""
    if not tells_starts(session):
        yield from (start.cue.at_s for start in starts)
        return
    for start in starts:
        began_s = start.cue.at_s
        ends = (
            cue.at_s
            for cue in session.cues
            if cue.kind == "interrupted" and began_s <= cue.at_s <= began_s + CUT_WITHIN.value
        )
        if (at_s := next(ends, None)) is not None:
            yield at_s


def _turns(session: Session, starts: tuple[Start, ...], rounds: tuple[Round, ...]) -> Iterator[Turn]:
    """Yield the user's turns that were the agent's by their words, or that began where the echo did."""
    heard = [round_.heard for round_ in rounds]
    began_s = [start.cue.audio_s for start in starts if start.cue.audio_s is not None]
    for turn in session.turns:
        if turn.role != "user":
            continue
        by_start = turn.learnt_from == "vad" and any(abs(turn.span.start_s - at_s) <= SAME_START_S for at_s in began_s)
        if turn in heard or by_start:
            yield turn


def _rounds(exam: Examination, leak: Leak) -> Iterator[Round]:
    turns = exam.session.turns
    for loop in loops_of(exam, leak):
        end_s = loop.heard.span.end_s
        later = [turn for turn in turns if turn.role == "agent" and turn.span.start_s >= end_s - SAME_START_S]
        answer = min(later, key=lambda turn: turn.span.start_s, default=None)
        # Whoever finished speaking in between was answered instead.
        between = answer and any(
            turn.role == "user" and end_s < turn.span.end_s < answer.span.start_s for turn in turns
        )
        yield Round(said=loop.said, heard=loop.heard, answer=None if between else answer)


def _longest(rounds: tuple[Round, ...]) -> int:
    """Return the most answers in a row that came back and were answered again."""
    answered = [round_ for round_ in rounds if round_.answer]
    longest = run = 1 if answered else 0
    for one, other in pairwise(answered):
        run = run + 1 if other.said == one.answer else 1
        longest = max(longest, run)
    return longest


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
