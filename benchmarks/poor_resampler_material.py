"""Resamplers, good and poor, and codecs for ``benchmarks.poor_resampler``.

`samplerate` and `av` come on top of the extra ``dev``; ffmpeg makes the codecs.
"""

from __future__ import annotations

import math
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import av
import numpy as np
import samplerate
import soundfile
import soxr
from scipy.signal import resample, resample_poly

from voicediag.session import Samples

OneShot = Callable[[Samples, int, int], Samples]
CHUNKS: Final = ("10 ms", "20 ms", "40 ms", "512", "1024")
RANDOM_MOST: Final = 1_024


def _linear(sound: Samples, rate_in: int, rate_out: int) -> Samples:
    at = np.arange(sound.size * rate_out // rate_in) * (rate_in / rate_out)
    return np.interp(at, np.arange(sound.size), sound)


def _stretched(sound: Samples, rate_in: int, rate_out: int) -> Samples:
    at = np.linspace(0, sound.size - 1, max(1, sound.size * rate_out // rate_in))
    return np.interp(at, np.arange(sound.size), sound)


def _hold(sound: Samples, rate_in: int, rate_out: int) -> Samples:
    return sound[np.arange(sound.size * rate_out // rate_in) * rate_in // rate_out]


def _polyphase(sound: Samples, rate_in: int, rate_out: int) -> Samples:
    divisor = math.gcd(rate_in, rate_out)
    return resample_poly(sound, rate_out // divisor, rate_in // divisor)


def _fourier(sound: Samples, rate_in: int, rate_out: int) -> Samples:
    return resample(sound, max(1, round(sound.size * rate_out / rate_in)))


def _averaged(sound: Samples, rate_in: int, rate_out: int) -> Samples:
    step = rate_in // rate_out
    return sound[: sound.size // step * step].reshape(-1, step).mean(axis=1)


def _swr(sound: Samples, rate_in: int, rate_out: int) -> Samples:
    stream = av.AudioResampler(format="flt", layout="mono", rate=rate_out)
    frame = av.AudioFrame.from_ndarray(sound[None].astype(np.float32), format="flt", layout="mono")
    frame.sample_rate = rate_in
    made = [out.to_ndarray()[0] for out in (*stream.resample(frame), *stream.resample(None))]
    return np.concatenate([np.zeros(0, np.float32), *made])


def _soxr(quality: str) -> OneShot:
    return lambda sound, rate_in, rate_out: soxr.resample(sound.astype(np.float32), rate_in, rate_out, quality)


def _src(quality: str) -> OneShot:
    return lambda sound, rate_in, rate_out: samplerate.resample(sound, rate_out / rate_in, quality)


# Kept through one stream, these are good enough for voice.
GOOD: Final[dict[str, OneShot]] = {
    "soxr VHQ": _soxr("VHQ"),
    "soxr HQ": _soxr("HQ"),
    "soxr LQ": _soxr("LQ"),
    "libsamplerate best": _src("sinc_best"),
    "libsamplerate fastest": _src("sinc_fastest"),
    "scipy resample_poly": _polyphase,
    "scipy resample": _fourier,
    "PyAV (swr)": _swr,
}
# These are poor however they are called.
UNFILTERED: Final[dict[str, OneShot]] = {
    "numpy.interp": _linear,
    "libsamplerate linear": _src("linear"),
    "libsamplerate zero-order hold": _src("zero_order_hold"),
    "nearest sample": _hold,
}
UPWARDS: Final[dict[str, OneShot]] = {"soxr QQ (cubic)": _soxr("QQ")}
DECIMATED: Final[dict[str, OneShot]] = {
    "every n-th sample": lambda sound, rate_in, rate_out: sound[:: rate_in // rate_out],
    "mean of n samples": _averaged,
}
STATELESS: Final[dict[str, OneShot]] = {**GOOD, "numpy.interp(linspace)": _stretched}


def chunked(
    resampler: OneShot, sound: Samples, rates: tuple[int, int], chunk: str, random: np.random.Generator
) -> Samples:
    """Return sound of which each chunk was resampled for itself."""
    if chunk == "random":
        steps = random.integers(64, RANDOM_MOST, sound.size // 64)
        edges = [0, *np.cumsum(steps)[np.cumsum(steps) < sound.size], sound.size]
    else:
        size = frames_of(chunk, rates[0])
        edges = [*range(0, sound.size, size), sound.size]
    parts = [sound[begin:end] for begin, end in pairwise(edges) if end - begin >= 32]
    return np.concatenate([resampler(part, *rates) for part in parts]).astype(np.float32)


def frames_of(chunk: str, rate_hz: int) -> int:
    """Return how many frames a chunk has."""
    return round(float(chunk.removesuffix(" ms")) * rate_hz / 1_000) if chunk.endswith("ms") else int(chunk)


@dataclass(frozen=True)
class Codec:
    """What ffmpeg makes of a sound, at which rate, in what kind of file."""

    options: tuple[str, ...]
    suffix: str
    rate_hz: int | None = None


CODECS: Final[dict[str, Codec]] = {
    "G.711 mu-law": Codec(("-c:a", "pcm_mulaw"), "wav", 8_000),
    "G.711 A-law": Codec(("-c:a", "pcm_alaw"), "wav", 8_000),
    "G.722": Codec(("-c:a", "g722"), "wav", 16_000),
    "GSM 06.10": Codec(("-c:a", "libgsm"), "gsm", 8_000),
    "G.723.1": Codec(("-c:a", "g723_1", "-b:a", "6300"), "wav", 8_000),
    "Speex": Codec(("-c:a", "libspeex"), "ogg", 16_000),
    "Opus 16 kbit/s": Codec(("-c:a", "libopus", "-b:a", "16k", "-application", "voip"), "ogg"),
    "Opus 24 kbit/s": Codec(("-c:a", "libopus", "-b:a", "24k", "-application", "voip"), "ogg"),
    "Opus 32 kbit/s": Codec(("-c:a", "libopus", "-b:a", "32k", "-application", "audio"), "ogg"),
    "MP3 48 kbit/s": Codec(("-c:a", "libmp3lame", "-b:a", "48k"), "mp3"),
    "AAC 32 kbit/s": Codec(("-c:a", "aac", "-b:a", "32k"), "m4a"),
    "Vorbis": Codec(("-c:a", "libvorbis", "-q", "1"), "ogg"),
}
# What a clean path does to sound beside coding it.
FILTERS: Final[dict[str, str]] = {
    "noise suppression (afftdn)": "afftdn=nr=20:nf=-40",
    "telephone band": "highpass=f=300,lowpass=f=3400",
    "gate": "agate=threshold=0.02",
    "compressor": "acompressor=threshold=0.05:ratio=6",
}


def coded(sound: Samples, rate_hz: int, name: str) -> tuple[Samples, int]:
    """Return sound after a codec or a filter, as a good decoder and a good resampler bring it to a track."""
    codec = CODECS.get(name, Codec((), "wav"))
    narrow = codec.rate_hz == 8_000
    out_hz = 16_000 if codec.rate_hz == 16_000 else rate_hz
    with tempfile.TemporaryDirectory() as folder:
        first, middle, last = (Path(folder) / each for each in ("a.wav", f"b.{codec.suffix}", "c.wav"))
        soundfile.write(first, np.clip(sound, -1, 1), rate_hz, subtype="PCM_16")
        rate = ("-ar", str(codec.rate_hz)) if codec.rate_hz else ()
        effect = ("-af", FILTERS[name]) if name in FILTERS else ()
        _ffmpeg(str(first), "-ac", "1", *rate, *effect, *codec.options, str(middle))
        _ffmpeg(str(middle), str(last))
        samples, made_hz = soundfile.read(last, dtype="float32")
    return (samples, made_hz) if narrow else (soxr.resample(samples, made_hz, out_hz), out_hz)


def _ffmpeg(source: str, *options: str) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", source, *options], check=True)
