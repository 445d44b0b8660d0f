"""Faults for a whole scene or a part of it, as the stage hands them over: sound, rate and where things lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from recipe.sound import as_16_bit, resampled
from voicediag import signals
from voicediag.signals import Injected
from voicediag.spans import Span

if TYPE_CHECKING:
    from recipe.script import Damage, Moments
    from recipe.sound import Samples


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


def chunks_alone(device_hz: int, chunk_ms: float) -> Damage:
    """A device at `device_hz` whose chunks are resampled each for itself, by a good resampler."""

    def damage(x: Samples, rate_hz: int, at: Moments) -> Injected:
        whole = resampled(x, rate_hz, device_hz)
        size = round(device_hz * chunk_ms / 1_000)
        parts = [resampled(whole[start : start + size], device_hz, rate_hz) for start in range(0, whole.size, size)]
        made = np.resize(np.concatenate(parts), x.size)
        return Injected(samples=as_16_bit(made), spans=at.user, sizes={"chunk_ms": chunk_ms, "device_hz": device_hz})

    return damage


def straight_lines(made_hz: int) -> Damage:
    """A voice at `made_hz` that is brought to the track's rate by straight lines between its samples."""

    def damage(x: Samples, rate_hz: int, at: Moments) -> Injected:
        low = resampled(x, rate_hz, made_hz)
        made = np.interp(np.arange(x.size) * (made_hz / rate_hz), np.arange(low.size), low).astype(np.float32)
        return Injected(samples=made, spans=(Span(0, at.duration_s),), sizes={"from_hz": made_hz, "to_hz": rate_hz})

    return damage
