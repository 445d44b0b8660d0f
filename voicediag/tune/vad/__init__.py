"""What the VADs of services would have reported, simulated: `settings` names them, `machine` is what they share.

What stands in for what a service does not say is in each settings' `assumed`.
"""

from voicediag.tune.vad.bands import Band, bands
from voicediag.tune.vad.events import Event, Events, simulated, swept
from voicediag.tune.vad.gemini import ActivityDetection
from voicediag.tune.vad.openai import ServerVad
from voicediag.tune.vad.replay import Replay, replayed
from voicediag.tune.vad.settings import Settings, VadName, settings_for
from voicediag.tune.vad.silero import VadIterator

__all__ = [
    "ActivityDetection",
    "Band",
    "Event",
    "Events",
    "Replay",
    "ServerVad",
    "Settings",
    "VadIterator",
    "VadName",
    "bands",
    "replayed",
    "settings_for",
    "simulated",
    "swept",
]
