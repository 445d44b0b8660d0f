"""Faults of known size at known spans.

Each injector takes sound and gives back an `Injected`: a new array and the truth. The array that came in is never
touched. Spans are in seconds from the first frame; a fault reaches from the frame nearest to the span's start up to,
not including, the one nearest to its end.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from voicediag.errors import InputError
from voicediag.spans import Span

if TYPE_CHECKING:
    from collections.abc import Mapping

    from voicediag.signals.tones import Samples

FRAME_S = 0.02
FULL_SCALE = 32_768
LARGEST = (FULL_SCALE - 1) / FULL_SCALE


@dataclass(frozen=True, slots=True, kw_only=True)
class Injected:
    """Sound with a fault in it, and the truth about the fault.

    Attributes
    ----------
    samples : float32, (frames,)
    spans : tuple of Span
        Where the fault is, in order, on the time of `samples`; where frames were cut the seams, which last no time.
    sizes : mapping of str to float
        How large it is; units end the names.
    """

    samples: Samples
    spans: tuple[Span, ...]
    sizes: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


def gain(samples: Samples, *, rate_hz: int, within: Span, gain_db: float) -> Injected:
    """Return `samples` made louder or softer by `gain_db` within a span; nothing is clipped."""
    changed, (start, end) = _opened(samples, rate_hz, within)
    changed[start:end] *= np.float32(10 ** (gain_db / 20))
    return Injected(samples=changed, spans=(within,), sizes={"gain_db": gain_db})


def clip(samples: Samples, *, rate_hz: int, within: Span, gain_db: float) -> Injected:
    """Return `samples` driven by `gain_db` into the rails of a 16-bit converter.

    The sizes count the samples that lay beyond the rails: ``clipped_samples``.
    """
    driven = gain(samples, rate_hz=rate_hz, within=within, gain_db=gain_db)
    held = np.clip(driven.samples, -1.0, LARGEST).astype(np.float32)
    beyond = int(np.count_nonzero(held != driven.samples))
    return Injected(samples=held, spans=driven.spans, sizes={"gain_db": gain_db, "clipped_samples": beyond})


def wrap(samples: Samples, *, rate_hz: int, within: Span, gain_db: float) -> Injected:
    """Return `samples` driven by `gain_db` and cast to int16 without saturation: what lies above comes out below.

    The sizes count the samples that wrapped: ``wrapped_samples``.
    """
    driven = gain(samples, rate_hz=rate_hz, within=within, gain_db=gain_db)
    codes = np.round(driven.samples.astype(np.float64) * FULL_SCALE)
    kept = (codes + FULL_SCALE) % (2 * FULL_SCALE) - FULL_SCALE
    start, end = _range(samples, rate_hz, within)
    changed = driven.samples
    changed[start:end] = (kept[start:end] / FULL_SCALE).astype(np.float32)
    wrapped = int(np.count_nonzero(kept[start:end] != codes[start:end]))
    return Injected(samples=changed, spans=driven.spans, sizes={"gain_db": gain_db, "wrapped_samples": wrapped})


def silence(samples: Samples, *, rate_hz: int, within: Span) -> Injected:
    """Return `samples` with digital silence in the span, as a muted virtual device gives it."""
    changed, (start, end) = _opened(samples, rate_hz, within)
    changed[start:end] = 0
    return Injected(samples=changed, spans=(within,), sizes={"silence_s": within.duration_s, "peak": 0.0})


def hiss(samples: Samples, *, rate_hz: int, within: Span, peak: float, seed: int) -> Injected:
    """Return `samples` with Gaussian hiss in place of the span, whose largest sample is exactly `peak`.

    Such a track looks healthy to whoever only asks whether bytes flow: 18 / 32768 has been seen from a model's
    audio while its transcript spoke.
    """
    changed, (start, end) = _opened(samples, rate_hz, within)
    sound = np.random.default_rng(seed).standard_normal(end - start)
    if sound.size:
        sound *= peak / np.max(np.abs(sound))
    changed[start:end] = sound
    return Injected(samples=changed, spans=(within,), sizes={"silence_s": within.duration_s, "peak": peak})


def zero_frames(
    samples: Samples, *, rate_hz: int, within: Span, per_second: float, seed: int, frame_s: float = FRAME_S
) -> Injected:
    """Return `samples` with frames lost and filled with zeros: the timing holds, the sound has holes."""
    changed = samples.copy()
    slots = _slots(samples, rate_hz, within, per_second=per_second, seed=seed, frame_s=frame_s)
    for start, end in slots:
        changed[start:end] = 0
    return Injected(samples=changed, spans=_spans(slots, rate_hz), sizes=_gap_sizes(slots, rate_hz))


def cut_frames(
    samples: Samples, *, rate_hz: int, within: Span, per_second: float, seed: int, frame_s: float = FRAME_S
) -> Injected:
    """Return `samples` with frames lost and the gap closed up: everything later comes earlier.

    The spans are the seams in the shortened sound and last no time.
    """
    slots = _slots(samples, rate_hz, within, per_second=per_second, seed=seed, frame_s=frame_s)
    keep = np.ones(samples.size, dtype=np.bool_)
    seams, lost = [], 0
    for start, end in slots:
        keep[start:end] = False
        seams.append((start - lost, start - lost))
        lost += end - start
    return Injected(samples=samples[keep], spans=_spans(seams, rate_hz), sizes=_gap_sizes(slots, rate_hz))


def repeat_frames(
    samples: Samples, *, rate_hz: int, within: Span, per_second: float, seed: int, frame_s: float = FRAME_S
) -> Injected:
    """Return `samples` with frames that were overwritten by a copy of the frame before: the timing holds.

    The spans are those of the copies.
    """
    changed = samples.copy()
    slots = _slots(samples, rate_hz, within, per_second=per_second, seed=seed, frame_s=frame_s)
    for start, end in slots:
        changed[start:end] = samples[2 * start - end : start]
    total = sum(end - start for start, end in slots) / rate_hz
    return Injected(
        samples=changed, spans=_spans(slots, rate_hz), sizes={"duplicated": len(slots), "duplicated_total_s": total}
    )


def _slots(
    samples: Samples, rate_hz: int, within: Span, *, per_second: float, seed: int, frame_s: float
) -> list[tuple[int, int]]:
    """Return frame ranges on the grid of `frame_s`, none beside another and none the first, in order.

    Raises
    ------
    InputError
        Where so many do not fit.
    """
    start, end = _range(samples, rate_hz, within)
    size = round(frame_s * rate_hz)
    first, last = max(1, -(-start // size)), end // size
    wanted = round(per_second * within.duration_s)
    # Choosing among pairs of grid places and taking one of each pair keeps any two apart.
    pairs = max(0, last - first) // 2
    if wanted > pairs:
        raise InputError(
            expected=f"at most {pairs} frames of {frame_s:g} s in {within.duration_s:g} s",
            got=f"{wanted}",
            likely="the rate of the fault is per second, not per frame",
        )
    chosen = np.sort(np.random.default_rng(seed).choice(pairs, size=wanted, replace=False))
    return [((first + 2 * int(pair)) * size, (first + 2 * int(pair) + 1) * size) for pair in chosen]


def _range(samples: Samples, rate_hz: int, within: Span) -> tuple[int, int]:
    """Return the frame range of a span, within the sound there is."""
    start, end = (min(samples.size, max(0, round(edge * rate_hz))) for edge in (within.start_s, within.end_s))
    return start, end


def _opened(samples: Samples, rate_hz: int, within: Span) -> tuple[Samples, tuple[int, int]]:
    """Return a copy to write into and the frame range of the span."""
    return samples.copy(), _range(samples, rate_hz, within)


def _spans(slots: list[tuple[int, int]], rate_hz: int) -> tuple[Span, ...]:
    return tuple(Span(start / rate_hz, end / rate_hz) for start, end in slots)


def _gap_sizes(slots: list[tuple[int, int]], rate_hz: int) -> dict[str, float]:
    return {"gaps": len(slots), "gap_total_s": sum(end - start for start, end in slots) / rate_hz}
