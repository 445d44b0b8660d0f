"""Arrays in, numbers out.

Each meter comes twice: as a class that is pushed samples of any number at a time and asked for its `result` at any
time, and as one function over a whole array. Both read the same to the last bit, however the sound was cut.

All take mono float32 in [-1, 1] and a rate in Hz, and return frozen records with units in their names; every limit is
a keyword argument whose default is a named constant with its source. Levels are relative to full-scale DC: a
full-scale sine is -3.01 dBFS and -3.01 dBov. What has no level, such as digital silence, reads None.
"""

from voicediag.measure import activity, echo, speech, two_points, words
from voicediag.measure.active_level import ActiveLevel, ActiveLevelMeter, measure_active_level
from voicediag.measure.clipping import Clipping, ClippingMeter, find_clipping
from voicediag.measure.levels import Level, LevelMeter, level
from voicediag.measure.loudness import Loudness, LoudnessMeter, measure_loudness
from voicediag.measure.noise import Noise, noise_floor, snr_db
from voicediag.measure.repeats import RepeatMeter, Repeats, find_repeats
from voicediag.measure.silence import (
    DropoutMeter,
    Dropouts,
    Silence,
    SilenceMeter,
    find_dropouts,
    find_silence,
)
from voicediag.measure.true_peak import TruePeak, TruePeakMeter, measure_true_peak

__all__ = [
    "ActiveLevel",
    "ActiveLevelMeter",
    "Clipping",
    "ClippingMeter",
    "DropoutMeter",
    "Dropouts",
    "Level",
    "LevelMeter",
    "Loudness",
    "LoudnessMeter",
    "Noise",
    "RepeatMeter",
    "Repeats",
    "Silence",
    "SilenceMeter",
    "TruePeak",
    "TruePeakMeter",
    "activity",
    "echo",
    "find_clipping",
    "find_dropouts",
    "find_repeats",
    "find_silence",
    "level",
    "measure_active_level",
    "measure_loudness",
    "measure_true_peak",
    "noise_floor",
    "snr_db",
    "speech",
    "two_points",
    "words",
]
