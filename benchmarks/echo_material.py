"""Echoes and strangers for ``benchmarks.echo``, made of recordings that are not in the repository.

Everything is at `RATE_HZ`. The constants of the detector were chosen on the sources named in `FITTED` and on the
talkers named in `FITTED_TALKERS`; what comes through the measured rooms was first looked at when they stood.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.random import Generator

from voicediag.session import Samples

RATE_HZ = 16_000
FITTED = frozenset({"aec_challenge_syn", "nkf_syn"})
FITTED_TALKERS = frozenset({"pyroomacoustics_arctic", "lyra_testdata", "faster_whisper_tests"})
# A talker who hardly pauses leaves an echo no gaps to be seen in.
DENSE_SHARE = 0.8
NOISE_DB = -45.0
# Speech lies within 40 dB of its loudest; less than a second of it is no echo that anybody could be sure of.
LOUD_SHARE = 1e-4
BACK_S = 1.0


@dataclass(frozen=True)
class Case:
    """A microphone, a far end, and what is known of them."""

    mic: Samples
    far: Samples
    delays_s: tuple[float, ...] = ()
    erl_db: float | None = None

    @property
    def is_echo(self) -> bool:
        """Whether the far end is in the microphone."""
        return bool(self.delays_s) or self.erl_db is not None


@dataclass(frozen=True)
class Pair:
    """A recorded pair of the development data; `near` is the talker's stem, where it is known."""

    source: str
    scenario: str
    is_echo: bool
    is_real: bool
    mic: Samples
    far: Samples
    near: Samples | None

    @property
    def echo(self) -> Samples:
        """The echo alone."""
        if self.near is None:
            return self.mic
        size = min(self.mic.size, self.near.size)
        return self.mic[:size] - self.near[:size]


def data() -> Path:
    """Return the folder of the development data."""
    return Path(os.environ.get("VOICEDIAG_DATA", Path(__file__).parents[2] / "shared" / "data"))


@cache
def pairs() -> tuple[Pair, ...]:
    """Return the labelled pairs."""
    folder = data() / "echo"
    rows = csv.DictReader((folder / "manifest.csv").read_text(encoding="utf-8").splitlines())
    return tuple(
        Pair(
            row["source"], row["scenario"], row["echo_label"] == "1", row["recording"] == "real",
            read(folder / row["file_mic"]), read(folder / row["file_far"]),
            read(folder / row["file_near"]) if row["file_near"] else None,
        )
        for row in rows if row["echo_label"]
    )  # fmt: skip


@cache
def talkers(*, fitted: bool) -> tuple[Samples, ...]:
    """Return people who hardly pause."""
    files = sorted(path for path in (data() / "speech").rglob("*") if path.suffix in {".flac", ".wav"})
    chosen = [path for path in files if any(path.parts[-2] == name for name in FITTED_TALKERS) is fitted]
    return tuple(sound for path in chosen if active(sound := read(path))[0] >= DENSE_SHARE and sound.size > RATE_HZ)


@cache
def speech() -> tuple[Samples, ...]:
    """Return readings that no constant was chosen on, of ten seconds and more."""
    files = sorted((data() / "speech").rglob("*.flac"))
    sounds = (read(path) for path in files if path.parts[-2] not in FITTED_TALKERS)
    return tuple(sound for sound in sounds if sound.size > 10 * RATE_HZ)


@cache
def rooms() -> tuple[Samples, ...]:
    """Return measured room impulse responses, from their first arrival on."""
    responses = (read(path) for path in sorted((data() / "rooms_noise" / "speechbrain" / "RIRs").glob("*.flac")))
    return tuple(response[first_arrival(response) :] for response in responses)


def read(path: Path) -> Samples:
    """Return the first channel of a file."""
    sound, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    return np.asarray(soxr.resample(sound[:, 0], rate_hz, RATE_HZ), np.float32)


def real_windows(window_s: float, *, sources: frozenset[str] | None, random: Generator) -> Iterator[Case]:
    """Yield windows of recorded pairs in which the far end speaks, each beside windows of other far ends."""
    chosen = [pair for pair in pairs() if (pair.is_real if sources is None else pair.source in sources)]
    size = round(window_s * RATE_HZ)
    for pair in chosen:
        for at in range(0, min(pair.mic.size, pair.far.size) - size, size):
            mic, far = pair.mic[at : at + size], pair.far[at : at + size]
            if pair.is_echo and active(far)[0] > 0.5 and np.abs(far).max() > 0.01:
                yield Case(mic, far, erl_db=0.0)
            for _ in range(4):
                stranger = pairs()[random.integers(len(pairs()))]
                if stranger.source.partition("_")[0] != pair.source.partition("_")[0] and stranger.far.size > size:
                    begin = random.integers(stranger.far.size - size)
                    yield Case(mic, stranger.far[begin : begin + size])


def under_talkers(ratio_db: float, window_s: float, *, fitted: bool, count: int, random: Generator) -> Iterator[Case]:
    """Yield echoes so much below a talker who hardly pauses, and the same talkers beside far ends that nobody hears."""
    echoes = [
        pair for pair in pairs()
        if pair.is_echo and (pair.source in FITTED if fitted else pair.is_real and pair.scenario.startswith("farend"))
    ]  # fmt: skip
    size = round(window_s * RATE_HZ)
    while count:
        pair, other = (echoes[index] for index in random.choice(len(echoes), 2, replace=False))
        echo, voice = pair.echo, talkers(fitted=fitted)[random.integers(len(talkers(fitted=fitted)))]
        if min(echo.size, pair.far.size, other.far.size) <= size:
            continue
        at = random.integers(min(echo.size, pair.far.size) - size)
        far, echo = pair.far[at : at + size], echo[at : at + size]
        if active(far)[0] < 0.3 or np.abs(far).max() < 0.01:
            continue
        near = _loop(voice, size, random)
        level = active(near)[1]
        near = near + pink(size, random) * np.float32(level * 10 ** (NOISE_DB / 20))
        gain = np.float32(level * 10 ** (ratio_db / 20) / max(active(echo)[1], 1e-9))
        begin = random.integers(other.far.size - size)
        yield Case(near + gain * echo, far, erl_db=0.0)
        yield Case(near + gain * echo, other.far[begin : begin + size])
        yield Case(near, far)
        count -= 1


def in_rooms(count: int, *, window_s: float, lags_s: tuple[float, float], random: Generator) -> Iterator[Case]:
    """Yield readings that come back through measured rooms, with a planted delay and loss, and strangers.

    Of readings that pause, what comes back late may be their silence only: `BACK_S` of them are heard at least.
    """
    size, readings = round(window_s * RATE_HZ), speech()
    while count:
        far_at, near_at, stranger_at = random.choice(len(readings), 3, replace=False)
        far, near, stranger = (_loop(readings[at], size, random) for at in (far_at, near_at, stranger_at))
        room = rooms()[random.integers(len(rooms()))]
        delay, erl_db = round(random.uniform(*lags_s) * RATE_HZ), float(random.uniform(6, 30))
        if _heard_s(far, size - max(0, delay)) < BACK_S:
            continue
        echo = np.convolve(far, room)[:size].astype(np.float32)
        echo *= np.float32(np.sqrt(np.square(far).sum() / np.square(echo).sum()) * 10 ** (-erl_db / 20))
        echo = _shifted(echo, delay)
        # Half of the talkers pause, as people do.
        share = np.float32(10 ** (-random.uniform(0, 20) / 20))
        mic = near * share + echo + pink(size, random) * np.float32(1e-3)
        taps = {0, int(np.abs(room).argmax())}
        yield Case(mic, far, delays_s=tuple(sorted((delay + tap) / RATE_HZ for tap in taps)), erl_db=erl_db)
        yield Case(mic, stranger)
        count -= 1


def minute_of_each(random: Generator) -> dict[str, Case]:
    """Return a minute of a loud echo, of one 20 dB under a talker who hardly pauses, and of strangers."""
    loud, strangers = in_rooms(1, window_s=60.0, lags_s=(0.1, 0.2), random=random)
    size = loud.far.size
    voice = _loop(talkers(fitted=False)[0], size, random)
    level = active(voice)[1]
    echo = _shifted(np.convolve(loud.far, rooms()[0])[:size].astype(np.float32), RATE_HZ // 8)
    echo *= np.float32(level * 10 ** (-20 / 20) / active(echo)[1])
    dense = voice + echo + pink(size, random) * np.float32(level * 10 ** (NOISE_DB / 20))
    return {"loud echo": loud, "20 dB under a dense talker": Case(dense, loud.far, erl_db=20.0), "strangers": strangers}


def stems() -> Iterator[Case]:
    """Yield recorded stems whose delay is told by taking the far end out of the echo alone."""
    for pair in pairs():
        if pair.near is None or not pair.is_echo or "change" in pair.scenario:
            continue
        response = _response(pair.echo, pair.far)
        taps = {first_arrival(response), int(np.abs(response).argmax())}
        reach = round(0.1 * RATE_HZ)
        yield Case(pair.mic, pair.far, delays_s=tuple(sorted((tap - reach) / RATE_HZ for tap in taps)))


def _response(echo: Samples, far: Samples) -> Samples:
    """Return the path that made an echo, from 0.1 s before it to 1 s after."""
    size = 1 << int(np.ceil(np.log2(echo.size + far.size)))
    out, into = np.fft.rfft(echo, size), np.fft.rfft(far, size)
    power = np.square(np.abs(into))
    response = np.fft.irfft(out * np.conj(into) / (power + 1e-3 * power.mean()))
    return np.concatenate((response[-round(0.1 * RATE_HZ) :], response[:RATE_HZ]))


def first_arrival(response: Samples) -> int:
    """Return where a response first reaches half of its peak."""
    size = np.abs(response)
    return int(np.flatnonzero(size >= size.max() / 2)[0])


def _heard_s(far: Samples, size: int) -> float:
    """Return for how long a far end speaks in its beginning."""
    step = RATE_HZ // 100
    power = np.square(far[: far.size // step * step].reshape(-1, step)).mean(axis=1)
    return float(np.count_nonzero(power[: size // step] > power.max() * LOUD_SHARE)) * step / RATE_HZ


def active(sound: Samples) -> tuple[float, float]:
    """Return the share of 10 ms in which a sound is within 40 dB of its loudest, and its RMS there."""
    step = RATE_HZ // 100
    power = np.square(sound[: sound.size // step * step].reshape(-1, step)).mean(axis=1)
    loud = power > power.max(initial=0.0) * LOUD_SHARE
    return float(loud.mean()), float(np.sqrt(power[loud].mean())) if loud.any() else 0.0


def pink(size: int, random: Generator) -> Samples:
    """Return noise of equal power in each octave, of RMS 1."""
    spectrum = np.fft.rfft(random.standard_normal(size))
    noise = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(spectrum.size), 1)), size)
    return np.asarray(noise / np.sqrt(np.square(noise).mean()), np.float32)


def _loop(sound: Samples, size: int, random: Generator) -> Samples:
    """Return so much of a sound from a random place on, over again where it ends."""
    return np.resize(np.roll(sound, -int(random.integers(sound.size))), size).astype(np.float32)


def _shifted(sound: Samples, by: int) -> Samples:
    out = np.zeros_like(sound)
    if by >= 0:
        out[by:] = sound[: sound.size - by]
    else:
        out[:by] = sound[-by:]
    return out
