"""What an echo's motion adds to its finding: how sure the drift is, and the moments at which the delay jumps."""

from __future__ import annotations

from voicediag.detect.examination import Leak
from voicediag.detect.finding import Evidence, Limit
from voicediag.measure.lag_steps import LEAST_SUPPORT

SUPPORT = Limit(LEAST_SUPPORT, "sigmas", "benchmarks/echo_motion: no false jump in an hour of echoes")
SHOWN = 3
AROUND_S = 0.5


def motion_measure(leak: Leak) -> dict[str, float | int | None]:
    """Return what is measured of an echo's motion beside its drift and its wander."""
    motion = leak.echo.motion
    if motion is None:
        return {"drift_error_ppm": None, "jumps": None, "jumps_ms": None}
    return {
        "drift_error_ppm": motion.drift_error_ppm if motion.drift_ppm is not None else None,
        "jumps": len(motion.jumps),
        "jumps_ms": sum(jump.size_ms for jump in motion.jumps),
    }


def jump_evidence(leak: Leak) -> tuple[Evidence, ...]:
    """Return the places of the largest jumps."""
    jumps = leak.echo.motion.jumps if leak.echo.motion else ()
    largest = sorted(jumps, key=lambda jump: -abs(jump.size_ms))[:SHOWN]
    return tuple(
        Evidence(
            track=leak.mic,
            span=jump.between.padded(AROUND_S),
            measure={"at_s": jump.at_s, "jump_ms": jump.size_ms, "support_sigmas": jump.support},
            limit=SUPPORT,
            against=leak.speaker,
        )
        for jump in sorted(largest, key=lambda jump: jump.at_s)
    )
