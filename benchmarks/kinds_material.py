"""Echoes of every kind for ``benchmarks.kinds``, in two halves that share no source.

A hybrid's responses are the echo path models of ITU-T G.168, annex D, sections D.2 to D.9: ``g168.csv``, 8 kHz, one
model a line, scaled to a loss. A room is one that was recorded, or a measured response; a loopback and a line are the
far end itself, at once and late, the line through mu-law. What a canceller left of an echo is made by one.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
import soxr
from numpy.random import Generator, default_rng

from benchmarks.echo_material import RATE_HZ, Pair, active, pairs, pink, rooms, talkers
from voicediag.session import Samples
from voicediag.tune.cancellers import CANCELLERS

MODELS = Path(__file__).with_name("g168.csv")
LINE_HZ = 8_000
LONG_S = 24.0
FITTED = frozenset({"aec_challenge_fst", "aec_challenge_syn"})
# Cancellers, by half: what was fitted on one is reported on another.
LEFT_BY = {True: ("aec3",), False: ("aec3", "pyaec")}
EACH_SOURCE = 8
# The user over the echo, beside it; None for nobody.
USERS_DB = (None, -20.0, -10.0, 0.0)
FLOOR_DB = -50.0
MOVES = ("change", "jump", "movement")

Kind: TypeAlias = Literal["acoustic", "hybrid", "line", "loopback", "residual"]


@dataclass(frozen=True)
class Case:
    """An echo of a known kind."""

    kind: Kind
    made_of: str
    mic: Samples
    far: Samples
    rate_hz: int = RATE_HZ


def cases(*, fitted: bool) -> Iterator[Case]:
    """Yield the cases of one half."""
    random = default_rng(4)
    chosen = [pair for pair in _echoes() if (pair.source in FITTED) is fitted]
    for pair in _first_of_each(chosen):
        mic, far = (_long(sound) for sound in (pair.mic, pair.far))
        yield Case("acoustic", "recorded", mic, far)
        phoned = [_mu_law(np.asarray(soxr.resample(sound, RATE_HZ, LINE_HZ), np.float32)) for sound in (mic, far)]
        yield Case("acoustic", "recorded, by telephone", phoned[0], phoned[1], LINE_HZ)
        for name in LEFT_BY[fitted]:
            yield Case("residual", name, CANCELLERS[name].cancel(mic, far, delay_ms=0), far)
    fars = [_long(pair.far) for pair in chosen[:: max(1, len(chosen) // 8)]][:8]
    users = talkers(fitted=fitted)
    for (far, user_db), room, model in zip(
        _paired(fars), _half(rooms(), fitted), _half(_models(), fitted), strict=False
    ):
        user = _long(users[random.integers(len(users))])
        yield Case("acoustic", "room", _mixed(_late(_through(far, room), 60.0, RATE_HZ), user, user_db, random), far)
        yield Case("loopback", "copy", _mixed(far * np.float32(0.5), user, user_db, random), far)
        late_ms = float(random.uniform(30, 400))
        yield Case("line", "mu-law", _mixed(_late(_mu_law(far), late_ms, RATE_HZ), user, user_db, random), far)
        narrow, said = (np.asarray(soxr.resample(sound, RATE_HZ, LINE_HZ), np.float32) for sound in (far, user))
        heard = _late(_through(narrow, model), late_ms, LINE_HZ) * np.float32(0.3)
        yield Case("hybrid", "G.168", _mu_law(_mixed(heard, said, user_db, random)), narrow, LINE_HZ)


def _echoes() -> list[Pair]:
    return [pair for pair in pairs() if pair.is_echo and not any(word in pair.scenario for word in MOVES)]


def _first_of_each(chosen: list[Pair]) -> list[Pair]:
    by_source: dict[str, list[Pair]] = {}
    for pair in chosen:
        by_source.setdefault(pair.source, []).append(pair)
    return [pair for some in by_source.values() for pair in some[:EACH_SOURCE]]


def _paired(fars: list[Samples]) -> Iterator[tuple[Samples, float | None]]:
    return ((far, user_db) for user_db in USERS_DB for far in fars)


def _half(responses: tuple[Samples, ...], fitted: bool) -> Iterator[Samples]:  # noqa: FBT001 - the half, as above
    return cycle(islice(responses, 0 if fitted else 1, None, 2))


def _models() -> tuple[Samples, ...]:
    """Return the hybrids, each of energy 1."""
    rows = csv.reader(MODELS.read_text(encoding="utf-8").splitlines())
    taps = [np.array(row[1:], np.float32) for row in rows]
    return tuple(some / np.float32(np.linalg.norm(some)) for some in taps)


def _long(sound: Samples) -> Samples:
    return np.resize(sound, round(LONG_S * RATE_HZ)).astype(np.float32)


def _through(sound: Samples, response: Samples) -> Samples:
    size = sound.size + response.size
    made = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(response, size), size)[: sound.size]
    return (made * active(sound)[1] / max(active(made)[1], 1e-9)).astype(np.float32)


def _late(sound: Samples, late_ms: float, rate_hz: int) -> Samples:
    by = round(late_ms / 1_000 * rate_hz)
    return np.pad(sound, (by, 0))[: sound.size]


def _mixed(echo: Samples, user: Samples, user_db: float | None, random: Generator) -> Samples:
    """Return an echo with a user beside it, over the noise of a room."""
    level = active(echo)[1]
    mixed = echo + pink(echo.size, random) * np.float32(level * 10 ** (FLOOR_DB / 20))
    if user_db is None:
        return mixed
    return mixed + user[: echo.size] * np.float32(level * 10 ** (user_db / 20) / max(active(user)[1], 1e-9))


def _mu_law(sound: Samples) -> Samples:
    """Return sound through the companding law of ITU-T G.711, continuous, in 8 bits."""
    squeezed = np.sign(sound) * np.log1p(255 * np.minimum(np.abs(sound), 1)) / np.log(256)
    codes = np.round(squeezed * 127) / 127
    return (np.sign(codes) * np.expm1(np.abs(codes) * np.log(256)) / 255).astype(np.float32)
