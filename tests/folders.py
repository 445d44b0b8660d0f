"""A recorded session as the recorder would write it, and its folder in the hands of somebody who breaks it."""

import json

import numpy as np

from voicediag.formats import session_folder
from voicediag.session import ArraySource, AudioRef, Clock, Session, Track, WireEvent

UP_HZ, DOWN_HZ = 16_000, 24_000
NS = 10**9


def sound(rng, frames, *, bits=15):
    return (rng.integers(-(1 << bits), 1 << bits, frames) / (1 << bits)).astype(np.float32)


def event(number, t_s, direction, message, audio=None, *, wall=True):
    return WireEvent(
        t_ns=round(t_s * NS),
        wall_ns=1_795_168_800 * NS + number if wall else None,
        direction=direction,
        sequence=number,
        kind=next(iter(message)),
        message=message,
        audio=audio,
    )


def ref(track, frame, frames):
    return AudioRef(track=track, frame=frame, frames=frames)


def said(text):
    return {"serverContent": {"outputTranscription": {"text": text}}}


CHUNK = {"realtimeInput": {"audio": {"data": "", "mimeType": "audio/pcm;rate=16000"}}}
REPLY = {"serverContent": {"modelTurn": {"parts": [{"inlineData": {"data": "", "mimeType": "audio/pcm;rate=24000"}}]}}}


def recorded(rng, *, playback=(), encoding="flac"):
    """Four seconds of a user, and two turns of an agent that lie end to end in their file, at 2 s and 10 s in time."""
    tracks = {
        name: Track(
            name=name, source=ArraySource(sound(rng, frames), hz), clock=Clock(learnt_from=learnt), encoding=encoding
        )
        for name, frames, hz, learnt in (
            ("user-captured", 4 * 48_000, 48_000, "declared"),
            ("user-sent", 4 * UP_HZ, UP_HZ, "declared"),
            ("agent-received", 2 * DOWN_HZ, DOWN_HZ, "wire"),
            ("agent-played", 12 * DOWN_HZ, DOWN_HZ, "declared"),
        )
    }
    wire = (
        event(0, 0.0, "up", {"setup": {"model": "models/m", "note": "\ud800 é \u2028"}}),
        event(1, 1.0, "up", CHUNK, ref("user-sent", 0, UP_HZ)),
        event(2, 2.0, "down", REPLY, ref("agent-received", 0, DOWN_HZ)),
        event(3, 2.0, "down", said("One."), wall=False),
        event(4, 3.1, "down", {"serverContent": {"turnComplete": True}}),
        event(5, 10.0, "down", REPLY, ref("agent-received", DOWN_HZ, DOWN_HZ)),
        event(6, 10.0, "down", said("Two.")),
    )
    provenance = {
        "created": "2026-11-20T10:00:00Z",
        "provider": "gemini-live",
        "model": "m",
        "notes": "é",
        "redactions": [],
    }
    return Session(source="call.vds", tracks=tracks, wire=wire, playback=tuple(playback), provenance=provenance)


def whole(track):
    return track.source.read(0, track.frames)


def edited(folder, **changes):
    """The same folder with entries of its manifest changed, or with ... removed."""
    manifest = {**json.loads((folder / "session.json").read_text()), **changes}
    kept = {key: value for key, value in manifest.items() if value is not ...}
    (folder / "session.json").write_text(json.dumps(kept))
    return folder


def entries(folder):
    return json.loads((folder / "session.json").read_text())["tracks"]


def problems(folder):
    return [(problem.where, problem.what) for problem in session_folder.read(folder).problems]
