"""The way an echo takes, tap by tap: its first arrival, its tail, and how much of the echo it explains.

What is measured
    The impulse response from loudspeaker to microphone; the energy of its early and of its late reflections over that
    of the direct sound; and, for each quarter of a second, how well the far end sent through it fits the microphone.
Formula
    H = sum(w M S*) / sum(w |S|^2) over frames of `FRAME_S`, each frame and band weighted by one over what the last H
    left unexplained there (iteratively reweighted least squares: Holland and Welsch, Communications in Statistics
    A6(9), 1977), so that a talker over the echo counts little. A window's fit is the squared correlation of microphone
    and prediction; `clearest` is the 90th percentile, since a user who talks over the echo leaves a tenth of it alone.
Conventions
    float32 samples of one rate, shape (frames,), beginning together; a positive lag means that the microphone is later.
    dB over the energy within `DIRECT_S` of the highest tap. The energy per tap in front of it, where a response has
    none, is the noise: it is taken off the tails, and says how weak a tail would have been seen.
Differences from other tools
    Plain least squares spreads a talker over all taps. A fit by correlation does not mind a gain that a gate or an AGC
    moves, but does mind what a canceller leaves.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from voicediag.measure._filters import Samples
from voicediag.measure.single_talk import moved

FRAME_S = 0.512
HOPS_A_FRAME = 4
LEAST_FRAMES = 8
BEFORE_S = 0.1
# A room's response is longer; what comes later than this lies below what is measured here.
REACH_S = 0.3
DIRECT_S = 0.0015
NOISE_S = (-0.080, -0.005)
LEAST_NOISE_S = 0.02
# A hybrid's response ends within 16 ms (the path models of ITU-T G.168, annex D), a room's does not.
EARLY_S = (0.003, 0.016)
LATE_S = (0.020, 0.080)
BAND_HZ = (150.0, 7_000.0)
NYQUIST_SHARE = 0.9
BAND_BINS = 64
ROUNDS = 3
# What counts no more however well it fits: beside all of the band's power in the first round, and in the others.
FIRST_FLOOR = 0.1
FLOOR = 0.02
SPOKEN_SHARE = 1e-3
# Where the far end has nothing at all, the click at the edge of a lost buffer would pass for an infinite response.
PRESENT_SHARE = 1e-6
WINDOW_S = 0.25
LOUD_SHARE = 0.03
CLEAREST_PERCENTILE = 90.0
# The usual place of an arrival: where the response first comes to half of its peak.
ARRIVAL_SHARE = 0.5
TINY = 1e-12

Taps = NDArray[np.float64]
Spectra = NDArray[np.complex64]


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoResponse:
    """What the way of an echo looks like.

    Attributes
    ----------
    arrival_s : float
        When its first arrival comes, after the far end.
    early_db, late_db : float or None
        Energy from 3 to 16 ms, and from 20 to 80 ms after the highest tap; None where it drowns in the noise.
    early_noise_db, late_noise_db : float
        The same of the noise: a weaker tail is not seen.
    clearest : float
        How well the clearest tenth of the echo fits, 0 to 1.
    taps : float64, shape (frames,)
        From `BEFORE_S` before the lag on.
    """

    arrival_s: float
    early_db: float | None
    late_db: float | None
    early_noise_db: float
    late_noise_db: float
    clearest: float
    taps: Taps = field(repr=False)


def echo_response(mic: Samples, speaker: Samples, *, rate_hz: int, lag_s: float) -> EchoResponse | None:
    """Return the way of an echo; None with too little of the far end, or where its peak is not near the lag.

    Parameters
    ----------
    mic, speaker : float32, shape (frames,)
        Half a minute is plenty.
    rate_hz : int
    lag_s : float
        How much later the microphone repeats the speaker.
    """
    frames = min(mic.size, speaker.size)
    ear, mouth = moved(mic[:frames], -round(lag_s * rate_hz)), speaker[:frames]
    taps = _taps(ear, mouth, rate_hz)
    if taps is None or not taps.any():
        return None
    energy = taps**2
    peak = int(energy.argmax())

    def within(span_s: tuple[float, float]) -> Taps:
        return energy[max(0, peak + round(span_s[0] * rate_hz)) : max(0, peak + round(span_s[1] * rate_hz))]

    before, direct = within(NOISE_S), float(within((-DIRECT_S, DIRECT_S)).sum())
    if before.size < LEAST_NOISE_S * rate_hz:
        return None
    noise = float(before.mean())
    early, late = (within(span_s) for span_s in (EARLY_S, LATE_S))
    arrival = int(np.flatnonzero(np.abs(taps) >= ARRIVAL_SHARE * np.abs(taps).max())[0])
    return EchoResponse(
        arrival_s=arrival / rate_hz - BEFORE_S + lag_s,
        early_db=_tail_db(early, noise, direct),
        late_db=_tail_db(late, noise, direct),
        early_noise_db=_db(noise * early.size, direct),
        late_noise_db=_db(noise * late.size, direct),
        clearest=_clearest(ear, mouth, taps, rate_hz),
        taps=taps,
    )


def _tail_db(tail: Taps, noise: float, direct: float) -> float | None:
    above = float(tail.sum()) - noise * tail.size
    return _db(above, direct) if above > noise * tail.size / 10 else None


def _db(energy: float, over: float) -> float:
    return 10 * float(np.log10(max(energy, TINY * over) / over))


def _taps(mic: Samples, speaker: Samples, rate_hz: int) -> Taps | None:
    """Return the response from speaker to microphone; None with too little of the far end."""
    size = round(FRAME_S * rate_hz)
    if mic.size < size:
        return None
    ears, mouths = (_spectra(sound, size) for sound in (mic, speaker))
    said = (np.abs(mouths) ** 2).mean(axis=1)
    spoken = said > np.percentile(said, 95) * SPOKEN_SHARE
    if np.count_nonzero(spoken) < LEAST_FRAMES:
        return None
    hertz = np.fft.rfftfreq(size, 1 / rate_hz)
    spectrum = (np.abs(mouths[spoken]) ** 2).mean(axis=0)
    heard = (hertz >= BAND_HZ[0]) & (hertz <= min(BAND_HZ[1], NYQUIST_SHARE * rate_hz / 2))
    heard &= spectrum > PRESENT_SHARE * np.percentile(spectrum, CLEAREST_PERCENTILE)
    response = np.fft.irfft(_path(ears[spoken], mouths[spoken]) * heard, size)
    before, reach = (round(seconds * rate_hz) for seconds in (BEFORE_S, REACH_S))
    return np.concatenate((response[-before:], response[:reach]))


def _spectra(sound: Samples, size: int) -> Spectra:
    frames = np.lib.stride_tricks.sliding_window_view(sound, size)[:: size // HOPS_A_FRAME]
    return np.fft.rfft(frames * np.hanning(size).astype(np.float32)).astype(np.complex64)


def _path(ears: Spectra, mouths: Spectra) -> NDArray[np.complex128]:
    """Return the transfer function over frames, shape (bins,)."""
    all_of_it = _in_bands(np.abs(ears) ** 2)
    power, cross = np.abs(mouths) ** 2, ears * np.conj(mouths)
    left, floor = all_of_it, FIRST_FLOOR * all_of_it.mean(axis=0)
    path = np.zeros(ears.shape[1], np.complex128)
    for _ in range(ROUNDS):
        weight = 1 / (left + floor + TINY)
        far = (weight * power).sum(axis=0, dtype=np.float64)
        path = (weight * cross).sum(axis=0, dtype=np.complex128) / (far + 1e-3 * np.median(far) + TINY)
        left = _in_bands(np.abs(ears - path.astype(np.complex64) * mouths) ** 2)
        floor = FLOOR * all_of_it.mean(axis=0)
    return path


def _in_bands(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the power of frames, shape (frames, bins), each bin as the mean of the band around it."""
    edges = np.arange(0, power.shape[1], BAND_BINS)
    means = np.add.reduceat(power, edges, axis=1) / np.diff(np.append(edges, power.shape[1]))
    return np.repeat(means, BAND_BINS, axis=1)[:, : power.shape[1]].astype(np.float32)


def _clearest(mic: Samples, speaker: Samples, taps: Taps, rate_hz: int) -> float:
    """Return the fit of the windows that fit best, among those in which there is an echo to be expected."""
    size, before = mic.size + taps.size, round(BEFORE_S * rate_hz)
    told = np.fft.irfft(np.fft.rfft(speaker, size) * np.fft.rfft(taps, size), size)[before : before + mic.size]
    hertz = np.fft.rfftfreq(mic.size, 1 / rate_hz)
    heard = np.fft.rfft(mic)
    heard[(hertz < BAND_HZ[0]) | (hertz > min(BAND_HZ[1], NYQUIST_SHARE * rate_hz / 2))] = 0
    width = round(WINDOW_S * rate_hz)
    whole = mic.size // width * width
    there, due = (sound[:whole].reshape(-1, width) for sound in (np.fft.irfft(heard, mic.size), told))
    due_power = (due**2).sum(axis=1)
    fit = (there * due).sum(axis=1) ** 2 / (due_power * (there**2).sum(axis=1) + TINY)
    loud = due_power > LOUD_SHARE * np.percentile(due_power, CLEAREST_PERCENTILE)
    return float(np.percentile(fit[loud], CLEAREST_PERCENTILE)) if loud.any() else 0.0
