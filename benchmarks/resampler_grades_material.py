"""Voices and resamplers for ``benchmarks.resampler_grades``.

What was fitted and what only judged are strangers: synthetic voices and resamplers that are spoilt in one way by a
known amount, against real voices and the resamplers of libraries.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from itertools import product
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from scipy.signal import butter, firwin, oaconvolve, sosfilt, upfirdn

import voicediag as vd
from benchmarks.echo_material import data
from voicediag.resampling.arguments import Rates
from voicediag.resampling.installed import KNOWN, installed

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from resamplers import Exact, cubic, equal_ripple, hold, linear, windowed_sinc

Array = NDArray[np.float64]
Pair = tuple[int, int]
HERE = Path(__file__).parents[1]
LEAST_S, MOST_S, LEVEL_DB = 2.0, 4.0, -26.0
CHUNK_S = 0.02
LEAKS_DB = (-4, -8, -12, -16, -20, -25, -30, -37)
MODULATED_DB = (-25, -31, -36, -41, -46, -52, -58)
SHARES = (1, 0.5, 0.25, 0.12, 0.06, 0.03, 0.012, 0.005, 0.002)
STATELESS = ("linear-linspace", "soxr-vhq", "soxr-lq", "scipy-poly", "scipy-fft", "samplerate-fastest")
# The same sound as another one, to the last bits: counted once.
TWINS = {
    "librosa", "linear-stream", "soxr-hq-int16-stream", "samplerate-linear-stream", "pyav-int16-stream",
    *(f"soxr-{quality}-stream" for quality in ("vhq", "hq", "mq", "lq", "qq")),
    *(f"samplerate-{quality}-stream" for quality in ("best", "medium", "fastest")),
}  # fmt: skip


@dataclass(frozen=True)
class Clip:
    """A voice; `rate_hz` is at least 24 kHz."""

    name: str
    samples: Array
    rate_hz: int

    def at(self, rate_hz: int, *, telephone: bool) -> Array:
        """Return it at another rate, in whole chunks, with nothing much above 3.4 kHz where it is a telephone's."""
        sound = np.asarray(soxr.resample(self.samples, self.rate_hz, rate_hz, "VHQ"))
        if telephone:
            sound = np.asarray(sosfilt(butter(8, [200, 3_400], "bandpass", fs=rate_hz, output="sos"), sound))
        return np.append(sound, np.zeros(-sound.size % round(CHUNK_S * rate_hz)))


@dataclass(frozen=True)
class Tried:
    """A resampler between two rates.

    `make` returns what `evaluate` takes; `spoilt` names the one thing that was spoilt. What is `chunked` gets chunks of
    20 ms, a function anew for each.
    """

    name: str
    pair: Pair
    make: Callable[[], object]
    spoilt: str = ""
    chunked: bool = False


def _clip(name: str, sound: Array, rate_hz: int) -> Clip:
    cut = sound[: round(MOST_S * rate_hz)].astype(np.float64)
    return Clip(name, cut * 10 ** (LEVEL_DB / 20) / np.sqrt(np.mean(np.square(cut))), rate_hz)


def _read(path: Path) -> tuple[Array, int]:
    sound, rate = soundfile.read(path, dtype="float64", always_2d=True)
    return sound[:, 0], rate


@cache
def synthetic() -> tuple[Clip, ...]:
    """Return what the limits were fitted on: 28 phrases by 7 synthetic voices at 24 kHz."""
    paths = sorted((data() / "vad" / "vap_phrases").glob("*_long_*.flac"))
    voices = sorted({path.stem.rpartition("_")[2] for path in paths})
    found = []
    for voice in voices:
        own = [path for path in paths if path.stem.endswith(voice)]
        found += [_clip(path.stem, *_read(path)) for path in own[:4]]
    return tuple(found)


@cache
def others() -> tuple[Clip, ...]:
    """Return what nothing was fitted on: real voices at 24, 44.1 and 48 kHz, and one more synthetic voice."""
    speech = data() / "speech"
    found = [_clip(path.stem, *_read(path)) for path in sorted((speech / "alsa_utils_48k").glob("*_*.flac"))]
    for path in sorted((speech / "faster_whisper_tests").glob("*.*")):
        if path.suffix not in (".mp3", ".flac") or soundfile.info(path).samplerate < 24_000:
            continue
        sound, rate = _read(path)
        step = round(MOST_S * rate)
        pieces = [sound[at : at + step] for at in range(0, sound.size - step // 2, step)]
        found += [_clip(f"{path.stem} {number}", piece, rate) for number, piece in enumerate(pieces) if piece.any()]
    for folder in sorted((HERE / "recordings" / "clean").glob("*.vds"))[:3]:
        track = vd.load(folder).tracks["agent-received"]
        if track.rate_hz == 24_000:
            sound = track.source.read(0, track.frames)
            begin = int(np.argmax(np.abs(sound) > 0.02 * np.abs(sound).max()))
            found.append(_clip(folder.stem, sound[begin:], track.rate_hz))
    return tuple(found)


def spoilt(pair: Pair) -> Iterator[Tried]:
    """Yield resamplers that are perfect but for one thing, by degrees."""
    fast, slow = pair
    up, down = slow // math.gcd(*pair), fast // math.gcd(*pair)

    def perfect(samples: Array) -> Array:
        return sized(soxr.resample(samples, fast, slow, "VHQ"), len(samples) * up // down)

    def folding(gain: float) -> Callable[[Array], Array]:
        def fold(samples: Array) -> Array:
            good = perfect(samples)
            low = sized(soxr.resample(good, slow, fast, "VHQ"), len(samples))
            return np.asarray(good + gain * up * sized(upfirdn([1.0], samples - low, up, down), good.size))

        return fold

    def blended(exact: Exact, share: float) -> Callable[[Array], Array]:
        return lambda samples: (
            (1 - share) * (good := perfect(samples)) + share * sized(exact.resample(samples), good.size)
        )

    def filtered(order: int, share: float) -> Callable[[Array], Array]:
        sections = butter(order, share * min(pair) / 2, fs=slow, output="sos")
        return lambda samples: np.asarray(sosfilt(sections, perfect(samples)))

    def modulated(level_db: float) -> Callable[[Array], Array]:
        noise = 1 + 10 ** (level_db / 20) * np.random.default_rng(1).standard_normal(100 * slow)
        return lambda samples: (good := perfect(samples)) * noise[: good.size]

    for level in LEAKS_DB if down > up else ():
        yield Tried(f"aliases {level} dB", pair, Given(folding(10 ** (level / 20))), "aliases")
    for exact, share in product((hold(*pair), linear(*pair), cubic(*pair)), SHARES if up > 1 else ()):
        yield Tried(f"{share:g} of {exact.name}", pair, Given(blended(exact, share)), "images")
    for order, share in product((1, 2, 4), (0.2, 0.35, 0.5, 0.65, 0.8)):
        yield Tried(f"{share:g} of Butterworth {order}", pair, Given(filtered(order, share)), "loss")
    for level in MODULATED_DB:
        yield Tried(f"MNRU {-level} dB", pair, Given(modulated(level)), "noise")
    for tears in SHARES:
        yield Tried(f"{tears:g} torn", pair, partial(Torn, pair, tears), "seams", chunked=True)


def sized(sound: Array, size: int) -> Array:
    """Return a sound cut or filled up to a size."""
    return np.append(sound, np.zeros(max(0, size - len(sound))))[:size]


@dataclass(frozen=True)
class Given:
    """A function, as something that can be asked for it."""

    call: Callable[[Array], Array]

    def __call__(self) -> Callable[[Array], Array]:
        """Return the function."""
        return self.call


class Torn:
    """A filter over chunks, of which a share is lost that each chunk gives to those before and after it.

    All of it lost is what a function does that is called anew for each chunk.
    """

    def __init__(self, pair: Pair, tears: float) -> None:
        divisor = math.gcd(*pair)
        self.up, self.down, self.kept = pair[1] // divisor, pair[0] // divisor, 1 - tears
        self.taps = self.up * firwin(1_201, 0.475 * min(pair), window=("kaiser", 9.0), fs=self.up * pair[0])
        self.half = self.taps.size // 2
        self.sums, self.base, self.pushed, self.given = np.zeros(0), -self.half, 0, 0

    def push(self, chunk: Array) -> Array:
        """Return what comes out for a chunk; half of the filter is held back."""
        stuffed = np.zeros(len(chunk) * self.up)
        stuffed[:: self.up] = chunk
        made = oaconvolve(stuffed, self.taps)
        made[: self.half] *= self.kept
        made[made.size - self.half :] *= self.kept
        at = self.pushed - self.half - self.base
        self.sums = sized(self.sums, at + made.size)
        self.sums[at:] += made
        self.pushed += stuffed.size
        places = np.arange(self.given, self.pushed - self.half, self.down)
        out = self.sums[places - self.base]
        self.given += places.size * self.down
        spent = max(0, min(self.given, self.pushed - self.half) - self.base)
        self.sums, self.base = self.sums[spent:], self.base + spent
        return np.asarray(out)

    def flush(self) -> Array:
        """Return what was held back."""
        return self.push(np.zeros(-(-self.half // self.up)))


def libraries(pair: Pair) -> Iterator[Tried]:
    """Yield resamplers as they are in use: libraries', formulas, and both called anew for each chunk of 20 ms."""
    rates = Rates(in_hz=pair[0], out_hz=pair[1])
    for known in (each for each in KNOWN if each.here and each.name not in TWINS):
        is_stream = known.name.endswith("-stream")
        yield Tried(known.name, pair, partial(installed, known.name, rates), chunked=is_stream)
        if known.name in STATELESS:
            yield Tried(f"{known.name}, each chunk", pair, partial(installed, known.name, rates), chunked=True)
    for exact in (hold(*pair), cubic(*pair), windowed_sinc(*pair), equal_ripple(*pair)):
        yield Tried(exact.name, pair, Given(exact.resample))
