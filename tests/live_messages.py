"""Messages as they pass on the wire of OpenAI Realtime, and the moments at which they pass."""

import base64
import json

import numpy as np

from voicediag.live.recorder import Moment

SOUND = (np.arange(-2_400, 2_400) % 997).astype("<i2").tobytes()


def append(sound=SOUND):
    """Return what an app sends."""
    return json.dumps({"type": "input_audio_buffer.append", "audio": base64.b64encode(sound).decode()})


def delta(sound=SOUND):
    """Return what the provider sends."""
    return json.dumps({"type": "response.output_audio.delta", "delta": base64.b64encode(sound).decode()})


def at(seconds):
    """Return a moment of the session."""
    return Moment(round(seconds * 1e9), 1_795_000_000_000_000_000 + round(seconds * 1e9))
