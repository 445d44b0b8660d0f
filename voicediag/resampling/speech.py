"""What a resampler does to a voice, in the figures that speech engineers know: PESQ, STOI, log-spectral distance.

All three compare with the voice through soxr VHQ. PESQ and STOI are libraries of their own; without them only the
distance is told.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from voicediag.resampling.stems import Stems, in_place
from voicediag.resampling.tones import Array

RATE_HZ = 16_000
EXTRA = "pip install 'voicediag[speech-quality]'"
FRAME, STEP = 512, 256
# Frames that are softer than the loudest by more than this are pauses; bins softer than the loudest are noise.
PAUSE_DB, DEPTH_DB = 40.0, 70.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechQuality:
    """How far a voice is from the same voice through the best resampler.

    Attributes
    ----------
    pesq_wb : float or None
        ITU-T P.862.2, MOS-LQO: 4.64 is no difference. None where it could not be told.
    stoi : float or None
        Short-time objective intelligibility; 1 is no difference. None where it could not be told.
    log_spectral_distance_db : float
        Over all of the output's band: it sees what lies above 8 kHz.
    blind_above_hz : float or None
        Above what PESQ and STOI hear nothing, where the output reaches higher.
    unsaid : tuple of str
        What is missing, and why.
    """

    pesq_wb: float | None
    stoi: float | None
    log_spectral_distance_db: float
    blind_above_hz: float | None
    unsaid: tuple[str, ...]


def heard(stems: Stems, *, live: bool) -> dict[str, SpeechQuality]:
    """Return how far a voice is from the perfect one: ``whole``, and where it is used live in ``chunks`` of 20 ms."""
    found = {"whole": speech_quality(stems.perfect, stems.resampled, stems.rate_hz)}
    if live:
        found["chunks"] = speech_quality(stems.perfect, stems.resampled + stems.cut, stems.rate_hz)
    return found


def speech_quality(perfect: Array, resampled: Array, rate_hz: int) -> SpeechQuality:
    """Return how far a voice is from the perfect one; both at `rate_hz`, a delay between them is found."""
    size = min(perfect.size, resampled.size)
    perfect, resampled = in_place(perfect[:size], np.nan_to_num(resampled[:size]))
    both = [_at_16k(sound, rate_hz) for sound in (perfect, resampled)]
    pesq_wb, no_pesq = _pesq(*both)
    stoi, no_stoi = _stoi(*both)
    return SpeechQuality(
        pesq_wb=pesq_wb,
        stoi=stoi,
        log_spectral_distance_db=log_spectral_distance_db(perfect, resampled),
        blind_above_hz=RATE_HZ / 2 if rate_hz > RATE_HZ else None,
        unsaid=tuple(dict.fromkeys(reason for reason in (no_pesq, no_stoi) if reason)),
    )


def log_spectral_distance_db(perfect: Array, resampled: Array) -> float:
    """Return the distance of two spectra in dB: the root mean square over bins, averaged over the voice's frames.

    Bins that are 70 dB below the loudest of the clip count as if they were as loud as that.
    """
    powers = [_powers(sound) for sound in (perfect, resampled)]
    top = float(np.max(powers[0], initial=0.0))
    if not top:
        return 0.0
    loud = powers[0].sum(axis=1)
    voiced = loud > loud.max() * 10 ** (-PAUSE_DB / 10)
    floor = top * 10 ** (-DEPTH_DB / 10)
    wanted, got = (10 * np.log10(np.maximum(power[voiced], floor)) for power in powers)
    return float(np.mean(np.sqrt(np.mean(np.square(wanted - got), axis=1))))


def _powers(sound: Array) -> Array:
    padded = np.append(sound, np.zeros(FRAME))
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::STEP]
    return np.square(np.abs(np.fft.rfft(frames * np.hanning(FRAME), axis=1)))


def _at_16k(sound: Array, rate_hz: int) -> Array:
    import soxr

    return sound if rate_hz == RATE_HZ else np.asarray(soxr.resample(sound, rate_hz, RATE_HZ, "VHQ"))


def _pesq(perfect: Array, resampled: Array) -> tuple[float | None, str]:
    """Return PESQ-WB, or why there is none."""
    try:
        import pesq
    except ImportError:
        return None, f"no PESQ: {EXTRA}"
    try:
        return float(pesq.pesq(RATE_HZ, _single(perfect), _single(resampled), "wb")), ""
    except pesq.PesqError as error:
        return None, f"no PESQ: {type(error).__name__}, the voice is too short or too soft"


def _stoi(perfect: Array, resampled: Array) -> tuple[float | None, str]:
    """Return STOI, or why there is none."""
    try:
        import pystoi
    except ImportError:
        return None, f"no STOI: {EXTRA}"
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        try:
            return float(pystoi.stoi(perfect, resampled, RATE_HZ)), ""
        except (RuntimeWarning, ValueError):
            return None, "no STOI: the voice is too short"


def _single(sound: Array) -> Any:
    return sound.astype(np.float32)
