"""Sound with known truth: what tests, the recipe of `recordings/` and the resampler bench measure against.

Every function makes its sound from closed forms and seeds, and says exactly what it made. Nothing here measures:
a level is exact because the samples were scaled to it. numpy is all it needs.

Arrays are float32, ``(frames,)``, in [-1, 1] unless a fault is meant to leave that range. Levels are in dB re an RMS
of 1.0, so that a sine of full scale has -3.01 dB (not AES17's 0 dBFS).
"""

from voicediag.signals import pacings
from voicediag.signals.faults import (
    FULL_SCALE,
    Injected,
    clip,
    cut_frames,
    gain,
    hiss,
    repeat_frames,
    silence,
    wrap,
    zero_frames,
)
from voicediag.signals.rooms import Leak, energy_ratio_db, impulse_response, leak
from voicediag.signals.speechlike import SpeechLike, speech_like
from voicediag.signals.tones import noise, overload_share, sine, sine_level_db, sweep

__all__ = [
    "FULL_SCALE",
    "Injected",
    "Leak",
    "SpeechLike",
    "clip",
    "cut_frames",
    "energy_ratio_db",
    "gain",
    "hiss",
    "impulse_response",
    "leak",
    "noise",
    "overload_share",
    "pacings",
    "repeat_frames",
    "silence",
    "sine",
    "sine_level_db",
    "speech_like",
    "sweep",
    "wrap",
    "zero_frames",
]
