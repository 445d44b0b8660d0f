"""The samples that go up were made at one rate and are declared at another.

Nothing raises: the model hears the user too slow and too deep, or too fast, and understands little. No ear is needed to
tell it: a microphone makes as many samples a second as its rate says, and the wire log counts them. A sender that only
dawdles is not at one of the known ratios, and that is no wrong rate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicediag.detect import wire
from voicediag.detect.detector import Detector
from voicediag.detect.finding import Cause, Evidence, Finding, Limit, Severity, Verdict, clear, found, unjudged
from voicediag.detect.precision import PRECISION
from voicediag.measure import pace

if TYPE_CHECKING:
    from voicediag.detect.examination import Examination
    from voicediag.measure.pace import SteadyPace
    from voicediag.session import Session

ID = "wrong-rate"
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


def examine(exam: Examination) -> Verdict:
    """Answer with a rate other than the declared one."""
    session = exam.session
    if session.sent is None:
        return unjudged(ID, "no wire log says when the user's sound was sent")
    came = pace.steady(session.sent.frames, least_s=int(LEAST.value))
    if came is None:
        return unjudged(ID, f"no sound was sent for {LEAST.value:g} s without a pause")
    ratio = came.rate_hz / session.sent.rate_hz
    if came.drift > STEADY.value:
        return unjudged(ID, f"sound was sent in bursts or unsteadily, {ratio:.2f} times its rate on average")
    actual_hz = _known(came.rate_hz, session.sent.rate_hz)
    if actual_hz is None:
        return clear(
            ID, bound=f"{ratio:.2f} s of sound was sent each second, which is the sender's pace and no other rate"
        )
    if actual_hz == session.sent.rate_hz:
        return clear(ID, bound=f"{came.rate_hz:,.0f} samples a second were sent, as declared")
    return found(_finding(session, came, session.sent.rate_hz, actual_hz))


def _known(rate_hz: float, declared_hz: int) -> int | None:
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


DETECTOR = Detector(id=ID, cause=Cause.FORMAT, question="Does a second of sound go up each second?", examine=examine)
