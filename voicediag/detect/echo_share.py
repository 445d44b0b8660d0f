"""Which part of a voice at the microphone is the agent's echo.

Two measures, and the larger one counts. By level: what the echo's loss over the whole session lets through of the
agent. That is too little where somebody has turned the loudspeaker up since; there the path is measured anew around
the very place, which tells the agent's waveform from a user's without knowing how loud it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from voicediag.measure.echo_delay import MS, delay_over
from voicediag.spans import Span, SpanSet

if TYPE_CHECKING:
    from voicediag.detect.examination import Examination, Leak
    from voicediag.session import Track

# The echo path's own reverberation.
TAIL_S = 0.2
# Six frames of a path: of 300 pairs of voices that had nothing to do with each other one shared a quarter of it.
LOCAL_S = 1.6


def echo_share(exam: Examination, leak: Leak, voice: SpanSet) -> float | None:
    """Return which part of the voice's energy the agent's echo accounts for; None where the path is not known."""
    echo = leak.echo
    if echo.verdict != "echo" or echo.delay_ms is None or echo.erl_db is None:
        return None
    mic, speaker = exam.session.tracks[leak.mic], exam.session.tracks[leak.speaker]
    hull = voice.hull
    if hull is None:
        return None
    late_s = delay_over(echo, hull.shifted(-echo.delay_ms / MS))
    heard = sum(_energy(mic, span) for span in voice)
    if not heard:
        return None
    said = sum(_energy(speaker, Span(span.start_s - TAIL_S, span.end_s).shifted(-late_s)) for span in voice)
    return max(min(1.0, said * 10 ** (-echo.erl_db / 10) / heard), _by_path(exam, hull, late_s))


def _by_path(exam: Examination, hull: Span, late_s: float) -> float:
    """Return the share by the path around the voice; 0 where there is too little sound for one."""
    wide = hull.padded(max(0.0, LOCAL_S - hull.duration_s) / 2).shifted(-late_s)
    path = exam.path_over([(wide, late_s)])
    return 1 - path.near_share if path and path.erl_db is not None else 0.0


def _energy(track: Track, span: Span) -> float:
    if span.end_s <= 0:
        return 0.0
    sound = track.read(Span(max(0.0, span.start_s), span.end_s))
    return float(np.sum(sound**2, dtype=np.float64)) / track.rate_hz
