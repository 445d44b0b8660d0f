"""What the app's own canceller took off the echo, where the session has the microphone in front of it and behind it."""

from __future__ import annotations

import numpy as np

from voicediag.detect.examination import Examination
from voicediag.measure.echo import MS, leak
from voicediag.measure.erle import Erle, erle
from voicediag.measure.single_talk import single_talk
from voicediag.session import Samples, Track
from voicediag.spans import Span

# Cancellers converge within seconds; five minutes show what stays.
MOST_S = 300.0


def taken_off(exam: Examination) -> Erle | None:
    """Return what was taken off between `user-captured` and `user-sent`; None where a track or the echo is missing."""
    session = exam.session
    before, after = (session.tracks.get(name) for name in ("user-captured", "user-sent"))
    speaker = session.spoken
    if before is None or after is None or speaker is None:
        return None
    span = Span(0.0, min(MOST_S, session.duration_s))
    rate_hz = min(track.rate_hz for track in (before, after, speaker))
    raw, sent, far = (sound(track, span, rate_hz) for track in (before, after, speaker))
    echo = leak(raw, far, rate_hz=rate_hz)
    if echo.delay_ms is None:
        return None
    talk = single_talk(raw, far, rate_hz=rate_hz, lag_s=echo.delay_ms / MS)
    return erle(raw, sent, talk, rate_hz=rate_hz)


def sound(track: Track, span: Span, rate_hz: int) -> Samples:
    """Return what a track holds of a span, at a rate."""
    samples = track.read(span)
    if track.rate_hz == rate_hz:
        return samples
    import soxr

    return np.asarray(soxr.resample(samples, track.rate_hz, rate_hz), np.float32)
