"""Why an echo canceller leaves an echo: what no canceller can follow, or that none was at work.

A canceller subtracts what it expects of its reference. Each class here is a way in which microphone and reference stop
fitting, measured between the two tracks of the session; where none of them is found and nothing was cut out of the
echo, no canceller was at work. Where the evidence is too weak for a class there is none.
"""

from __future__ import annotations

import numpy as np

from voicediag.detect.canceller_at_work import sound, taken_off
from voicediag.detect.canceller_class import Failure
from voicediag.detect.canceller_motion import holds_still, motion_failure
from voicediag.detect.examination import Examination, Leak
from voicediag.detect.finding import Limit
from voicediag.detect.lost_steps import lost_steps
from voicediag.measure.echo import MS
from voicediag.measure.echo_delay import STILL_PPM, delay_over
from voicediag.measure.echo_kind import EchoKind, echo_kind
from voicediag.session import Samples
from voicediag.spans import Span, SpanSet

LATEST = Limit(
    512.0, "ms", "WebRTC AEC3, matched_filter.cc: 5 filters of 32 sub-blocks; benchmarks/canceller: 29 dB fall to 2 dB"
)
EARLIEST = Limit(-3.0, "ms", "benchmarks/canceller: AEC3 takes off 22 dB at 0 ms, 9 dB at -5 ms")
OVERDRIVEN = Limit(
    0.08,
    "of the samples",
    "benchmarks/canceller: with a fifth of its loud samples cut AEC3 takes off 6 dB, not 21 dB",
)
QUIET = Limit(-42.0, "dBov", "benchmarks/canceller: with references of -42 to -53 dBov AEC3 takes off 8 dB, not 21 dB")
# Between these and the limits above it is neither one thing nor the other: no class is named.
SOME_DRIVEN = 0.02
SOME_QUIET_DBOV = -38.0
SOME_ERLE_DB = 2.0
KIND_S = 30.0
# A reflection that is louder than the direct sound comes within the first metres of a room.
REFLECTED_MS = 25.0
MILLION = 1e6
WITHOUT_ROOM = frozenset({"hybrid", "line", "loopback"})
ONE_ENGINE = (
    "Give the echo canceller its reference: let one audio engine own microphone and loudspeaker (one AVAudioEngine on "
    "iOS, getUserMedia with echoCancellation and playback in the same page on the web), or use headphones."
)


def failure_of(exam: Examination) -> Failure | None:
    """Return why a canceller leaves the session's echo, or None where it cannot be told."""
    leak = exam.leak
    if leak is None or leak.echo.verdict != "echo":
        return None
    if failure := motion_failure(leak, exam.once(lost_steps)):
        return failure
    # A delay that jumped, too seldom for a class, says as little as one that was not followed.
    steady = () if leak.echo.motion is None or leak.echo.motion.jumps else (_late, _early)
    return next((failure for test in (*steady, _overdriven, _quiet, _off) if (failure := test(exam, leak))), None)


def kind_of(exam: Examination) -> EchoKind | None:
    """Return what kind of echo the session has; None without one."""
    leak = exam.leak
    if leak is None or leak.echo.delay_ms is None or not leak.echo.spans.hull:
        return None
    start_s = leak.echo.spans.hull.start_s
    span = Span(start_s, min(start_s + KIND_S, exam.session.duration_s))
    tracks = [exam.session.tracks[name] for name in (leak.mic, leak.speaker)]
    rate_hz = min(track.rate_hz for track in tracks)
    mic, speaker = (sound(track, span, rate_hz) for track in tracks)
    lag_s = delay_over(leak.echo, Span(start_s, start_s + 1))
    return echo_kind(_on_one_clock(mic, leak.echo.drift_ppm or 0.0), speaker, rate_hz=rate_hz, lag_s=lag_s)


def _on_one_clock(mic: Samples, drift_ppm: float) -> Samples:
    """Return the microphone as the loudspeaker's clock would have taken it: a lag that drifts blurs the echo's way."""
    if abs(drift_ppm) < STILL_PPM:
        return mic
    import soxr

    return np.asarray(soxr.resample(mic, MILLION + drift_ppm, MILLION), np.float32)


def _late(exam: Examination, leak: Leak) -> Failure | None:
    delay_ms = leak.echo.delay_ms or 0.0
    # What came down the wire waits in the player's queue, and the canceller's reference may be taken behind that.
    if delay_ms <= LATEST.value or (leak.speaker == "agent-received" and exam.session.chunks):
        return None
    return Failure(
        why="late-echo",
        told=f"A WebRTC canceller looks back {LATEST.value:g} ms, and this echo is {delay_ms:.0f} ms old.",
        remedy=(
            "Hand the canceller its reference when the sound is played, not when it is queued: here "
            f"{delay_ms - 60:.0f} ms later; or shorten the queue between the two."
        ),
        measure={"delay_ms": delay_ms},
        limit=LATEST,
    )


def _early(exam: Examination, leak: Leak) -> Failure | None:
    delay_ms = _arrival_ms(exam, leak)
    if delay_ms >= EARLIEST.value:
        return None
    return Failure(
        why="early-echo",
        told=f"The echo comes {-delay_ms:.0f} ms before its reference, which no canceller can look ahead to.",
        remedy=(
            "Hand the canceller its reference before the sound is played: take it in front of the player's buffer, or "
            f"hold the microphone back by {20 - delay_ms:.0f} ms."
        ),
        measure={"delay_ms": delay_ms},
        limit=EARLIEST,
    )


def _arrival_ms(exam: Examination, leak: Leak) -> float:
    """Return when the echo begins to come: in a room its loudest part may be a reflection."""
    delay_ms, kind = leak.echo.delay_ms or 0.0, exam.once(kind_of)
    if kind is None or kind.response is None or not kind.is_linear:
        return delay_ms
    arrival_ms = kind.response.arrival_s * MS
    return arrival_ms if 0.0 <= delay_ms - arrival_ms <= REFLECTED_MS else delay_ms


def _overdriven(exam: Examination, leak: Leak) -> Failure | None:
    share = _driven(exam, leak)
    if share < OVERDRIVEN.value:
        return None
    return Failure(
        why="overdriven-microphone",
        told=f"The echo overdrives the microphone: {share:.0%} of its samples are flat tops, which nothing subtracts.",
        remedy=(
            "Turn the loudspeaker or the microphone's gain down until the echo no longer reaches full scale: a "
            "canceller cannot subtract what was cut off."
        ),
        measure={"overdriven_share": share},
        limit=OVERDRIVEN,
    )


def _driven(exam: Examination, leak: Leak) -> float:
    """Return the share of the echo's samples that lie on flat tops of the microphone's."""
    clipping = exam.reading(leak.mic).clipping
    track, late_s = exam.session.tracks[leak.mic], (leak.echo.delay_ms or 0.0) / MS
    tops = SpanSet(
        track.clock.span_of((int(start), int(end)), track.rate_hz)
        for start, end in zip(clipping.starts, clipping.ends, strict=True)
    )
    echo = SpanSet(span.shifted(max(-span.start_s, late_s)) for span in leak.echo.spans)
    if not tops.total_s or not echo.total_s:
        return 0.0
    return clipping.clipped_samples * ((tops & echo).total_s / tops.total_s) / (echo.total_s * track.rate_hz)


def _quiet(exam: Examination, leak: Leak) -> Failure | None:
    level_dbov = exam.reading(leak.speaker).active.active_speech_dbov
    if level_dbov is None or level_dbov > QUIET.value:
        return None
    return Failure(
        why="quiet-reference",
        told=f"The reference is as low as {level_dbov:.0f} dBov where it speaks: a canceller takes that for a pause.",
        remedy=(
            "Hand the canceller its reference at the level that is played: float samples in [-1, 1] are not int16, and "
            "a volume control belongs behind the reference."
        ),
        measure={"reference_dbov": level_dbov},
        limit=QUIET,
    )


def _off(exam: Examination, leak: Leak) -> Failure | None:
    kind = exam.once(kind_of)
    if kind is None or not kind.is_linear or kind.kind in WITHOUT_ROOM or not _fits(exam, leak):
        return None
    return Failure(
        why="canceller-off",
        told="Nothing was taken off it and it holds still: no canceller was at work on it.",
        remedy=ONE_ENGINE,
        measure={
            "clearest_share": kind.response.clearest if kind.response else 0.0,
            "follows": kind.follows or 0.0,
            "holes_share": kind.holes or 0.0,
        },
    )


def _fits(exam: Examination, leak: Leak) -> bool:
    """Whether a canceller that is handed these two tracks would have done its work, and none did."""
    level_dbov = exam.reading(leak.speaker).active.active_speech_dbov
    is_loud = level_dbov is not None and level_dbov >= SOME_QUIET_DBOV
    erle = exam.once(taken_off)
    is_left_alone = erle is None or (erle.steady_db is not None and erle.steady_db <= SOME_ERLE_DB)
    return holds_still(leak) and is_loud and is_left_alone and _driven(exam, leak) <= SOME_DRIVEN
