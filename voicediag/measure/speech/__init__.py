"""Where somebody speaks, offline: a reference to hold the detectors of a call against.

`listening` says what it does and how; the rest of the folder is its parts.
"""

from voicediag.measure.speech.in_call import InCall, in_call
from voicediag.measure.speech.listening import ENGINES, EngineName, Speech, SpeechMeter, speech

__all__ = ["ENGINES", "EngineName", "InCall", "Speech", "SpeechMeter", "in_call", "speech"]
