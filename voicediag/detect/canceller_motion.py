"""Delays that no echo canceller can follow: lost buffers, queues that breathe, two clocks.

A canceller learns one delay. Where microphone or reference lose sound and the gap is closed up, each loss moves it; the
lost sound itself costs nothing, as zeros in its place show.
"""

from __future__ import annotations

from voicediag.detect.canceller_class import Class, Failure
from voicediag.detect.examination import Leak
from voicediag.detect.finding import Limit
from voicediag.detect.lost_steps import LostSteps
from voicediag.measure.staircase import Staircase

DROPS = Limit(3.0, "steps", "house rule: one step may be a change of device; benchmarks/canceller for what they cost")
WANDER = Limit(8.0, "ms", "house rule: an echo that moves by more, and is neither loss nor skew, has no one clock")
SKEW = Limit(500.0, "ppm", "benchmarks/canceller: AEC3 takes off 20 dB at 300 ppm, 13 dB at 700 ppm")
# Between these and the limits above it is neither one thing nor the other.
STEADY_MS = 4.0
STEADY_PPM = 350.0
# House rule: a queue breathes by some buffers; to and fro between two lags so far apart are two ways, or speech that
# says the same again.
MOST_BREATH_MS = 60.0
FILL_CAPTURE = (
    "Fill lost capture buffers with zeros of the same length, or better stop losing them: read the microphone on a "
    "thread that does nothing else. A canceller follows silence, but no jump."
)
FILL_REFERENCE = (
    "Hand the canceller every buffer that is played, zeros where nothing is, and none twice: a reference that skips "
    "what the loudspeaker plays leads it astray."
)


def motion_failure(leak: Leak, steps: LostSteps | None) -> Failure | None:
    """Return which motion of the echo's delay it is that no canceller follows; None where there is none."""
    return (_dropped(leak, steps) or _wanders(leak, steps) if steps else None) or _skewed(leak)


def holds_still(leak: Leak) -> bool:
    """Whether the delay is known to hold still."""
    echo = leak.echo
    return (
        echo.motion is not None
        and not echo.motion.jumps
        and echo.wander_ms is not None
        and echo.wander_ms <= STEADY_MS
        and (echo.drift_ppm is None or abs(echo.drift_ppm) <= STEADY_PPM)
    )


def _dropped(leak: Leak, steps: LostSteps) -> Failure | None:
    reference_lost = leak.echo.motion.reference_lost if leak.echo.motion else None
    return _drops("capture-drops", "microphone", "earlier", steps.staircase, FILL_CAPTURE) or _drops(
        "reference-drops", "reference", "later", reference_lost, FILL_REFERENCE
    )


def _drops(why: Class, who: str, moves: str, lost: Staircase | None, remedy: str) -> Failure | None:
    if lost is None or lost.steps < DROPS.value:
        return None
    return Failure(
        why=why,
        told=f"The {who} lost {_told(lost)}, and with each the echo comes {moves}.",
        remedy=remedy,
        measure={"lost_ms": lost.lost_ms, "steps": lost.steps},
        limit=DROPS,
    )


def _told(lost: Staircase) -> str:
    """Return a loss in words."""
    buffers = f" in buffers of {lost.buffer_ms:.1f} ms" if lost.buffer_ms else ""
    return f"{lost.lost_ms:.0f} ms in {lost.steps} steps{buffers}"


def _wanders(leak: Leak, steps: LostSteps) -> Failure | None:
    wander_ms, jumps = leak.echo.wander_ms, steps.jumps
    if wander_ms is None or wander_ms < WANDER.value or len(jumps) < DROPS.value:
        return None
    if min(abs(jump.size_ms) for jump in jumps) > MOST_BREATH_MS:
        return None
    return Failure(
        why="two-engines",
        told=f"The echo's delay wanders by {wander_ms:.0f} ms, to and fro in {len(jumps)} jumps.",
        remedy=(
            "Let one audio engine own microphone and loudspeaker: two of them, each with a queue of its own, keep no "
            "delay that a canceller could learn."
        ),
        measure={"wander_ms": wander_ms, "jumps": len(jumps)},
        limit=WANDER,
    )


def _skewed(leak: Leak) -> Failure | None:
    drift_ppm = leak.echo.drift_ppm
    if drift_ppm is None or abs(drift_ppm) < SKEW.value:
        return None
    return Failure(
        why="clock-skew",
        told=f"Microphone and loudspeaker run on two clocks, {abs(drift_ppm):.0f} ppm apart.",
        remedy=(
            "Let one device, or one audio engine, own microphone and loudspeaker; or resample the reference to the "
            "microphone's clock before the canceller."
        ),
        measure={"drift_ppm": drift_ppm},
        limit=SKEW,
    )
