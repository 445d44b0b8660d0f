"""What happened: the hall where sound that came in meets judgement.

Everything here is immutable and lazy, and nothing here judges: tracks are read in blocks, the wire is read anew each
time it is iterated.
"""

from voicediag.session.builder import SessionBuilder
from voicediag.session.capture_log import CaptureLog, Flag
from voicediag.session.chunks import Chunks
from voicediag.session.clock import Clock, seconds
from voicediag.session.events import Arrival, AudioRef, Cue, Mark, PlaybackEvent, Problem, Turn, WireEvent
from voicediag.session.session import Session
from voicediag.session.slips import Breaches, Rule, Slip
from voicediag.session.source import ArraySource, AudioSource, Samples
from voicediag.session.track import TRACK_NAMES, Role, Track, TrackName, track_name
from voicediag.session.usage import Tally, Tokens, Usage

__all__ = [
    "TRACK_NAMES",
    "ArraySource",
    "Arrival",
    "AudioRef",
    "AudioSource",
    "Breaches",
    "CaptureLog",
    "Chunks",
    "Clock",
    "Cue",
    "Flag",
    "Mark",
    "PlaybackEvent",
    "Problem",
    "Role",
    "Rule",
    "Samples",
    "Session",
    "SessionBuilder",
    "Slip",
    "Tally",
    "Tokens",
    "Track",
    "TrackName",
    "Turn",
    "Usage",
    "WireEvent",
    "seconds",
    "track_name",
]
