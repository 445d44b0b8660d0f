"""The resamplers that are installed, by name: what `voicediag resampler --all` runs over."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np

from voicediag.errors import InputError
from voicediag.resampling.arguments import Rates
from voicediag.resampling.tones import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A resampler that may be installed.

    Attributes
    ----------
    name : str
    library : str
        What must be installed for it; empty where it is written here.
    make : callable
        Takes the library and the rates; returns what `evaluate` takes.
    """

    name: str
    library: str
    make: Callable[[Any, Rates], Any]

    @property
    def here(self) -> bool:
        """Whether its library can be imported."""
        try:
            return not self.library or importlib.util.find_spec(self.library) is not None
        except ModuleNotFoundError:
            # A part of a package that is not there.
            return False


def installed(name: str, rates: Rates) -> Any:
    """Return a resampler by its name.

    Raises
    ------
    InputError
        Where there is none, or its library is not installed.
    """
    known = {each.name: each for each in KNOWN}
    if name not in known:
        near = [each for each in known if each.startswith(name)] or get_close_matches(name, known)
        raise InputError(
            expected=f"FILE.py:NAME, MODULE:NAME, cmd:..., a WAV file, or one of {', '.join(known)}",
            got=repr(name),
            likely=f"is it {' or '.join(near)}?" if near else None,
        )
    each = known[name]
    if not each.here:
        raise InputError(expected=f"the library {each.library}", got="none", likely=f"pip install {each.library}")
    return each.make(importlib.import_module(each.library) if each.library else None, rates)


def _linear(_library: Any, rates: Rates) -> Any:
    def linear(samples: Array) -> Array:
        places = np.arange(len(samples) * rates.out_hz // rates.in_hz) * (rates.in_hz / rates.out_hz)
        return np.asarray(np.interp(places, np.arange(len(samples)), samples))

    return linear


def _stretched(_library: Any, rates: Rates) -> Any:
    def stretched(samples: Array) -> Array:
        count = len(samples) * rates.out_hz // rates.in_hz
        return np.asarray(np.interp(np.linspace(0, len(samples) - 1, count), np.arange(len(samples)), samples))

    return stretched


class LinearStream:
    """Linear interpolation that knows the last sample of the chunk before, and where between two it stopped."""

    def __init__(self, rate_in_hz: int, rate_out_hz: int) -> None:
        self.rates = (rate_in_hz, rate_out_hz)
        self.last = 0.0
        self.ahead = 0

    def push(self, chunk: Array) -> Array:
        """Return what comes out for a chunk; one sample of the input late."""
        fast, slow = self.rates
        # Places are counted in whole parts of a sample: sums of floats would drift.
        end = len(chunk) * slow
        places = np.arange(self.ahead, end, fast)
        out = np.asarray(np.interp(places / slow, np.arange(len(chunk) + 1), np.concatenate([[self.last], chunk])))
        self.ahead += places.size * fast - end
        self.last = float(chunk[-1]) if len(chunk) else self.last
        return out


def _soxr(quality: str, *, stream: bool, dtype: str = "float64") -> Callable[[Any, Rates], Any]:
    def make(soxr: Any, rates: Rates) -> Any:
        if stream:
            return lambda: soxr.ResampleStream(rates.in_hz, rates.out_hz, 1, dtype=dtype, quality=quality)
        return lambda samples: soxr.resample(samples, rates.in_hz, rates.out_hz, quality)

    return make


def _libsamplerate(converter: str, *, stream: bool) -> Callable[[Any, Rates], Any]:
    def make(samplerate: Any, rates: Rates) -> Any:
        if stream:
            return lambda: samplerate.Resampler(converter)
        return lambda samples: samplerate.resample(samples, rates.out_hz / rates.in_hz, converter)

    return make


def _pyav(kind: str) -> Callable[[Any, Rates], Any]:
    return lambda av, rates: lambda: av.AudioResampler(kind, "mono", rates.out_hz)


def _livekit(quality: str) -> Callable[[Any, Rates], Any]:
    def make(rtc: Any, rates: Rates) -> Any:
        level = getattr(rtc.AudioResamplerQuality, quality)
        return lambda: rtc.AudioResampler(rates.in_hz, rates.out_hz, quality=level)

    return make


def _ratecv(audioop: Any, rates: Rates) -> Any:
    def ratecv(fragment: bytes, state: Any = None) -> Any:
        return audioop.ratecv(fragment, 2, 1, rates.in_hz, rates.out_hz, state)

    return ratecv


def _scipy_poly(signal: Any, _rates: Rates) -> Any:
    return signal.resample_poly


def _scipy_fft(signal: Any, _rates: Rates) -> Any:
    return signal.resample


def _librosa(librosa: Any, rates: Rates) -> Any:
    return lambda samples: librosa.resample(samples, orig_sr=rates.in_hz, target_sr=rates.out_hz)


def _resampy(kind: str) -> Callable[[Any, Rates], Any]:
    return lambda resampy, rates: lambda samples: resampy.resample(samples, rates.in_hz, rates.out_hz, filter=kind)


QUALITIES = ("vhq", "hq", "mq", "lq", "qq")
CONVERTERS = ("best", "medium", "fastest")

KNOWN: tuple[Known, ...] = (
    Known(name="linear", library="", make=_linear),
    Known(name="linear-linspace", library="", make=_stretched),
    Known(name="linear-stream", library="", make=lambda _, rates: lambda: LinearStream(rates.in_hz, rates.out_hz)),
    *(Known(name=f"soxr-{each}", library="soxr", make=_soxr(each.upper(), stream=False)) for each in QUALITIES),
    *(Known(name=f"soxr-{each}-stream", library="soxr", make=_soxr(each.upper(), stream=True)) for each in QUALITIES),
    Known(name="soxr-hq-int16-stream", library="soxr", make=_soxr("HQ", stream=True, dtype="int16")),
    Known(name="scipy-poly", library="scipy.signal", make=_scipy_poly),
    Known(name="scipy-fft", library="scipy.signal", make=_scipy_fft),
    Known(name="librosa", library="librosa", make=_librosa),
    *(
        Known(name=f"samplerate-{each}{'-stream' * stream}", library="samplerate", make=make)
        for each in CONVERTERS
        for stream in (False, True)
        for make in [_libsamplerate(f"sinc_{each}", stream=stream)]
    ),
    Known(name="samplerate-linear-stream", library="samplerate", make=_libsamplerate("linear", stream=True)),
    Known(name="pyav-stream", library="av", make=_pyav("flt")),
    Known(name="pyav-int16-stream", library="av", make=_pyav("s16")),
    Known(name="livekit-quick-stream", library="livekit.rtc", make=_livekit("QUICK")),
    Known(name="livekit-medium-stream", library="livekit.rtc", make=_livekit("MEDIUM")),
    Known(name="audioop-stream", library="audioop", make=_ratecv),
    Known(name="resampy-best", library="resampy", make=_resampy("kaiser_best")),
    Known(name="resampy-fast", library="resampy", make=_resampy("kaiser_fast")),
)
