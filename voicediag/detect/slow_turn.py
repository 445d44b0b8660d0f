"""The user has finished, and the agent takes too long.

What a client logs begins when the provider calls the turn finished and ends when the first message comes. The user
waits longer: the VAD's silence before, the player's cushion after, and whatever a tool takes in between. The time here
is the one that is heard, and the wire says what it was spent on.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from voicediag.detect.detector import Detector
from voicediag.detect.examination import Examination
from voicediag.detect.finding import Cause, Evidence, Finding, Limit, Severity, Verdict, clear, found, unjudged
from voicediag.detect.precision import PRECISION
from voicediag.latency import PARTS
from voicediag.spans import SpanSet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from voicediag.latency import Answer
    from voicediag.session import Session

ID = "slow-turn"
SLOW = Limit(
    2_500.0,
    "ms",
    "Shiwa et al., How quickly should communication robots respond?, HRI 2008: within 2 s; and 0.5 s (house rule) by "
    "which a soft last word may end later than it is measured",
)
LONG = Limit(
    4_000.0,
    "ms",
    "house rule: twice the two seconds of Shiwa et al.; with a tool's call in it a turn may take so long in all, "
    "without one it sets the severity",
)
MOST_SHOWN = 20
REMEDIES: Final[Mapping[str, str]] = {
    "vad_wait": (
        "Let the VAD wait less: lower silence_duration_ms (OpenAI) or silenceDurationMs (Gemini), or take a semantic "
        "VAD; sound that goes on after the last word, such as noise or an echo, holds a VAD open too."
    ),
    "provider": (
        "No message says when the turn was taken for over. Try a shorter silenceDurationMs first, then a smaller "
        "thinking budget and a shorter context; send activityEnd yourself to see the two apart."
    ),
    "ask": (
        "The app asks for the answer too late: let the provider create it (create_response), or send the request as "
        "soon as the turn's end or the tool's output is there."
    ),
    "call": "The model takes long to call the tool: shorten its context and the list of tools, or think less.",
    "tool": (
        "The tool is what takes so long: let the agent say that it looks something up, let the call run without "
        "blocking (NON_BLOCKING), ask a cache first, and give it a time limit."
    ),
    "first_chunk": (
        "The model or the way to it takes long: shorten instructions and context, think less, take a nearer region or "
        "a faster model, and keep the connection open between turns."
    ),
    "cushion": "The player holds the sound back: start it with less in its queue (cushion) and open the device early.",
    "lead": "The answer begins with silence: trim what comes before its first word.",
    "": "Record the wire too (voicediag relay): a sound file does not say whether VAD, tool, model or player is slow.",
}
KNOWN_AS: Final[Mapping[str, str]] = {
    "vad_wait": "the VAD's wait",
    "provider": "VAD and model together",
    "ask": "the app's request",
    "call": "the way to the tool's call",
    "tool": "the tool",
    "first_chunk": "the way to the first sound",
    "cushion": "the player's cushion",
    "lead": "silence at its beginning",
}


def examine(exam: Examination) -> Verdict:
    """Answer with the turns that were answered too late."""
    latency = exam.latency
    if latency.reason:
        return unjudged(ID, latency.reason)
    slow = [answer for answer in latency.answers if _limit(answer)]
    if slow:
        return found(_finding(exam.session, slow, latency.answers))
    slowest_ms = max(answer.audio_ms for answer in latency.answers)
    return clear(ID, bound=f"the slowest of {_turns(len(latency.answers))} was answered after {slowest_ms:.0f} ms")


def _limit(answer: Answer) -> Limit | None:
    """Return the limit that an answer is over; a tool's time counts only against the longer one."""
    if answer.audio_ms - answer.parts_ms.get("tool", 0.0) > SLOW.value:
        return SLOW
    return LONG if answer.audio_ms > LONG.value else None


def _largest(answer: Answer) -> str:
    """Return the part of an answer that took longest; empty where no log tells the parts."""
    return max(answer.parts_ms, key=lambda part: answer.parts_ms[part], default="")


def _finding(session: Session, slow: list[Answer], every: tuple[Answer, ...]) -> Finding:
    worst = max(slow, key=lambda answer: answer.audio_ms)
    others = [answer for answer in slow if answer is not worst]
    part = _usual(slow)
    logged = "" if worst.logged_ms is None else f" ({worst.logged_ms:.0f} ms by the log)"
    mostly = f"; most of it is {KNOWN_AS[part]}{_share(slow, part)}" if part else ""
    return Finding(
        id=ID,
        cause=Cause.LATENCY,
        severity=Severity.HIGH if worst.audio_ms > LONG.value else Severity.MEDIUM,
        confidence=PRECISION[ID],
        summary=(
            f"{len(slow)} of {_turns(len(every))} answered too late: the user heard nothing for "
            f"{worst.audio_ms:.0f} ms after {worst.said.end_s:.2f} s{logged}{mostly}."
        ),
        remedy=REMEDIES[part],
        primary=_evidence(session, worst),
        supporting=tuple(_evidence(session, answer) for answer in others[: MOST_SHOWN - 1]),
        where=SpanSet(answer.wait for answer in slow),
    )


def _usual(slow: list[Answer]) -> str:
    """Return the part that took longest over all slow turns."""
    spent: Counter[str] = Counter()
    for answer in slow:
        spent.update({part: round(answer.parts_ms[part]) for part in PARTS if part in answer.parts_ms})
    return max(spent, key=lambda part: spent[part], default="")


def _share(slow: list[Answer], part: str) -> str:
    """Return how long a part took where it took longest, with the tool's name."""
    longest = max(slow, key=lambda answer: answer.parts_ms.get(part, 0.0))
    tools = f" {', '.join(longest.tools)}" if part == "tool" else ""
    return f"{tools}, {longest.parts_ms.get(part, 0.0):.0f} ms"


def _turns(count: int) -> str:
    return f"{count} turn{'' if count == 1 else 's'}"


def _evidence(session: Session, answer: Answer) -> Evidence:
    spoken, heard = session.spoken, session.heard
    parts = answer.parts_ms
    return Evidence(
        track=spoken.name if spoken else "agent-received",
        against=heard.name if heard else None,
        span=answer.wait,
        measure={
            "audio_ms": answer.audio_ms,
            "logged_ms": answer.logged_ms,
            "part": _largest(answer) or None,
            "vad_wait_ms": parts.get("vad_wait"),
            "provider_ms": parts.get("provider"),
            "ask_ms": parts.get("ask"),
            "call_ms": parts.get("call"),
            "tool_ms": parts.get("tool"),
            "first_chunk_ms": parts.get("first_chunk"),
            "cushion_ms": parts.get("cushion"),
            "lead_ms": parts.get("lead"),
            "tool": ", ".join(answer.tools) or None,
        },
        limit=_limit(answer) or SLOW,
    )


DETECTOR = Detector(
    id=ID, cause=Cause.LATENCY, question="Is the user answered before the silence is felt?", examine=examine
)
