"""The loudspeaker in the microphone.

The agent's own voice comes back through the room, the model takes it for the user, and what follows looks like a VAD
that fires too easily. Raising its threshold makes the agent deaf and leaves the echo where it was: "don't tune your VAD
to fix what's actually an echo problem".
"""

from __future__ import annotations

from voicediag.detect.detector import Detector
from voicediag.detect.examination import Examination, Leak
from voicediag.detect.finding import Cause, Evidence, Finding, Limit, Severity, Verdict, clear, found, unjudged
from voicediag.detect.precision import PRECISION
from voicediag.measure.echo import STRONG_SIGMAS

ID = "echo-leak"
STRENGTH = Limit(STRONG_SIGMAS, "robust sigmas", "benchmarks/echo_leak: none of 590 mismatched pairs reached 9.0")
LEAST_ERL = Limit(46.0, "dB ERL", "3GPP TS 26.131, echo loss of a terminal in single talk")
LOUD_ERL = Limit(25.0, "dB ERL", "house rule: sets the severity, decides no verdict")
# Sound needs 3 ms a metre: what comes back sooner did not go through a room.
ROOM_MS = Limit(3.0, "ms", "speed of sound: one metre")
REMEDY_ROOM = (
    "Give the echo canceller its reference: let one audio engine own microphone and loudspeaker (one AVAudioEngine on "
    "iOS, getUserMedia with echoCancellation and playback in the same page on the web), or use headphones. "
    "Leave the VAD as it is."
)
REMEDY_LOOP = (
    "The agent's sound reaches the microphone track without a room in between: a loopback or monitor input, 'stereo "
    "mix', or both voices mixed before this tap. Choose the real microphone. Leave the VAD as it is."
)


def examine(exam: Examination) -> Verdict:
    """Answer with the echo, clear, or why it cannot be judged."""
    leak = exam.leak
    if leak is None:
        missing = "user" if exam.session.heard is None else "agent"
        return unjudged(ID, f"the session has no {missing} track to compare")
    if exam.reading(leak.mic).level.rms_dbfs is None:
        return unjudged(ID, f"{leak.mic} is digital silence")
    if leak.echo.verdict == "unjudged":
        return unjudged(ID, leak.echo.reason)
    if leak.echo.verdict == "clear":
        seen = leak.echo.strength or 0.0
        return clear(
            ID, bound=f"no lag rises above {seen:.1f} of {STRENGTH.value:g} sigmas in {leak.echo.far_end_s:.0f} s"
        )
    erl_db = leak.path.erl_db if leak.path else None
    if erl_db is not None and erl_db >= LEAST_ERL.value:
        return clear(ID, bound=f"an echo {erl_db:.0f} dB below the agent, beyond the {LEAST_ERL.value:g} dB asked for")
    return found(_finding(leak, erl_db))


def _finding(leak: Leak, erl_db: float | None) -> Finding:
    echo = leak.echo
    delay_ms = echo.delay_ms or 0.0
    loud = erl_db is not None and erl_db < LOUD_ERL.value
    how_loud = f"{erl_db:.0f} dB below what was played" if erl_db is not None else "too weak to measure its level"
    through_room = abs(delay_ms) >= ROOM_MS.value
    measure = {
        "delay_ms": delay_ms,
        "erl_db": erl_db,
        "drift_ppm": echo.drift_ppm,
        "wander_ms": echo.wander_ms,
        "strength_sigmas": echo.strength,
        "duration_s": echo.spans.total_s,
    }
    longest = max(echo.spans, key=lambda span: span.duration_s)
    return Finding(
        id=ID,
        cause=Cause.ECHO,
        severity=Severity.HIGH if loud else Severity.MEDIUM,
        confidence=PRECISION[ID],
        summary=(
            f"The agent's voice comes back in {leak.mic} after {delay_ms:.0f} ms, {how_loud}, "
            f"in {echo.spans.total_s:.0f} s of its {echo.far_end_s:.0f} s of speech."
        ),
        remedy=REMEDY_ROOM if through_room else REMEDY_LOOP,
        primary=Evidence(
            track=leak.mic,
            span=longest.shifted(max(0.0, delay_ms / 1_000)),
            measure=measure,
            limit=LEAST_ERL if erl_db is not None else STRENGTH,
            against=leak.speaker,
        ),
        supporting=(
            Evidence(
                track=leak.speaker,
                span=longest,
                measure={"strength_sigmas": echo.strength},
                limit=STRENGTH,
                against=leak.mic,
            ),
        ),
        where=echo.spans,
    )


DETECTOR = Detector(id=ID, cause=Cause.ECHO, question="Does the microphone hear the agent?", examine=examine)
