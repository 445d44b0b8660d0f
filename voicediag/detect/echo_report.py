"""Everything that a session says about its echo, in one answer: what ``voicediag echo`` and ``vd.echo`` give."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeAlias

from voicediag.detect import echo_leak
from voicediag.detect.echo_harm import Harm, harm_of
from voicediag.detect.examination import Examination, Leak, Progress
from voicediag.measure.echo_course import Stretch, course
from voicediag.measure.echo_delay import between_jumps, delay_over
from voicediag.spans import SpanSet

if TYPE_CHECKING:
    from voicediag.detect.finding import Finding, Verdict
    from voicediag.session import Session

Answer: TypeAlias = Literal["echo", "clear", "unjudged"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoReport:
    """What can be said about a session's echo.

    Attributes
    ----------
    session : Session
    verdict : Verdict
        That of `echo_leak`.
    leak : Leak or None
        What was measured, of whatever verdict; None where a track is missing.
    harm : Harm or None
        What the echo did; None without one, or without a wire to tell.
    course : tuple of Stretch
        The loss over time; empty where there is no echo.
    spoken : SpanSet
        Where the agent speaks, on the session clock.
    """

    session: Session
    verdict: Verdict
    leak: Leak | None
    harm: Harm | None = None
    course: tuple[Stretch, ...] = ()
    spoken: SpanSet = field(default_factory=SpanSet)

    @classmethod
    def of(cls, exam: Examination) -> EchoReport:
        """Return the report of a session under examination."""
        verdict, leak = echo_leak.examine(exam), exam.leak
        spoken = exam.speech(leak.speaker) if leak else SpanSet()
        stretches: tuple[Stretch, ...] = ()
        if leak and leak.echo.delay_ms is not None:
            speech = between_jumps(leak.echo, spoken)
            stretches = course(speech, delay_at=partial(delay_over, leak.echo), path_over=exam.path_over)
        harm = exam.once(harm_of)
        return cls(session=exam.session, verdict=verdict, leak=leak, harm=harm, course=stretches, spoken=spoken)

    @property
    def answer(self) -> Answer:
        """The verdict in a word."""
        return "echo" if self.finding else "clear" if self.verdict.is_clear else "unjudged"

    @property
    def heard(self) -> SpanSet:
        """Where the agent was heard in the microphone, on the loudspeaker's clock."""
        if self.finding:
            return self.finding.where
        return self.leak.echo.spans if self.leak else SpanSet()

    @property
    def finding(self) -> Finding | None:
        """The fault, where there is one."""
        return self.verdict.findings[0] if self.verdict.findings else None


def echo(session: Session, *, progress: Progress | None = None) -> EchoReport:
    """Return whether the agent comes back in the microphone, how late and how loud, and what came of it.

    Parameters
    ----------
    session : Session
        From `voicediag.load`; `voicediag.load("mic.wav", agent="speaker.wav")` makes one of two files.
    progress : callable, optional
        Called with (seconds read, seconds in all).

    Examples
    --------
    >>> import voicediag as vd
    >>> report = vd.echo(vd.load_demo())
    >>> report.answer, round(report.leak.echo.delay_ms)
    ('echo', 122)
    """
    return EchoReport.of(Examination(session, progress))
