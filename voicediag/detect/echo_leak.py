"""The loudspeaker in the microphone.

The agent's own voice comes back through the room, the model takes it for the user, and what follows looks like a VAD
that fires too easily. Raising its threshold makes the agent deaf and leaves the echo where it was: "don't tune your VAD
to fix what's actually an echo problem".
"""

from __future__ import annotations

from voicediag.detect.canceller_at_work import taken_off
from voicediag.detect.canceller_class import Failure
from voicediag.detect.canceller_failure import ONE_ENGINE, failure_of, kind_of
from voicediag.detect.detector import Detector
from voicediag.detect.echo_added import added_to
from voicediag.detect.echo_harm import Harm, harm_of, told_in_words
from voicediag.detect.echo_jumps import jump_evidence, motion_measure
from voicediag.detect.examination import Examination, Leak
from voicediag.detect.finding import Cause, Evidence, Finding, Limit, Severity, Verdict, clear, found, unjudged
from voicediag.detect.precision import PRECISION
from voicediag.measure.echo import MARGIN_DB, MS, STRONG_SIGMAS, Echo
from voicediag.measure.echo_distortion import Distortion
from voicediag.measure.echo_kind import EchoKind
from voicediag.measure.erle import Erle
from voicediag.spans import Span, SpanSet

ID = "echo-leak"
STRENGTH = Limit(STRONG_SIGMAS, "robust sigmas", "benchmarks/echo: the highest of 663 groups of strangers reached 6.82")
LEAST_ERL = Limit(46.0, "dB ERL", "3GPP TS 26.131, echo loss of a terminal in single talk")
LOUD_ERL = Limit(25.0, "dB ERL", "house rule: sets the severity, decides no verdict")
# Sound needs 3 ms a metre: what comes back sooner did not go through a room.
ROOM_MS = Limit(3.0, "ms", "speed of sound: one metre")
LEAVE_THE_VAD = "Leave the VAD as it is."
REMEDY_ROOM = f"{ONE_ENGINE} {LEAVE_THE_VAD}"
REMEDY_LOOP = (
    "The agent's sound reaches the microphone track without a room in between: a loopback or monitor input, 'stereo "
    f"mix', or both voices mixed before this tap. Choose the real microphone. {LEAVE_THE_VAD}"
)

REMEDY_HYBRID = (
    "A telephone's hybrid, where four wires become two, sends the agent back, and no microphone is in it: switch on "
    f"the line echo canceller (ITU-T G.168) of the gateway or the carrier, or balance the line. {LEAVE_THE_VAD}"
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
        return clear(ID, bound=_bound(leak))
    if faint := _faint(leak.echo):
        return clear(ID, bound=f"an echo {faint} dB below the agent: {LEAST_ERL.value:g} dB are asked for")
    return found(_finding(exam, leak))


def _faint(echo: Echo) -> str:
    """Return the loss of an echo that is weaker than anybody asks for, or how great it is at least; or nothing."""
    if echo.erl_db is not None:
        return f"{echo.erl_db:.0f}" if echo.erl_db >= LEAST_ERL.value else ""
    if echo.bound_db is None or (echo.motion and echo.motion.is_too_fast):
        return ""
    least_db = echo.bound_db - MARGIN_DB
    return f"more than {least_db:.0f}" if least_db >= LEAST_ERL.value else ""


def _bound(leak: Leak) -> str:
    """Return how weak an echo would have been missed."""
    if leak.echo.bound_db is None:
        return f"no trace of the agent in {leak.mic}"
    return f"no echo above -{leak.echo.bound_db - MARGIN_DB:.0f} dB of the agent"


def _finding(exam: Examination, leak: Leak) -> Finding:
    echo, spoken = leak.echo, _spoken(exam, leak)
    where = (echo.spans & spoken) or echo.spans
    harm = exam.once(harm_of) or Harm()
    kind, failure, erle = exam.once(kind_of), exam.once(failure_of), exam.once(taken_off)
    added = exam.once(added_to)
    delay_ms, erl_db = echo.delay_ms or 0.0, echo.erl_db
    heard_s, spoken_s = where.total_s, spoken.total_s
    share = f"{heard_s:.0f} s of its {spoken_s:.0f} s of speech" if heard_s <= spoken_s else f"{heard_s:.0f} s"
    measure = {
        "delay_ms": delay_ms,
        "erl_db": erl_db,
        **_with_distortion(erl_db, added),
        "drift_ppm": echo.drift_ppm,
        "wander_ms": echo.wander_ms,
        **motion_measure(leak),
        "strength_sigmas": echo.strength,
        "duration_s": where.total_s,
        "starts": len(harm.starts) if harm.told else None,
        "answers_cut": len(harm.cut_s) if harm.told else None,
        "turns": len(harm.turns) if exam.session.turns else None,
        "missing_db": harm.margin.missing_db if harm.margin else None,
        "kind": kind.kind if kind else None,
        "why": failure.why if failure else None,
        "erle_db": erle.steady_db if erle else None,
        "converged_s": erle.converged_s if erle else None,
    }
    longest = max(where, key=lambda span: span.duration_s)
    return Finding(
        id=ID,
        cause=Cause.ECHO,
        severity=Severity.HIGH if erl_db is not None and erl_db < LOUD_ERL.value else Severity.MEDIUM,
        confidence=min(PRECISION[ID], echo.probability or 0.0),
        summary=(
            f"The agent's voice comes back in {leak.mic} after {delay_ms:.0f} ms, {_loss(echo)}, "
            f"in {share}. "
            + " ".join(part for part in (_added(added), told_in_words(harm), _took(erle), _why(failure)) if part)
        ).strip(),
        remedy=_remedy(delay_ms, kind, failure),
        primary=Evidence(
            track=leak.mic,
            span=longest.shifted(max(0.0, delay_ms / MS)),
            measure=measure,
            limit=LEAST_ERL,
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
            *_evidence(leak, longest, failure),
            *jump_evidence(leak),
        ),
        where=where,
    )


def _with_distortion(erl_db: float | None, added: Distortion | None) -> dict[str, float | None]:
    """Return the loss of all of the echo, and how loud what the loudspeaker adds is beside the rest."""
    total_db = erl_db - added.excess_db if added and erl_db is not None else None
    return {"erl_total_db": total_db, "distortion_db": added.distortion_db if added else None}


def _why(failure: Failure | None) -> str:
    return failure.told if failure else ""


def _added(added: Distortion | None) -> str:
    """Return how hard the loudspeaker is driven, in words."""
    if added is None or added.distortion_db is None:
        return ""
    return (
        f"The loudspeaker distorts: {-added.distortion_db:.0f} dB under that lies what does not follow the agent's "
        f"waveform, so that no linear canceller takes off more than {added.most_off_db:.0f} dB."
    )


def _loss(echo: Echo) -> str:
    """Return how loud the echo is, in words."""
    if echo.erl_db is None:
        is_fast = echo.motion is not None and echo.motion.is_too_fast
        hidden = "its delay moves too fast" if is_fast else "it is too weak beside the user"
        return f"how loud cannot be measured ({hidden})"
    return f"{abs(echo.erl_db):.0f} dB {'below' if echo.erl_db >= 0 else 'above'} what was played"


def _took(erle: Erle | None) -> str:
    """Return what the canceller in between took off, in words."""
    if erle is None or erle.steady_db is None:
        return ""
    return f"Between user-captured and user-sent it lost {erle.steady_db:.0f} dB."


def _remedy(delay_ms: float, kind: EchoKind | None, failure: Failure | None) -> str:
    if failure:
        return f"{failure.remedy} {LEAVE_THE_VAD}"
    told = kind.kind if kind else None
    if told == "hybrid":
        return REMEDY_HYBRID
    is_room = told in {"acoustic", "residual"} or (told != "loopback" and abs(delay_ms) >= ROOM_MS.value)
    return REMEDY_ROOM if is_room else REMEDY_LOOP


def _evidence(leak: Leak, span: Span, failure: Failure | None) -> tuple[Evidence, ...]:
    """Return what a canceller cannot follow, with the number and its limit."""
    if failure is None or failure.limit is None:
        return ()
    return (Evidence(track=leak.mic, span=span, measure=failure.measure, limit=failure.limit, against=leak.speaker),)


def _spoken(exam: Examination, leak: Leak) -> SpanSet:
    """Return where the agent speaks, on the session clock."""
    offset_s = exam.session.tracks[leak.speaker].clock.offset_s
    return SpanSet(span.shifted(offset_s) for span in exam.activity(leak.speaker).spans)


DETECTOR = Detector(id=ID, cause=Cause.ECHO, question="Does the microphone hear the agent?", examine=examine)
