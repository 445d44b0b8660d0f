"""What an echo holds beside its linear part, in a session: how hard its loudspeaker is driven."""

from __future__ import annotations

from voicediag.detect.canceller_at_work import sound
from voicediag.detect.canceller_failure import KIND_S, kind_of
from voicediag.detect.examination import Examination
from voicediag.detect.finding import Limit
from voicediag.measure.echo import MS
from voicediag.measure.echo_delay import STILL_PPM
from voicediag.measure.echo_distortion import Distortion, distortion
from voicediag.spans import Span

EXCESS = Limit(0.6, "dB", "benchmarks/echo_distortion: nine readings in ten are nearer than this to what was planted")


def added_to(exam: Examination) -> Distortion | None:
    """Return what the session's echo holds beside its linear part.

    None where it is not told, which is so too where it lies within the error, of an echo whose delay moves, and of what
    a canceller left: these do not follow one way, whatever the loudspeaker does.
    """
    leak, kind = exam.leak, exam.once(kind_of)
    if leak is None or leak.echo.delay_ms is None or kind is None or kind.response is None or not leak.echo.spans.hull:
        return None
    moved = leak.echo.motion
    if kind.kind == "residual" or (moved and (moved.jumps or abs(moved.drift_ppm or 0.0) >= STILL_PPM)):
        return None
    start_s = leak.echo.spans.hull.start_s
    span = Span(start_s, min(start_s + KIND_S, exam.session.duration_s))
    tracks = [exam.session.tracks[name] for name in (leak.mic, leak.speaker)]
    rate_hz = min(track.rate_hz for track in tracks)
    mic, speaker = (sound(track, span, rate_hz) for track in tracks)
    added = distortion(mic, speaker, rate_hz=rate_hz, lag_s=leak.echo.delay_ms / MS, response=kind.response)
    return added if added and added.excess_db >= EXCESS.value else None
