"""What a tap before says of a gap in the one after it: whether the sound went on where it was.

What is measured
    How much sound of the first tap lies between what the second one holds before a gap and after it: none where it came
    late, as much as the gap is long where it was lost.
Formula
    The `BESIDE_S` before the gap are found in the first tap by normalised cross-correlation; the `BESIDE_S` after it
    are then compared with what follows there, at once and after the length of the gap. The better of the two counts if
    it correlates by `LEAST` and the other one less by `APART`.
Conventions
    float32 samples of one rate, shape (frames,). None where neither fits: another gap is near, or the sound was changed
    on the way.
"""

from __future__ import annotations

import numpy as np

from voicediag.measure._filters import Samples

BESIDE_S = 0.08
LEAST = 0.9
APART = 0.1
# Resamplers and drifting clocks move what follows by a fraction of a millisecond for each gap.
_SLACK_S = 0.002
_QUIET = 1e-9


def is_lost(before: Samples, after: Samples, gap: int, first: Samples, *, rate_hz: int) -> bool | None:
    """Return whether the sound of a gap is missing for good.

    Parameters
    ----------
    before, after : float32, shape (frames,)
        What the second tap holds on both sides of the gap, `BESIDE_S` each.
    gap : int
        Its length in frames.
    first : float32, shape (frames,)
        The first tap around the same time.
    rate_hz : int
    """
    alike = _correlation(first, before)
    if not alike.size or alike.max() < LEAST:
        return None
    end = int(alike.argmax()) + before.size
    slack = max(1, round(_SLACK_S * rate_hz))
    at_once, later = (_best(first, after, end + skipped, slack) for skipped in (0, gap))
    if max(at_once, later) < LEAST or abs(at_once - later) < APART:
        return None
    return later > at_once


def _best(first: Samples, piece: Samples, place: int, slack: int) -> float:
    """Return how well a piece fits near a place; 0 where there is no sound."""
    low = max(0, place - slack)
    alike = _correlation(first[low : place + slack + piece.size], piece)
    return float(alike.max(initial=0.0))


def _correlation(sound: Samples, piece: Samples) -> np.ndarray:
    """Return how alike a piece is to the sound from each place on, -1 to 1."""
    if sound.size < piece.size or not piece.size:
        return np.zeros(0)
    size = 1 << (sound.size + piece.size - 1).bit_length()
    product = np.fft.irfft(np.fft.rfft(sound, size) * np.conj(np.fft.rfft(piece, size)), size)
    power = np.concatenate(([0.0], np.cumsum(sound.astype(np.float64) ** 2)))
    energy = (power[piece.size :] - power[: -piece.size]) * float(np.sum(piece.astype(np.float64) ** 2))
    return np.asarray(product[: sound.size - piece.size + 1] / np.sqrt(np.maximum(energy, _QUIET)))
