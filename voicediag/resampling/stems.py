"""To hear: a voice through the resampler, and by itself what that added, what it took away and what chunks do.

What a steady filter makes of the voice is fitted out of it, by least squares over short filters: what is left was
added, as aliases, images and noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voicediag.resampling.target import FALL_BACK_S, Target
from voicediag.resampling.tones import Array, db, rms

TAPS = 257
FRAME_S = 0.02
# Frames softer than the loudest by more than this are pauses.
PAUSE_DB = 50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stems:
    """A voice through a resampler, taken apart; all at the output's rate, float64, (frames,).

    Attributes
    ----------
    perfect : array
        The voice through soxr VHQ, in its place.
    resampled : array
        The voice through the resampler.
    filtered : array
        What the gain of the resampler alone would have made of it: droop and no aliases.
    added : array
        The rest: aliases, images and noise.
    cut : array
        What cutting into chunks of 20 ms adds to that.
    louder_s : tuple of float
        When frames of 20 ms begin in which what was added is louder than the voice.
    worst_db : float
        What was added above the voice, in the worst frame.
    """

    rate_hz: int
    perfect: Array
    resampled: Array
    filtered: Array
    added: Array
    cut: Array
    louder_s: tuple[float, ...]
    worst_db: float

    @property
    def sounds(self) -> dict[str, Array]:
        """What there is to hear, by name."""
        return {name: getattr(self, name) for name in ("perfect", "resampled", "filtered", "added", "cut")}


def stems(target: Target, voice: Array) -> Stems:
    """Return a voice, at the input's rate, through a resampler and taken apart."""
    import soxr

    rates = target.rates
    resampled = np.nan_to_num(target.whole(voice))
    perfect = np.asarray(soxr.resample(voice, rates.in_hz, rates.out_hz, "VHQ"), dtype=np.float64)
    size = min(resampled.size, perfect.size)
    perfect, resampled = in_place(perfect[:size], resampled[:size])
    filtered = _filtered(perfect, resampled)
    added = resampled - filtered
    chunks = np.concatenate(target.chunked(voice, round(FALL_BACK_S * rates.in_hz)))[:size]
    cut = np.nan_to_num(np.append(chunks, np.zeros(size - chunks.size))) - resampled
    louder, worst = _louder(perfect, added, rates.out_hz)
    return Stems(
        rate_hz=rates.out_hz,
        perfect=perfect,
        resampled=resampled,
        filtered=filtered,
        added=added,
        cut=cut,
        louder_s=louder,
        worst_db=worst,
    )


def in_place(perfect: Array, resampled: Array) -> tuple[Array, Array]:
    """Return the perfect sound as late as the other one, by whole samples: the fit does the rest."""
    size = 1 << (2 * perfect.size).bit_length()
    match = np.fft.irfft(np.fft.rfft(resampled, size) * np.conj(np.fft.rfft(perfect, size)), size)
    lag = int(np.argmax(np.abs(match[: perfect.size // 2])))
    return np.concatenate([np.zeros(lag), perfect])[: perfect.size], resampled


def _filtered(perfect: Array, resampled: Array) -> Array:
    """Return the perfect sound through the filter that brings it nearest to the other one."""
    from scipy.linalg import solve_toeplitz

    half, size = TAPS // 2, 1 << (2 * perfect.size).bit_length()
    spectrum = np.fft.rfft(perfect, size)
    own = np.fft.irfft(np.abs(spectrum) ** 2, size)[:TAPS]
    cross = np.fft.irfft(np.conj(spectrum) * np.fft.rfft(resampled, size), size)
    if not own[0]:
        return np.zeros_like(perfect)
    # A voice has bands with nothing in them, of which no filter can be learnt.
    own[0] *= 1 + 1e-9
    taps = solve_toeplitz(own, np.concatenate([cross[-half:], cross[: half + 1]]))
    made = np.fft.irfft(spectrum * np.fft.rfft(taps, size), size)
    return np.asarray(made[half : half + perfect.size])


def _louder(perfect: Array, added: Array, rate_hz: int) -> tuple[tuple[float, ...], float]:
    """Return when what was added is louder than the voice, and by how much in the worst frame."""
    frames = round(FRAME_S * rate_hz)
    begins = range(0, perfect.size - frames + 1, frames)
    both = [(rms(perfect[at : at + frames]), rms(added[at : at + frames])) for at in begins]
    loudest = max((max(pair) for pair in both), default=0.0)
    heard = [max(pair) > loudest * 10 ** (-PAUSE_DB / 20) for pair in both]
    above = [db(more / max(voice, 1e-9)) for voice, more in both]
    told = [(at / rate_hz, level) for at, level, is_heard in zip(begins, above, heard, strict=True) if is_heard]
    return tuple(at_s for at_s, level in told if level > 0), max((level for _, level in told), default=-400.0)
