"""How much a loudspeaker that is driven hard adds to its echo, beside what was planted.

``python -m benchmarks.echo_distortion`` sends readings of the development data (`VOICEDIAG_DATA`, or ../shared/data)
through a loudspeaker that clips, hard or softly, and through rooms. How hard is set by the share of the output's power
that is not linear, 1 - <x, y>^2 / (<x, x> <y, y>). The truth is taken off the echo alone, before a user and the room's
noise are laid over it: its coherence with the far end (scipy's) gives the linear loss, its power all of it.

`voicediag.measure.echo_distortion` was built on other readers (`echo_material.speech`) in the measured rooms; no reader
of these tables and no simulated room was looked at before.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.signal import csd, fftconvolve, welch

from benchmarks.echo_material import FITTED_TALKERS, RATE_HZ, active, data, pink, read, rooms
from benchmarks.table import show
from voicediag import signals
from voicediag.detect.echo_added import EXCESS
from voicediag.measure.delay import DelayMeter
from voicediag.measure.echo import MS, settled, trace
from voicediag.measure.echo_delay import along
from voicediag.measure.echo_distortion import distortion
from voicediag.measure.echo_path import Paths
from voicediag.measure.echo_response import echo_response
from voicediag.session import Samples
from voicediag.spans import Span

SEED = 20_261_122
SECONDS = 20
SHARES = (0.0, 0.03, 0.1, 0.2, 0.3, 0.4)
BAND_HZ = (100, 7_200)
RUMBLE_HZ = 80
DELAY_S = 0.1
USERS = ("nobody", "in turns", "all the time")
# In turns: the user has two seconds of six.
TURN_S, ROUND_S = 2, 6
CLOSE_DB = 1.0

Wide = NDArray[np.float64]


@dataclass(frozen=True)
class Plan:
    """Who talks over the echo, through which room it comes, and how much of what is played is not linear."""

    user: str
    room: str
    share: float
    response: Samples


@dataclass(frozen=True)
class Run:
    """What was planted, and what was read."""

    plan: Plan
    linear_db: float
    total_db: float
    erl_db: float | None
    excess_db: float | None


def main() -> None:
    """Print the tables."""
    if not (data() / "speech").is_dir():
        sys.exit(f"no readings at {data() / 'speech'}; VOICEDIAG_DATA names the folder that holds speech")
    runs = list(planted(np.random.default_rng(SEED)))
    heads = ("", "runs", "told", "linear within 1 dB", "total within 1 dB", "added: p90 error dB", "said to differ")
    for title, group in (
        ("Share of the loudspeaker's power that is not linear", lambda run: f"{run.plan.share:g}"),
        ("Who talks over it, and where", lambda run: f"{run.plan.room}, {run.plan.user}"),
    ):
        keys = dict.fromkeys(group(run) for run in runs)
        show(title, heads, [[key, *_row([run for run in runs if group(run) == key])] for key in keys])


def planted(random: Generator) -> Iterator[Run]:
    """Yield a run for each user, room and share."""
    files = [path for path in sorted((data() / "speech").rglob("*.flac")) if path.parts[-2] in FITTED_TALKERS]
    readers = [sound for path in files if (sound := read(path)).size > 2 * RATE_HZ]
    ways = cycle(
        [("measured room", room) for room in rooms()[:2]] + [("simulated room", room) for room in _simulated()]
    )
    clips = cycle((_hard, _soft))
    for user in USERS:
        for share in (*SHARES, *SHARES):
            far, near = (_reading(readers, random) for _ in range(2))
            room, response = next(ways)
            yield _run(Plan(user, room, share, response), far, near, _driven(far, share, next(clips)), random)


def _run(plan: Plan, far: Wide, near: Wide, played: Wide, random: Generator) -> Run:
    echo = fftconvolve(played, plan.response)[: far.size]
    echo *= np.sqrt(np.square(far).sum() / np.square(echo).sum()) * 10 ** (-random.uniform(3, 25) / 20)
    linear_db, total_db = _losses(far, echo)
    level = 0.0 if plan.user == "nobody" else 10 ** (-random.uniform(0, 20) / 20)
    rests = (np.arange(near.size) // RATE_HZ % ROUND_S < ROUND_S - TURN_S) & (plan.user == "in turns")
    late = round(DELAY_S * RATE_HZ)
    mic = np.pad(echo, (late, 0))[: far.size] + np.where(rests, 0, near) * level
    mic += pink(far.size, random) * 10 ** (-60 / 20)
    erl_db, excess_db = _read(mic.astype(np.float32), far.astype(np.float32))
    return Run(plan, linear_db, total_db, erl_db, excess_db)


def _read(mic: Samples, far: Samples) -> tuple[float | None, float | None]:
    """Return the loss of the linear part, and what is added to it."""
    meter = DelayMeter(RATE_HZ, RATE_HZ)
    meter.push(mic, far)
    groups = meter.result()
    echo = trace(groups, meter.whole)
    if echo.delay_ms is None:
        return None, None
    paths = Paths(partial(_cut, mic), partial(_cut, far), RATE_HZ, RATE_HZ)
    lag_s = echo.delay_ms / MS
    response = echo_response(mic, far, rate_hz=RATE_HZ, lag_s=lag_s)
    added = response and distortion(mic, far, rate_hz=RATE_HZ, lag_s=lag_s, response=response)
    return settled(echo, groups, along(echo, paths)).erl_db, added.excess_db if added else None


def _row(runs: Sequence[Run]) -> list[object]:
    linear = [abs(run.erl_db - run.linear_db) for run in runs if run.erl_db is not None]
    told = [run for run in runs if run.erl_db is not None and run.excess_db is not None]
    total = [abs((run.erl_db or 0.0) - (run.excess_db or 0.0) - run.total_db) for run in told]
    added = [abs((run.excess_db or 0.0) - (run.linear_db - run.total_db)) for run in told]
    return [
        len(runs), len(told), f"{sum(error <= CLOSE_DB for error in linear)} of {len(linear)}",
        f"{sum(error <= CLOSE_DB for error in total)} of {len(total)}",
        float(np.quantile(added, 0.9)) if added else None,
        sum((run.excess_db or 0.0) >= EXCESS.value for run in told),
    ]  # fmt: skip


def _losses(far: Wide, echo: Wide) -> tuple[float, float]:
    """Return the loss of what is coherent with the far end, and of all of the echo."""
    hertz, mouth = welch(far, RATE_HZ, nperseg=RATE_HZ)
    _, cross = csd(far, echo, RATE_HZ, nperseg=RATE_HZ)
    _, ear = welch(echo, RATE_HZ, nperseg=RATE_HZ)
    band = (hertz >= BAND_HZ[0]) & (hertz <= BAND_HZ[1])
    said = mouth[band].sum()
    linear, total = (10 * float(np.log10(said / some[band].sum())) for some in (np.abs(cross) ** 2 / mouth, ear))
    return linear, total


def _driven(far: Wide, share: float, clip: Callable[[Wide, float], Wide]) -> Wide:
    """Return a far end that is clipped until so much of its power is not linear."""
    if not share:
        return far
    low, high = 1e-4 * np.abs(far).max(), 10 * np.abs(far).max()
    for _ in range(40):
        middle = np.sqrt(low * high)
        out = clip(far, middle)
        is_more = 1 - np.dot(far, out) ** 2 / (np.dot(far, far) * np.dot(out, out)) > share
        low, high = (middle, high) if is_more else (low, middle)
    return clip(far, high)


def _hard(sound: Wide, most: float) -> Wide:
    return np.clip(sound, -most, most)


def _soft(sound: Wide, most: float) -> Wide:
    return most * np.tanh(sound / most)


def _reading(readers: Sequence[Samples], random: Generator) -> Wide:
    """Return so many seconds of a reader, without the rumble that no loudspeaker plays, at -26 dBFS."""
    reader = readers[random.integers(len(readers))]
    sound = np.resize(np.roll(reader, -int(random.integers(reader.size))), SECONDS * RATE_HZ).astype(np.float64)
    spectrum = np.fft.rfft(sound)
    spectrum[: RUMBLE_HZ * SECONDS] = 0
    clear = np.fft.irfft(spectrum, sound.size)
    return np.asarray(clear * 10 ** (-26 / 20) / active(clear.astype(np.float32))[1])


def _simulated() -> list[Samples]:
    return [
        signals.impulse_response(rate_hz=RATE_HZ, rt60_s=rt60_s, direct_to_reverberant_db=ratio_db, seed=seed)
        for seed, (rt60_s, ratio_db) in enumerate(((0.2, 6.0), (0.4, 3.0)))
    ]


def _cut(samples: Samples, span: Span) -> Samples:
    start, frames = round(span.start_s * RATE_HZ), round(span.duration_s * RATE_HZ)
    out = np.zeros(frames, np.float32)
    low, high = max(0, start), min(samples.size, start + frames)
    if high > low:
        out[low - start : high - start] = samples[low:high]
    return out


if __name__ == "__main__":
    main()
