"""What a resampler is fed with, found by handing it a tone as each type of sample."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from voicediag.errors import InputError
from voicediag.limits import Limit
from voicediag.resampling.sample_types import INT16, SampleType
from voicediag.resampling.target import Target
from voicediag.resampling.tones import Array

PROBE_S, PROBE_HZ = 0.5, 1_000
MUCH_CLEANER = Limit(
    20.0, "dB", "house rule: more than types differ by in what takes both, less than floats lose to whole numbers"
)
CLEAN_ENOUGH = Limit(30.0, "dB", "house rule: above it every type is taken for understood, and the first one is kept")


def probed(target: Target, *, sample_type: SampleType | None = None) -> Target:
    """Return the target with what it is fed with, found by handing it a tone as each type.

    Floats are tried first: what takes them is judged without the noise of 16 bits. A type that comes back far cleaner
    wins nevertheless: one that rounds floats to whole numbers was made for integers.

    Raises
    ------
    InputError
        Where it raises whatever it is fed with.
    """
    rate = target.rates.in_hz
    tone = 0.5 * np.sin(2 * np.pi * PROBE_HZ / rate * np.arange(round(PROBE_S * rate)))
    found: list[tuple[float, Target]] = []
    said = ""
    for kind in [sample_type] if sample_type else list(SampleType):
        tried = replace(target, sample_type=kind)
        try:
            out = tried.whole(tone)
        except InputError as error:
            said = said or error.got
            continue
        if out.size and kind.is_integer and np.max(np.abs(out)) > 4:
            tried, out = replace(tried, scale=INT16), out / INT16
        found.append((_cleanness_db(out, target.rates.out_hz), tried))
    if not found:
        raise InputError(
            expected=f"a resampler that takes samples as {', '.join([sample_type] if sample_type else SampleType)}",
            got=said or "nothing",
            likely="it takes more than samples; hand over lambda samples: ...",
        )
    best = max(cleanness for cleanness, _ in found)
    return next(
        tried for cleanness, tried in found if cleanness >= best - MUCH_CLEANER.value or cleanness > CLEAN_ENOUGH.value
    )


def _cleanness_db(out: Array, rate_hz: int) -> float:
    """Return how much of what came back is a tone of the right frequency and of a likely level."""
    middle = out[out.size // 5 : -out.size // 5 or None]
    if middle.size < rate_hz // 20 or not np.all(np.isfinite(middle)):
        return -100.0
    windowed = middle * np.hanning(middle.size)
    power = np.square(np.abs(np.fft.rfft(windowed)))
    at = round(PROBE_HZ * middle.size / rate_hz)
    near = float(np.sum(power[max(0, at - 4) : at + 5]))
    level = np.sqrt(2 * np.mean(np.square(middle)))
    if not 0.01 < level < 4:
        return -100.0
    return float(10 * np.log10((near + 1e-30) / (np.sum(power) - near + 1e-30)))
