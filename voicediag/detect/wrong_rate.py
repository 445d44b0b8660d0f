"""Samples that were made at one rate and are declared at another.

Nothing raises: the model hears the user too slow and too deep, or too fast, and understands little; the user hears the
agent so. Two witnesses tell it. On the way up the wire counts: a microphone makes as many samples a second as its rate
says, and a sender that only dawdles is not at one of the known ratios. On both ways the voice itself tells, for pitch,
formants and pace rise together under a wrong rate and in no human being. Where the two contradict each other nothing
is claimed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from voicediag.detect import voices, wire
from voicediag.detect.detector import Detector
from voicediag.detect.finding import Cause, Evidence, Finding, Limit, Severity, Verdict, clear, found, unjudged
from voicediag.detect.precision import PRECISION
from voicediag.measure import pace

if TYPE_CHECKING:
    from voicediag.detect.examination import Examination
    from voicediag.detect.voices import Told
    from voicediag.measure.pace import SteadyPace
    from voicediag.session import Session

ID = "wrong-rate"
# Their limits stand on the page of this fault.
WITNESSES: Final = (voices,)
LEAST = Limit(8, "s", "house rule: chunks of up to 100 ms then make an error of 1.3 %")
STEADY = Limit(
    0.03, "of the pace", "house rule: a microphone's halves differ by a chunk, a file that is pushed by more"
)
NEAR = Limit(0.02, "of a rate", "house rule: clocks are off by less than 0.1 %, chunks round by the rest")
# At which microphones, files, models and telephones make sound. Below the declared rate only those count that a slow
# sender would hardly meet.
RATES_HZ: Final = (8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000)
MOST_BELOW: Final = 0.7
REMEDY = (
    "Find the rate at which the microphone or the file really runs, and resample it to the declared one, with a "
    "resampler that keeps its state between chunks; or declare the real rate where the provider takes it (Gemini Live: "
    "audio/pcm;rate=...). Stereo counts twice: mix it down to one channel."
)
REMEDY_AGENT = (
    "Find what makes this sound and what it says of its rate: Gemini Live and OpenAI Realtime send 24,000 samples a "
    "second, a telephone takes 8,000, a synthesiser of your own makes what its voice was trained on. Resample to the "
    "rate that the next stage expects; if agent-received is right and agent-played is not, it is the player that was "
    "opened at another rate."
)


def examine(exam: Examination) -> Verdict:
    """Answer with a rate other than the declared one, of the user's sound and of the agent's."""
    session = exam.session
    heard = [told for name in session.tracks if (told := voices.told(exam, name))]
    sides = []
    if session.sent is not None or session.heard is not None:
        sides.append(_side(_counted(session), [told for told in heard if told.track.role == "user"]))
    if agent := [told for told in heard if told.track.role == "agent"]:
        sides.append(_side(None, agent))
    if not sides:
        return unjudged(ID, "there is no wire log to count and no voice to listen to")
    if findings := [finding for side in sides for finding in side.findings]:
        return found(*findings)
    unheard = [side.reason for side in sides if side.reason]
    seen = [side.bound for side in sides if side.bound]
    return unjudged(ID, "; ".join([*unheard, *seen])) if unheard else clear(ID, bound="; ".join(seen))


def _side(counted: Verdict | None, heard: list[Told]) -> Verdict:
    """Return what the witnesses of one voice say together."""
    # A sender's clock counts for more than a voice's likeness: against it the voice must be twice as far off.
    sure = 2 * voices.FAR_OF_USERS.value if counted and counted.is_clear else voices.SAFE.value
    wrong = [told for told in heard if told.is_wrong and told.rate.margin_nats >= sure]
    right = [told for told in heard if told.is_right]
    if counted and counted.findings:
        if right and not wrong:
            return clear(ID, bound=f"sound is sent faster or slower than it was spoken, and {right[0].bound}")
        support = tuple(_evidence(told) for told in wrong)
        return found(*(replace(finding, supporting=support) for finding in counted.findings))
    if wrong:
        return found(_spoken(wrong))
    bounds = [counted.bound] if counted and counted.bound else []
    if bounds or right:
        return clear(ID, bound="; ".join([*bounds, *(told.bound for told in right[:1])]))
    reasons = [told.reason for told in heard if not told.is_wrong]
    return unjudged(ID, "; ".join([*([counted.reason] if counted and counted.reason else []), *reasons[:1]]))


def _counted(session: Session) -> Verdict:
    """Return what the frames say that went up in each second."""
    if session.sent is None:
        return unjudged(ID, "no wire log says when the user's sound was sent")
    came = pace.steady(session.sent.frames, least_s=int(LEAST.value))
    if came is None:
        return unjudged(ID, f"no sound was sent for {LEAST.value:g} s without a pause")
    ratio = came.rate_hz / session.sent.rate_hz
    if came.drift > STEADY.value:
        return unjudged(ID, f"sound was sent in bursts or unsteadily, {ratio:.2f} times its rate on average")
    actual_hz = known_rate(came.rate_hz, session.sent.rate_hz)
    if actual_hz is None:
        return clear(
            ID, bound=f"{ratio:.2f} s of sound was sent each second, which is the sender's pace and no other rate"
        )
    if actual_hz == session.sent.rate_hz:
        return clear(ID, bound=f"{came.rate_hz:,.0f} samples a second were sent, as declared")
    return found(_finding(session, came, session.sent.rate_hz, actual_hz))


def known_rate(rate_hz: float, declared_hz: int) -> int | None:
    """Return the known rate that a pace is, the declared one first; None where it is none."""
    for known in (declared_hz, *RATES_HZ):
        likely = known >= declared_hz or known <= MOST_BELOW * declared_hz
        if likely and abs(rate_hz / known - 1) <= NEAR.value:
            return known
    return None


def _finding(session: Session, came: SteadyPace, declared_hz: int, actual_hz: int) -> Finding:
    ratio = came.rate_hz / declared_hz
    stereo = f", or {actual_hz // 2:,} Hz in stereo" if actual_hz > declared_hz and actual_hz // 2 in RATES_HZ else ""
    heard = f"{ratio:.2f} times too slow and too deep" if ratio > 1 else f"{1 / ratio:.2f} times too fast and too high"
    track, span = wire.beside(session, "up", came.start_s, came.end_s)
    return Finding(
        id=ID,
        cause=Cause.FORMAT,
        severity=Severity.HIGH,
        confidence=PRECISION[ID],
        summary=f"{came.rate_hz:,.0f} samples a second were sent and {declared_hz:,} declared: that is {actual_hz:,} Hz"
        f"{stereo}, and the model hears it {heard}.",
        remedy=REMEDY,
        primary=Evidence(
            track=track,
            span=span,
            measure={
                "ratio": ratio,
                "declared_hz": declared_hz,
                "actual_hz": actual_hz,
                "sent_hz": came.rate_hz,
                "steady_s": came.end_s - came.start_s,
            },
            limit=NEAR,
        ),
    )


def _spoken(wrong: list[Told]) -> Finding:
    """Return the finding of a voice that was made at another rate, at the first tap that shows it."""
    told = wrong[0]
    track, declared_hz = told.track, told.track.rate_hz
    words = f", at {told.syllables_per_s:.1f} syllables a second" if told.syllables_per_s else ""
    return Finding(
        id=ID,
        cause=Cause.FORMAT,
        severity=Severity.HIGH,
        confidence=PRECISION[ID],
        summary=f"The voice of {track.name} is heard {voices.in_words(told.speed)}{words}: made at "
        f"{told.made}, it is declared as {declared_hz:,}.",
        remedy=REMEDY if track.role == "user" else REMEDY_AGENT,
        primary=_evidence(told),
        supporting=tuple(_evidence(other) for other in wrong[1:]),
        where=told.spans,
    )


def _evidence(told: Told) -> Evidence:
    return Evidence(
        track=told.track.name,
        span=max(told.spans, key=lambda span: span.duration_s),
        measure={
            "ratio": told.rate.actual_hz / told.track.rate_hz,
            "declared_hz": told.track.rate_hz,
            "actual_hz": told.rate.actual_hz,
            "heard_speed": told.rate.speed,
            "margin_nats": told.rate.margin_nats,
            "likeness_nats": told.rate.likeness_nats,
            "speech_s": told.rate.speech_s,
            "syllables_per_s": told.syllables_per_s,
        },
        limit=told.far,
    )


DETECTOR = Detector(
    id=ID, cause=Cause.FORMAT, question="Is sound played at the rate at which it was made?", examine=examine
)
