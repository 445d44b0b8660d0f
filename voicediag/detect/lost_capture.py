"""Buffers of the microphone that were lost without a trace, seen in the echo's delay.

Where a lost buffer is closed up nothing is missing to the ear: the sound goes on, a little earlier. The agent's echo
shows it all the same. Its delay falls by one buffer with each that is lost, and it is this that no echo canceller
survives; the same buffers filled with zeros would have done it no harm.
"""

from __future__ import annotations

from voicediag.detect.examination import Examination, Leak
from voicediag.detect.finding import Cause, Evidence, Finding, Limit, Severity
from voicediag.detect.lost_steps import lost_steps
from voicediag.detect.precision import PRECISION
from voicediag.detect.ways import slowed
from voicediag.measure.echo_track import Jump
from voicediag.measure.staircase import LEAST_STEPS, Staircase
from voicediag.session import Track
from voicediag.spans import SpanSet

LEAST_LOST = Limit(LEAST_STEPS, "places", "house rule: one step or two may be a queue that was shortened once")
BREAKS_CANCELLER = Limit(
    0.2,
    "places a second",
    "house rule: one lost frame in five seconds costs WebRTC AEC3 7 of its 21 dB, one in two seconds 15",
)
SHOWN = 3
AROUND_S = 0.5
MS = 1_000.0
REMEDY = (
    "Buffers of the microphone are dropped before they reach the encoder, and what comes after closes up. Read the "
    "microphone on its own thread or in an AudioWorklet, give it a queue of three or four buffers, and put zeros in "
    "place of what is lost: an echo canceller fails where the delay jumps, and holds where a gap is silent."
)


def lost_capture(exam: Examination, track: Track) -> Finding | None:
    """Return the finding of a track whose echo comes earlier with every buffer that it lost."""
    steps = exam.once(lost_steps)
    if steps is None or steps.leak.mic != track.name or steps.staircase is None or steps.leak.echo.motion is None:
        return None
    leak, staircase, falls = steps.leak, steps.staircase, steps.falls
    motion = steps.leak.echo.motion
    where = SpanSet(jump.between.padded(AROUND_S) for jump in falls)
    a_second = staircase.steps / max(motion.followed_s, 1.0)
    return Finding(
        id="starved-capture",
        cause=Cause.STARVATION,
        severity=Severity.HIGH,
        confidence=PRECISION["starved-capture"],
        summary=(
            f"{staircase.lost_ms:.0f} ms of {track.name} are lost in {staircase.steps} places{_buffers(staircase)}: "
            "the echo's delay falls with each of them."
        ),
        remedy=REMEDY,
        primary=_evidence(leak, falls[0], {**_measure(staircase, a_second), "rms": _rms(exam, track)}),
        supporting=tuple(_evidence(leak, jump, {}) for jump in falls[1:SHOWN]),
        where=where,
        explains=_explains(exam, a_second),
    )


def _explains(exam: Examination, a_second: float) -> frozenset[str]:
    # A leak that a canceller would take off stays where it cannot follow.
    echo = {"echo-leak"} if a_second >= BREAKS_CANCELLER.value else set()
    return frozenset(echo) | slowed(exam)


def _buffers(staircase: Staircase) -> str:
    if staircase.buffer_frames is None or staircase.buffer_rate_hz is None:
        return ""
    return f" (buffers of {staircase.buffer_frames} frames at {staircase.buffer_rate_hz / 1_000:g} kHz)"


def _measure(staircase: Staircase, a_second: float) -> dict[str, float | int | None]:
    return {
        "gaps": staircase.steps,
        "gap_total_s": staircase.lost_ms / MS,
        "duplicated": 0,
        "buffer_frames": staircase.buffer_frames,
        "buffer_rate_hz": staircase.buffer_rate_hz,
        "buffer_ms": staircase.buffer_ms,
        "residual_ms": staircase.residual_ms,
        "gaps_per_s": a_second,
    }


def _rms(exam: Examination, track: Track) -> float | None:
    level_dbov = exam.reading(track.name).active.active_speech_dbov
    return None if level_dbov is None else 10 ** (level_dbov / 20)


def _evidence(leak: Leak, jump: Jump, measure: dict[str, float | int | None]) -> Evidence:
    return Evidence(
        track=leak.mic,
        span=jump.between.padded(AROUND_S),
        measure={**measure, "at_s": jump.at_s, "jump_ms": jump.size_ms},
        limit=LEAST_LOST,
        against=leak.speaker,
    )
