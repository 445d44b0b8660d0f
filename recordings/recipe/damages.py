"""Faults for a whole scene or a part of it, as the stage hands them over: sound, rate and where things lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicediag import signals
from voicediag.spans import Span

if TYPE_CHECKING:
    from recipe.script import Damage


def muted() -> Damage:
    """A virtual device that is muted: digital silence all along."""
    return lambda x, rate_hz, at: signals.silence(x, rate_hz=rate_hz, within=Span(0, at.duration_s))


def hissing(peak: float, seed: int) -> Damage:
    """Hiss of `peak` in place of everything."""
    return lambda x, rate_hz, at: signals.hiss(x, rate_hz=rate_hz, within=Span(0, at.duration_s), peak=peak, seed=seed)


def gained(gain_db: float, *, once_agent_plays: bool = False) -> Damage:
    """A gain from the start, or from the moment when the player opens."""
    return lambda x, rate_hz, at: signals.gain(
        x,
        rate_hz=rate_hz,
        within=Span(at.agent[0].start_s if once_agent_plays else 0, at.duration_s),
        gain_db=gain_db,
    )


def frames_zeroed(per_second: float, seed: int) -> Damage:
    """Capture frames of 20 ms that were lost and filled with zeros."""
    return lambda x, rate_hz, at: signals.zero_frames(
        x, rate_hz=rate_hz, within=Span(0, at.duration_s), per_second=per_second, seed=seed
    )


def frames_repeated(per_second: float, seed: int) -> Damage:
    """Capture frames of 20 ms that hold the frame before once more."""
    return lambda x, rate_hz, at: signals.repeat_frames(
        x, rate_hz=rate_hz, within=Span(0, at.duration_s), per_second=per_second, seed=seed
    )


def buffers_lost(per_second: float, seed: int) -> Damage:
    """Capture buffers of 10 ms that were dropped; what comes after closes up."""
    return lambda x, rate_hz, at: signals.cut_frames(
        x, rate_hz=rate_hz, within=Span(0, at.duration_s), per_second=per_second, seed=seed, frame_s=0.01
    )


def clipped(gain_db: float) -> Damage:
    """A gain into the rails."""
    return lambda x, rate_hz, at: signals.clip(x, rate_hz=rate_hz, within=Span(0, at.duration_s), gain_db=gain_db)


def wrapped(gain_db: float) -> Damage:
    """A gain in integers that do not saturate."""
    return lambda x, rate_hz, at: signals.wrap(x, rate_hz=rate_hz, within=Span(0, at.duration_s), gain_db=gain_db)
