"""What makes WebRTC's AEC3 fail, and how often `detect.canceller_failure` says which of it it was.

``python -m benchmarks.canceller`` takes the development pairs (`VOICEDIAG_DATA`, or ../shared/data) in which only the
far end speaks, plants faults between microphone and reference, and prints what AEC3 (the package pywebrtc-audio) takes
off: the ERLE over the second half, median and quartiles. Limits were read off this table.

``python -m benchmarks.canceller classes`` prints which class some of the same faults are given. The limits were chosen
on the sources named in `FITTED`; the others are reported apart. Short clips are repeated to `LONG_S`, for the skew of a
clock needs half a minute.

``python -m benchmarks.canceller alone`` prints how well `measure.single_talk` tells the agent alone from both voices,
where the user's stem is known.
"""

from __future__ import annotations

import csv
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from benchmarks.table import show
from voicediag.detect.canceller_failure import failure_of
from voicediag.detect.examination import Examination
from voicediag.measure.echo import leak
from voicediag.measure.single_talk import WINDOW_S, single_talk
from voicediag.session import ArraySource, Samples, Session, Track
from voicediag.tune.cancellers import CANCELLERS, RATE_HZ

ROOT = Path(__file__).parents[1]
ALONE = "farend"
BOTH = "doubletalk"
# Every other pair with both voices would take minutes more and say the same: of each source the first ones.
EACH_SOURCE = 3
FRAME = RATE_HZ // 100
WINDOW = round(WINDOW_S * RATE_HZ)
SEEDS = 3
LONG_S = 44.0
LOUD_SHARE = 1e-3
DRIFTS_FROM_MS = 90.0
FITTED = frozenset({"aec_challenge_fst", "aec_challenge_syn"})

Pair = tuple[Samples, Samples]
Plant = Callable[[Samples, Samples, int], Pair]


@dataclass(frozen=True)
class Clip:
    """A far end, what the microphone repeats of it, and how much later."""

    source: str
    mic: Samples
    far: Samples
    delay_ms: float


def main() -> None:
    """Print a table."""
    folder = Path(os.environ.get("VOICEDIAG_DATA", ROOT.parent / "shared" / "data")) / "echo"
    if not folder.is_dir():
        sys.exit(f"no pairs at {folder}; VOICEDIAG_DATA names the folder that holds echo/manifest.csv")
    clips = list(_clips(folder, ALONE))
    if sys.argv[1:] == ["alone"]:
        _alone(folder)
    elif sys.argv[1:] == ["classes"]:
        both = _first_of_each(_clips(folder, BOTH))
        for fitted, whose in ((True, "sources that limits were chosen on"), (False, "other sources")):
            for some, who in ((clips, "only the far end speaks"), (both, "both speak")):
                _classes(f"{whose}, {who}", [clip for clip in some if (clip.source in FITTED) is fitted])
    else:
        _failures(clips)


def _first_of_each(clips: Iterable[Clip]) -> list[Clip]:
    taken: Counter[str] = Counter()
    kept = []
    for clip in clips:
        taken[clip.source] += 1
        if taken[clip.source] <= EACH_SOURCE:
            kept.append(clip)
    return kept


def _clips(folder: Path, scenario: str) -> Iterator[Clip]:
    for row in csv.DictReader((folder / "manifest.csv").read_text(encoding="utf-8").splitlines()):
        if row["echo_label"] != "1" or not row["scenario"].startswith(scenario):
            continue
        if "jump" in row["scenario"] or "change" in row["scenario"] or "movement" in row["scenario"]:
            continue
        mic, far = (_read(folder / row[name]) for name in ("file_mic", "file_far"))
        frames = min(mic.size, far.size)
        echo = leak(mic[:frames], far[:frames], rate_hz=RATE_HZ)
        if echo.delay_ms is not None:
            yield Clip(row["source"], mic[:frames], far[:frames], echo.delay_ms)


def _read(path: Path) -> Samples:
    sound, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    return np.asarray(soxr.resample(sound[:, 0], rate_hz, RATE_HZ), np.float32)


# --- the faults -------------------------------------------------------------------------------------------------------


def _as_it_is(mic: Samples, far: Samples, seed: int) -> Pair:
    del seed
    return mic, far


def _cut(samples: Samples, per_s: float, seed: int, *, zero: bool = False) -> Samples:
    """Return samples without some frames of 10 ms, or with zeros in their place."""
    frames = samples[: samples.size // FRAME * FRAME].reshape(-1, FRAME).copy()
    lost = np.random.default_rng(seed).random(len(frames)) < per_s * FRAME / RATE_HZ
    if not zero:
        return frames[~lost].ravel()
    frames[lost] = 0
    return frames.ravel()


def _mic_cut(per_s: float, *, zero: bool = False) -> Plant:
    return lambda mic, far, seed: (_cut(mic, per_s, seed, zero=zero), far)


def _far_cut(per_s: float) -> Plant:
    return lambda mic, far, seed: (mic, _cut(far, per_s, seed))


def _later(delay_ms: float) -> Plant:
    """Return a plant that moves the microphone; negative is early."""
    by = round(delay_ms / 1_000 * RATE_HZ)
    if by >= 0:
        return lambda mic, far, _: (np.pad(mic, (by, 0))[: mic.size], far)
    return lambda mic, far, _: (mic[-by:], far)


def _drift(ppm: float) -> Plant:
    """Return a plant that resamples the microphone; a fast converter makes more frames."""

    def plant(mic: Samples, far: Samples, _seed: int) -> Pair:
        made = np.asarray(soxr.resample(mic, 1e6, 1e6 + ppm), np.float32)
        return made, far

    return plant


def _gain(gain_db: float) -> Plant:
    """Return a plant that turns the reference up or down."""
    return lambda mic, far, _: (mic, (far * 10 ** (gain_db / 20)).astype(np.float32))


def _clipped(share: float) -> Plant:
    """Return a plant that drives the microphone so far that a share of its loud samples are cut."""

    def plant(mic: Samples, far: Samples, _seed: int) -> Pair:
        frames = mic[: mic.size // FRAME * FRAME].reshape(-1, FRAME)
        power = np.mean(frames.astype(np.float64) ** 2, axis=1)
        rail = np.quantile(np.abs(frames[power > power.max() * LOUD_SHARE]), 1 - share)
        return np.clip(mic / rail, -1, 32_767 / 32_768).astype(np.float32), far

    return plant


def _wandering(step_ms: float) -> Plant:
    """Return a plant that lets a queue breathe: every two seconds it takes a step either way."""

    def plant(mic: Samples, far: Samples, seed: int) -> Pair:
        random, out, lag = np.random.default_rng(seed), [], 0
        for piece in np.array_split(mic, max(1, mic.size // (2 * RATE_HZ))):
            step = int(random.choice((-1, 1))) * round(step_ms / 1_000 * RATE_HZ)
            step = -step if abs(lag + step) > 3 * abs(step) else step
            lag += step
            out.append(np.pad(piece, (step, 0)) if step > 0 else piece[-step:])
        return np.concatenate(out), far

    return plant


def _net(delay_ms: float) -> Callable[[Clip], Plant]:
    """Return what brings a clip's echo to a delay."""
    return lambda clip: _later(delay_ms - clip.delay_ms)


def _drifting(ppm: float) -> Callable[[Clip], Plant]:
    """Return what lets the clocks run apart, from a delay on from which the echo stays behind its reference."""

    def plant_of(clip: Clip) -> Plant:
        def plant(mic: Samples, far: Samples, seed: int) -> Pair:
            return _drift(ppm)(*_net(DRIFTS_FROM_MS)(clip)(mic, far, seed), seed)

        return plant

    return plant_of


def _any(plant: Plant) -> Callable[[Clip], Plant]:
    return lambda _: plant


FAULTS: dict[str, tuple[str, Callable[[Clip], Plant]]] = {
    "none": ("canceller-off", _any(_as_it_is)),
    **{f"mic cut {rate:g}/s": ("capture-drops", _any(_mic_cut(rate))) for rate in (0.2, 0.5, 1, 5)},
    **{f"mic zero-filled {rate}/s": ("canceller-off", _any(_mic_cut(rate, zero=True))) for rate in (1, 5, 10)},
    **{f"reference cut {rate:g}/s": ("reference-drops", _any(_far_cut(rate))) for rate in (0.5, 1, 2, 5)},
    **{f"echo at {delay} ms": ("canceller-off", _net(delay)) for delay in (0, 60, 300, 430, 500)},
    **{f"echo at {delay} ms": ("late-echo", _net(delay)) for delay in (520, 600, 800)},
    **{f"echo at {delay} ms": ("early-echo", _net(delay)) for delay in (-5, -10, -30, -100)},
    **{f"drift {ppm} ppm": ("canceller-off", _drifting(ppm)) for ppm in (100, -100, 300, -300)},
    **{f"drift {ppm} ppm": ("clock-skew", _drifting(ppm)) for ppm in (700, -700, 1500, -1500, 3000)},
    **{f"reference {gain} dB": ("quiet-reference", _any(_gain(gain))) for gain in (-20, -30, -40)},
    "mic clipped 2 %": ("canceller-off", _any(_clipped(0.02))),
    **{f"mic clipped {share} %": ("overdriven-microphone", _any(_clipped(share / 100))) for share in (5, 10, 20)},
    **{f"delay wanders {step} ms": ("two-engines", _any(_wandering(step))) for step in (10, 30)},
}

CLASSED = (
    "none", "mic cut 0.5/s", "mic zero-filled 5/s", "reference cut 0.5/s", "echo at 60 ms", "echo at 500 ms",
    "echo at 600 ms", "echo at -10 ms", "echo at -100 ms", "drift -300 ppm", "drift 700 ppm", "drift -700 ppm",
    "reference -30 dB", "mic clipped 20 %", "delay wanders 10 ms",
)  # fmt: skip


# --- the tables -------------------------------------------------------------------------------------------------------


def _failures(clips: list[Clip]) -> None:
    rows: list[list[object]] = []
    for name, (_, plant) in FAULTS.items():
        erles = [_erle_db(*plant(clip)(clip.mic, clip.far, seed)) for clip in clips for seed in range(_seeds(name))]
        low, middle, high = np.percentile(erles, (25, 50, 75))
        rows.append([name, len(erles), float(middle), float(low), float(high)])
    package = CANCELLERS["aec3"]
    show(
        f"ERLE of {package.title} ({package.package} {package.version}) over the second half of {len(clips)} clips",
        ("fault", "runs", "median dB", "25 %", "75 %"),
        rows,
    )


def _seeds(name: str) -> int:
    return SEEDS if "cut" in name or "zero" in name else 1


def _erle_db(mic: Samples, far: Samples) -> float:
    frames = min(mic.size, far.size) // FRAME * FRAME
    after = CANCELLERS["aec3"].cancel(mic[:frames], far[:frames], delay_ms=0)
    late = slice(frames // 2, frames)
    powers = [float(np.mean(sound[late].astype(np.float64) ** 2)) for sound in (mic[:frames], after)]
    return 10 * float(np.log10(powers[0] / powers[1]))


def _classes(title: str, clips: list[Clip]) -> None:
    rows: list[list[Any]] = []
    for name in CLASSED:
        wanted, plant = FAULTS[name]
        told = Counter(_class(*plant(clip)(*_long(clip), 0)) for clip in clips)
        wrong = ", ".join(f"{count} {why}" for why, count in told.items() if why not in {wanted, None})
        rows.append([name, wanted, len(clips), told[wanted], told[None], wrong or "–"])
    runs, right, none = (sum(int(row[place]) for row in rows) for place in (2, 3, 4))
    rows.append(["all", "", runs, right, none, runs - right - none])
    show(f"{title}: {len(clips)} clips", ("fault", "class", "runs", "right", "not told", "wrong"), rows)


def _alone(folder: Path) -> None:
    """Print how many windows are told to hold the agent alone, by how loud the user's stem is beside the echo."""
    told: dict[str, list[bool]] = {"user 10 dB below the echo and less": [], "user 5 dB below the echo and more": []}
    for row in csv.DictReader((folder / "manifest.csv").read_text(encoding="utf-8").splitlines()):
        if row["echo_label"] != "1" or not row["file_near"] or not row["scenario"].startswith(BOTH):
            continue
        mic, far, near = (_read(folder / row[name]) for name in ("file_mic", "file_far", "file_near"))
        frames = min(mic.size, far.size, near.size) // WINDOW * WINDOW
        mic, far, near = mic[:frames], far[:frames], near[:frames]
        delay_ms = leak(mic, far, rate_hz=RATE_HZ).delay_ms
        if delay_ms is None:
            continue
        agent = single_talk(mic, far, rate_hz=RATE_HZ, lag_s=delay_ms / 1_000).agent
        echo, user = (_window_powers(sound) for sound in (mic - near, near))
        loud, beside_db = echo > np.percentile(echo, 90) / 100, 10 * np.log10((user + 1e-12) / (echo + 1e-12))
        told["user 10 dB below the echo and less"] += agent[loud & (beside_db < -10)].tolist()
        told["user 5 dB below the echo and more"] += agent[loud & (beside_db > -5)].tolist()
    rows = [[name, len(windows), float(np.mean(windows))] for name, windows in told.items()]
    show("measure.single_talk: windows that are told to hold the agent alone", ("", "windows", "share"), rows)


def _window_powers(sound: Samples) -> NDArray[np.float64]:
    return np.asarray(np.mean(sound.reshape(-1, WINDOW).astype(np.float64) ** 2, axis=1))


def _long(clip: Clip) -> Pair:
    times = int(np.ceil(LONG_S * RATE_HZ / clip.mic.size))
    return np.tile(clip.mic, times), np.tile(clip.far, times)


def _class(mic: Samples, far: Samples) -> str | None:
    tracks = {
        "user-sent": Track(name="user-sent", source=ArraySource(mic, RATE_HZ)),
        "agent-played": Track(name="agent-played", source=ArraySource(far, RATE_HZ)),
    }
    failure = failure_of(Examination(Session(source="benchmark", tracks=tracks)))
    return failure.why if failure else None


if __name__ == "__main__":
    main()
