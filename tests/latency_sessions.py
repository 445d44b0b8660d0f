"""Sessions whose times are known: bursts of noise for voices, at the seconds that a test names."""

import numpy as np

from voicediag.session import ArraySource, Arrival, Clock, Cue, Mark, Session, Track
from voicediag.spans import Span, SpanSet

RATE_HZ = 16_000


def spans(*pairs):
    return SpanSet(Span(*pair) for pair in pairs)


def bursts(pairs, *, duration_s=30.0, level_db=-24.0, floor_db=-70.0, seed=1):
    """White noise at one level where somebody speaks, and far below it where nobody does."""
    random = np.random.default_rng(seed)
    sound = random.standard_normal(round(duration_s * RATE_HZ)) * 10 ** (floor_db / 20)
    for start_s, end_s in pairs:
        low, high = round(start_s * RATE_HZ), round(end_s * RATE_HZ)
        sound[low:high] = random.standard_normal(high - low) * 10 ** (level_db / 20)
    return sound.astype(np.float32)


def came(first_s, start_s, end_s, *, last_s=None):
    """Sound that came down at `first_s` and was heard from `start_s` to `end_s`."""
    return Arrival(first_s=first_s, last_s=last_s or first_s, span=Span(start_s, end_s))


def stop(at_s):
    return Cue(kind="speech-stopped", at_s=at_s)


def mark(kind, at_s, **facts):
    return Mark(kind=kind, at_s=at_s, message=kind, **facts)


def session(**fields):
    return Session(source="test", tracks=fields.pop("tracks", {}), **fields)


def sounding(user, agent, **fields):
    """A session with both voices as sound."""
    made = {"user-sent": bursts(user, seed=1), "agent-played": bursts(agent, seed=2)}
    tracks = {
        name: Track(name=name, source=ArraySource(sound, RATE_HZ), clock=Clock(learnt_from="test"))
        for name, sound in made.items()
    }
    return session(tracks=tracks, **fields)
