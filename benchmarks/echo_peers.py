"""Other people's ways to find an echo, for ``benchmarks.echo``: each gives a score and a delay."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
from scipy.signal import correlate

from benchmarks.echo_material import RATE_HZ
from voicediag.measure.delay import EARLIEST_S, LATEST_S, DelayMeter
from voicediag.session import Samples

Answer: TypeAlias = tuple[float, float]
Method: TypeAlias = Callable[[Samples, Samples], Answer]
BAND_HZ = (300.0, 5_000.0)
FRAME = RATE_HZ // 100
LAGS = 650


def ours(mic: Samples, far: Samples) -> Answer:
    """Return the strongest group of `voicediag.measure.delay`."""
    meter = DelayMeter(RATE_HZ, RATE_HZ)
    meter.push(mic, far)
    best = max(meter.result(), key=lambda group: group.strength, default=None)
    return (best.strength, best.lag_s) if best else (0.0, 0.0)


def naive(mic: Samples, far: Samples) -> Answer:
    """Return the peak of the whole correlation, over the product of the norms."""
    curve = np.abs(correlate(mic, far, method="fft"))
    peak = int(curve.argmax())
    return float(curve[peak] / (np.linalg.norm(mic) * np.linalg.norm(far) + 1e-12)), (peak - far.size + 1) / RATE_HZ


def gcc_phat(mic: Samples, far: Samples) -> Answer:
    """Return the peak of one generalised cross-correlation with phase transform, over its median."""
    size = 1 << int(np.ceil(np.log2(mic.size + far.size)))
    cross = np.fft.rfft(mic, size) * np.conj(np.fft.rfft(far, size))
    hz, power = np.fft.rfftfreq(size, 1 / RATE_HZ), np.abs(cross)
    cross = np.where((hz > BAND_HZ[0]) & (hz < BAND_HZ[1]), cross / (power + 1e-3 * power.mean() + 1e-20), 0)
    early, late = round(-EARLIEST_S * RATE_HZ), round(LATEST_S * RATE_HZ)
    curve = np.fft.irfft(cross)
    curve = np.abs(np.concatenate((curve[-early:], curve[:late])))
    peak = int(curve.argmax())
    return float(curve[peak] / (np.median(curve) + 1e-20)), (peak - early) / RATE_HZ


def residual_echo_detector(mic: Samples, far: Samples) -> Answer:
    """Return the echo likelihood of WebRTC's residual echo detector, which sees powers of 10 ms only.

    Its own: exponential means with weight 0.001, normalised covariances of the capture power with 650 past render
    powers, the largest of them, and the largest of the last ten seconds.
    """
    frames = min(mic.size, far.size) // FRAME
    ears, mouths = (np.square(track[: frames * FRAME].reshape(-1, FRAME)).mean(axis=1) for track in (mic, far))
    past = np.zeros(LAGS)
    weight = 0.001
    ear_mean = ear_square = 0.0
    means, squares, products = np.zeros(LAGS), np.zeros(LAGS), np.zeros(LAGS)
    best, where = 0.0, 0
    for ear, mouth in zip(ears, mouths, strict=True):
        past = np.concatenate(([mouth], past[:-1]))
        ear_mean += weight * (ear - ear_mean)
        ear_square += weight * (ear * ear - ear_square)
        means += weight * (past - means)
        squares += weight * (past * past - squares)
        products += weight * (ear * past - products)
        spread = np.sqrt(max(ear_square - ear_mean**2, 0.0) * np.maximum(squares - means**2, 0.0))
        likelihood = (products - ear_mean * means) / (spread + 1e-10)
        if likelihood.max() > best:
            best, where = float(likelihood.max()), int(likelihood.argmax())
    return best, where / 100


def audio_offset_finder(mic: Samples, far: Samples) -> Answer:
    """Return the standard score of audio-offset-finder, and its offset."""
    from audio_offset_finder.audio_offset_finder import find_offset_between_buffers

    try:
        found = find_offset_between_buffers(mic, far, RATE_HZ)
    except Exception:  # noqa: BLE001 - it has errors of its own for what is too short or silent: that is no answer
        return 0.0, 0.0
    return float(found["standard_score"]), float(found["time_offset"])


def syncstart(mic: Samples, far: Samples) -> Answer:
    """Return the correlation of syncstart over the product of the norms, and its offset; without its ffmpeg."""
    from syncstart import corrabs

    _, _, size, peak, curve = corrabs(mic, far)
    score = float(curve[peak] / (np.linalg.norm(mic) * np.linalg.norm(far) + 1e-12))
    return score, (peak - size if peak > size // 2 else peak) / RATE_HZ


OPTIONAL: Mapping[str, tuple[str, Method]] = {
    "audio-offset-finder": ("audio_offset_finder", audio_offset_finder),
    "syncstart": ("syncstart", syncstart),
}


def absent() -> str:
    """Return which of the others are not installed, in words."""
    missing = [name for name, (module, _) in OPTIONAL.items() if not importlib.util.find_spec(module)]
    return f"not installed: {', '.join(missing)}" if missing else ""


def methods() -> Mapping[str, Method]:
    """Return what is installed."""
    known: dict[str, Method] = {
        "voicediag": ours,
        "correlation": naive,
        "GCC-PHAT": gcc_phat,
        "WebRTC residual echo detector": residual_echo_detector,
    }
    installed = {name: ask for name, (module, ask) in OPTIONAL.items() if importlib.util.find_spec(module)}
    return known | installed
