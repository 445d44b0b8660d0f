"""Small sessions with known truth: speech-like voices over a room's noise, and turns as a provider would write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from voicediag import signals
from voicediag.session import ArraySource, Clock, Samples, Session, Track, TrackName, Turn
from voicediag.spans import Span

RATE_HZ = 16_000
DURATION_S = 20.0
RECORDINGS = Path(__file__).parents[1] / "recordings"


def voice(seed: int, *, level_db: float = -24.0, duration_s: float = DURATION_S) -> Samples:
    """Return speech-like sound over a live room at -66 dBFS."""
    speech = signals.speech_like(duration_s=duration_s, rate_hz=RATE_HZ, level_db=level_db, seed=seed).samples
    return (speech + room(seed + 1_000, duration_s=duration_s)).astype(np.float32)


def room(seed: int, *, level_db: float = -66.0, duration_s: float = DURATION_S) -> Samples:
    """Return a room's noise."""
    return signals.noise(duration_s=duration_s, rate_hz=RATE_HZ, level_db=level_db, seed=seed, exponent=1.0)


def agent_voice(seed: int, *, duration_s: float = DURATION_S) -> Samples:
    """Return speech-like sound over digital silence, as a model sends it."""
    return signals.speech_like(duration_s=duration_s, rate_hz=RATE_HZ, level_db=-24.0, seed=seed).samples


def session_of(tracks: Mapping[TrackName, Samples], *, turns: Sequence[Turn] = (), **fields: Any) -> Session:
    """Return a session of arrays at 16 kHz that begin together."""
    made = {
        name: Track(name=name, source=ArraySource(samples, RATE_HZ), clock=Clock(learnt_from="test"))
        for name, samples in tracks.items()
    }
    return Session(source="test", tracks=made, turns=tuple(turns), **fields)


def turn(role: Any, text: str, start_s: float, end_s: float, *, learnt_from: str = "audio") -> Turn:
    """Return a turn."""
    return Turn(role=role, text=text, span=Span(start_s, end_s), learnt_from=learnt_from)


def held_up(voice, rate_hz, gaps=((3, 0.06), (8, 0.09))):
    """A voice that waits: after so many seconds, where it is loudest in the next two, for so long."""
    pieces, at = [], 0
    for begin_s, gap_s in gaps:
        begin = begin_s * rate_hz
        place = begin + int(np.abs(voice[begin : begin + 2 * rate_hz]).argmax())
        pieces += [voice[at:place], np.zeros(round(gap_s * rate_hz), np.float32)]
        at = place
    return np.concatenate([*pieces, voice[at:]]).astype(np.float32)
