"""What explains what: from findings to root causes.

One table says which cause explains which; a finding is a symptom of an earlier cause on the same audio path when both
take the same time, give or take the path's lag. The table is applied until nothing changes, so that a chain (echo ->
self-hearing -> false start) ends at its beginning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from voicediag.cost import Cost
from voicediag.detect.finding import Cause, Finding, Limit, Severity, Verdict
from voicediag.latency import Latency
from voicediag.session import Session, TrackName

# In the order in which causes must be settled: nobody is served by a VAD that was tuned on an echo.
EXPLAINS: Final[Mapping[Cause | str, frozenset[Cause | str]]] = {
    Cause.WIRE: frozenset({Cause.FORMAT, Cause.STARVATION, Cause.ECHO, Cause.VAD, Cause.LATENCY}),
    Cause.FORMAT: frozenset({Cause.STARVATION, Cause.ECHO, Cause.VAD}),
    Cause.STARVATION: frozenset({Cause.VAD}),
    Cause.ECHO: frozenset({Cause.VAD}),
    # A VAD that ends a turn late, or begins one that nobody spoke, has the user wait.
    Cause.VAD: frozenset({"slow-turn"}),
    "echo-leak": frozenset({"self-hearing-loop", "false-start"}),
    "self-hearing-loop": frozenset({"false-start"}),
    # A broken recording and a clipped track change what is heard, not which other faults there are.
    "damaged-recording": frozenset(),
    "clipped-audio": frozenset({Cause.VAD}),
    # What is folded or torn is heard as noise in the voice: nobody starts, stops or waits because of it.
    "poor-resampler": frozenset(),
    # It says how far other verdicts can be trusted; what is brought on by a browser that left something out, the
    # finding itself knows.
    "browser-processing": frozenset(),
    # Where nobody agreed to talk there is silence to hear and time that is lost, and no echo.
    "silent-connect": frozenset({Cause.STARVATION, Cause.LATENCY}),
    "unanswered-tool-call": frozenset({Cause.LATENCY}),
    # Who waits too long speaks again, and that is no fault of the VAD; the wait itself explains nothing else.
    "slow-turn": frozenset(),
    # What does not pass in time is not there to be played, and a turn that is sent late ends late. Whether it is why
    # capture is lost, or the other way round, the finding knows.
    "bad-pacing": frozenset({"starved-playback", Cause.VAD, "slow-turn"}),
    # What is stale or missing is heard by the user; the microphone, the model and the wire are none the worse for it.
    "unflushed-playback": frozenset(),
    "starved-playback": frozenset(),
    # At a crystal's speed a buffer slips once in minutes: more gaps than that have another cause.
    "clock-drift": frozenset(),
    # Of what a broken rule brings, the rule itself knows.
    "protocol-slip": frozenset(),
    "token-form": frozenset(),
    # What the provider refuses it does not do.
    "provider-error": frozenset({Cause.LATENCY, "silent-connect", "dropped-connection", "unanswered-tool-call"}),
    # What the provider mishears costs answers, and makes no other fault.
    "false-start": frozenset(),
    "early-endpoint": frozenset(),
    # The calls of a connection are lost with it.
    "session-limit": frozenset({Cause.LATENCY, "unanswered-tool-call", "starved-capture"}),
    "dropped-connection": frozenset({Cause.LATENCY, "unanswered-tool-call", "starved-capture"}),
    "unheeded-goaway": frozenset({Cause.LATENCY, "unanswered-tool-call", "starved-capture"}),
}
ORDER: Final = tuple(Cause)
PATH_LAG = Limit(2.5, "s", "house rule: longer than the echo of any session met so far; measure/delay looks to 5.1 s")
USER_PATH: Final = frozenset({"user-captured", "user-sent"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What is wrong with a session, and what of it is the cause.

    Attributes
    ----------
    session : Session
    verdicts : tuple of Verdict
        One of each detector, in the order in which they were asked.
    findings : tuple of Finding
        Root causes first, each followed by its symptoms; `explained_by` is filled in.
    meters : mapping
        What the meters read of each track, by name.
    envelopes : mapping
        The `measure.envelope.Envelope` of each track, by name; empty where nobody read the sound.
    latency : Latency
        How long people waited.
    cost : Cost
        What the session cost.
    """

    session: Session
    verdicts: tuple[Verdict, ...]
    findings: tuple[Finding, ...]
    meters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    envelopes: Mapping[TrackName, Any] = field(default_factory=dict, repr=False)
    latency: Latency = field(default_factory=Latency)
    cost: Cost = field(default_factory=Cost)

    @property
    def root_causes(self) -> tuple[Finding, ...]:
        """The findings that nothing else explains."""
        return tuple(finding for finding in self.findings if finding.explained_by is None)

    @property
    def clear(self) -> tuple[Verdict, ...]:
        """The verdicts that looked and found nothing."""
        return tuple(verdict for verdict in self.verdicts if verdict.is_clear)

    @property
    def unjudged(self) -> tuple[Verdict, ...]:
        """The verdicts that could not look."""
        return tuple(verdict for verdict in self.verdicts if verdict.reason is not None)

    def symptoms(self, root: Finding) -> tuple[Finding, ...]:
        """The findings that `root` explains."""
        return tuple(finding for finding in self.findings if finding.explained_by == root.id)


def explained(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return the findings with `explained_by` filled in, root causes first, each followed by its symptoms.

    Parameters
    ----------
    findings : sequence of Finding
        In any order.
    """
    parents = {index: _parent(index, findings) for index in range(len(findings))}
    changed = True
    while changed:
        # A symptom of a symptom is a symptom of the cause: walk up until no parent has a parent.
        lifted = {
            child: parents[up] if up is not None and parents[up] is not None else up for child, up in parents.items()
        }
        changed, parents = lifted != parents, lifted
    done = [
        replace(finding, explained_by=findings[up].id if (up := parents[index]) is not None else None)
        for index, finding in enumerate(findings)
    ]
    roots = sorted((f for f in done if f.explained_by is None), key=_rank)
    order = {root.id: place for place, root in reversed(list(enumerate(roots)))}
    symptoms = sorted((f for f in done if f.explained_by is not None), key=_rank)
    tree = [(order[root.id], 0, root) for root in roots]
    tree += [(order[symptom.explained_by or ""], 1, symptom) for symptom in symptoms]
    return tuple(finding for _, _, finding in sorted(tree, key=lambda row: row[:2]))


def _parent(index: int, findings: Sequence[Finding]) -> int | None:
    """Return which finding explains this one: of several, the cause that must be settled first."""
    causes = [other for other, finding in enumerate(findings) if other != index and _explains(finding, findings[index])]
    return min(causes, key=lambda other: _rank(findings[other]), default=None)


def _explains(cause: Finding, symptom: Finding) -> bool:
    """Whether one finding is the cause of another."""
    known = EXPLAINS.get(cause.id, EXPLAINS.get(cause.cause, frozenset())) | cause.explains
    order, later = ORDER.index(cause.cause), ORDER.index(symptom.cause)
    # Nothing explains what must be settled before it, or its like, whatever a detector calls itself: no circles.
    by_cause = symptom.cause in known and order < later
    by_name = symptom.id in known and order <= later
    return (by_cause or by_name) and _same_path(cause, symptom) and _overlap(cause, symptom)


def _same_path(cause: Finding, symptom: Finding) -> bool:
    """Whether both concern one voice's path; an echo or a wait joins the two, and one wire has both."""
    if cause.cause is symptom.cause is Cause.WIRE:
        return True
    paths = [{(e.track in USER_PATH) for e in finding.evidence} for finding in (cause, symptom)]
    between = any(e.against is not None for e in (*cause.evidence, *symptom.evidence))
    joined = cause.cause is Cause.WIRE or between
    return joined or bool(paths[0] & paths[1])


def _overlap(cause: Finding, symptom: Finding) -> bool:
    """Whether both take the same time, give or take the path's lag."""
    return bool(cause.where.padded(PATH_LAG.value) & symptom.where)


def _rank(finding: Finding) -> tuple[bool, int, int, float]:
    """Return what sorts causes first, then what hurts most, then what came first; what hurts nobody comes last."""
    harmless = finding.severity is Severity.INFO
    return (harmless, ORDER.index(finding.cause), -finding.severity, finding.primary.span.start_s)
