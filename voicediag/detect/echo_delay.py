"""How late an echo is at one moment of the session: lost frames and drifting clocks move it by hundreds of ms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from voicediag.spans import Span, SpanSet

if TYPE_CHECKING:
    from voicediag.measure.echo import Echo

MS = 1_000.0
# A jump is placed to 150 ms, and the lag before it is not that behind it.
BESIDE_S = 0.2


def between_jumps(echo: Echo, speech: SpanSet) -> SpanSet:
    """Return the far end's speech, interrupted wherever the lag jumps."""
    jumps = echo.motion.jumps if echo.motion else ()
    at_s = (jump.at_s - (echo.delay_ms or 0.0) / MS for jump in jumps)
    return speech - SpanSet(Span(max(0.0, at - BESIDE_S), max(0.0, at + BESIDE_S)) for at in at_s)


def delay_over(echo: Echo, span: Span) -> float:
    """Return by how many seconds the microphone is later over a span of the far end.

    Where the lag was not followed there, it is that of the nearest moment at which it was, or of the whole session.
    """
    motion = echo.motion
    if motion is None or not motion.times_s.size:
        return (echo.delay_ms or 0.0) / MS
    within = (motion.times_s >= span.start_s) & (motion.times_s < span.end_s)
    if within.any():
        return float(np.median(motion.delays_ms[within])) / MS
    nearest = int(np.abs(motion.times_s - (span.start_s + span.end_s) / 2).argmin())
    return float(motion.delays_ms[nearest]) / MS
