"""Breaches of a provider's rules, made into findings: the rule says what was expected and what to change.

No provider's rules live here. Each rule names the fault that tells of it, so that no breach is told twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicediag.detect import wire
from voicediag.detect.finding import Cause, Evidence, Finding, Limit, Severity, Verdict, clear, found, unjudged
from voicediag.detect.precision import PRECISION
from voicediag.spans import Span, SpanSet

if TYPE_CHECKING:
    from voicediag.session import Breaches, Session, Slip


def judged(session: Session, fault: str, *, nothing_held: str) -> Verdict:
    """Answer with the broken rules that `fault` tells of.

    Parameters
    ----------
    nothing_held : str
        Why no rule was held against the log, where none was.
    """
    if not session.marks:
        return unjudged(fault, wire.NO_LOG)
    broken = [breaches for breaches in session.breaches if breaches.rule.fault == fault]
    if broken:
        return found(*(_finding(session, fault, breaches) for breaches in broken))
    held = sum(rule.fault == fault for rule in session.rules)
    return clear(fault, bound=f"none of {held} rules was broken") if held else unjudged(fault, nothing_held)


def _finding(session: Session, fault: str, breaches: Breaches) -> Finding:
    rule, first = breaches.rule, breaches.slips[0]
    went = "went up" if first.direction == "up" else "came down"
    times = "" if breaches.count == 1 else f", {breaches.count} times until {breaches.last_s:.2f} s"
    said = f"{rule.id}: at {first.at_s:.2f} s {first.message} {went}{times}: {first.said}"
    return Finding(
        id=fault,
        cause=Cause.WIRE,
        severity=Severity[rule.weight.upper()],
        confidence=PRECISION[fault],
        summary=f"{said}. Expected {rule.expected}; {rule.consequence}.",
        remedy=rule.remedy,
        primary=_evidence(session, first, breaches),
        supporting=tuple(_evidence(session, slip, breaches) for slip in breaches.slips[1:]),
        where=SpanSet(Span(slip.at_s, slip.at_s + wire.SHORTEST_S) for slip in breaches.slips),
        explains=rule.explains,
    )


def _evidence(session: Session, slip: Slip, breaches: Breaches) -> Evidence:
    track, span = wire.beside(session, slip.direction, slip.at_s, slip.at_s)
    return Evidence(
        track=track,
        span=span,
        measure={
            "rule": slip.rule.id,
            "count": breaches.count,
            "message": slip.message,
            "message_s": slip.at_s,
            "direction": slip.direction,
            "said": slip.said,
            "expected": slip.rule.expected,
        },
        limit=Limit(0, "breaches", slip.rule.source),
    )
