"""Sessions to findings: one fault a file, all of them listed in `DETECTORS`."""

from voicediag.detect import (
    bad_pacing,
    browser_processing,
    clipped_audio,
    clock_drift,
    damaged_recording,
    dropped_connection,
    early_endpoint,
    echo_leak,
    false_start,
    poor_resampler,
    protocol_slip,
    provider_error,
    self_hearing_loop,
    session_limit,
    silent_connect,
    silent_track,
    slow_turn,
    starved_capture,
    starved_playback,
    token_form,
    unanswered_tool_call,
    unflushed_playback,
    unheeded_goaway,
    wrong_rate,
)
from voicediag.detect.detector import Detector
from voicediag.detect.examination import Examination, Leak
from voicediag.detect.finding import (
    Cause,
    Evidence,
    Finding,
    Limit,
    Severity,
    Verdict,
    clear,
    found,
    unjudged,
)

__all__ = [
    "ABOUT_ECHO",
    "ABOUT_STARVATION",
    "DETECTORS",
    "Cause",
    "Detector",
    "Evidence",
    "Examination",
    "Finding",
    "Leak",
    "Limit",
    "Severity",
    "Verdict",
    "clear",
    "found",
    "unjudged",
]

# In the order in which causes must be settled.
DETECTORS: tuple[Detector, ...] = (
    damaged_recording.DETECTOR,
    token_form.DETECTOR,
    protocol_slip.DETECTOR,
    provider_error.DETECTOR,
    silent_connect.DETECTOR,
    unanswered_tool_call.DETECTOR,
    unheeded_goaway.DETECTOR,
    session_limit.DETECTOR,
    dropped_connection.DETECTOR,
    unflushed_playback.DETECTOR,
    wrong_rate.DETECTOR,
    browser_processing.DETECTOR,
    clipped_audio.DETECTOR,
    poor_resampler.DETECTOR,
    silent_track.DETECTOR,
    bad_pacing.DETECTOR,
    starved_capture.DETECTOR,
    starved_playback.DETECTOR,
    clock_drift.DETECTOR,
    echo_leak.DETECTOR,
    self_hearing_loop.DETECTOR,
    false_start.DETECTOR,
    early_endpoint.DETECTOR,
    slow_turn.DETECTOR,
)
# An echo and what it brings with it.
ABOUT_ECHO: tuple[Detector, ...] = (echo_leak.DETECTOR, self_hearing_loop.DETECTOR, false_start.DETECTOR)
# What a player's cushion has to do with.
ABOUT_STARVATION: tuple[Detector, ...] = (bad_pacing.DETECTOR, starved_playback.DETECTOR)
