"""How well starvation is told: ``python -m benchmarks.starvation``, on the voices that no constant was chosen on.

The cases are those of `benchmarks.starvation_material`. A found place counts for a planted one where it begins within
50 ms of it; each counts once. With two points, places in speech of `two_taps.LEAST_CHANGE` and more are findings. What
was planted smaller than that is neither asked for nor held against the finding. `--quick` takes a tenth.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any

import numpy as np
import soxr
from rich.progress import track

from benchmarks import starvation_material as material
from benchmarks.starvation_damage import KINDS, Damage
from benchmarks.table import show
from voicediag.detect.two_taps import LEAST_CHANGE
from voicediag.measure.two_points import Change, between
from voicediag.session import Samples

CASES, CLEAN, MINUTES, HOUR_S = 480, 200, 24, 3_600
BESIDE_S, START_S, PPM = 0.05, 0.002, 1.0
MEANT = {"lost": "never", "blanked": "never", "repeated": "repeated", "swapped": "swapped"}
QUICK = 10


@dataclass(frozen=True)
class Hit:
    """A planted damage, and what was found for it."""

    damage: Damage
    start_s: float | None
    kind: str | None

    @property
    def is_right(self) -> bool:
        """Whether it is called what it is."""
        return self.kind == MEANT.get(self.damage.kind, "late")


@dataclass(frozen=True)
class Result:
    """One case."""

    kind: str
    codec: str
    noise: str
    hits: tuple[Hit, ...]
    false: int
    drift_off_ppm: float | None
    seconds: float


def main() -> None:
    """Print the tables."""
    part = QUICK if "--quick" in sys.argv else 1
    with ProcessPoolExecutor() as pool:
        results = list(_shown(pool, _two_points, range(CASES // part)))
        clips = list(enumerate(material.clean_clips(CLEAN // part, fitted=False)))
        clean = list(_shown(pool, _clean, clips))
        drifts = list(_shown(pool, _minute, range(MINUTES // part + 2)))
    _goals(results, clean, drifts)
    for title, key in (("kind", "kind"), ("codec", "codec"), ("noise", "noise")):
        groups = sorted({getattr(result, key) for result in results})
        _by(title, [(group, [each for each in results if getattr(each, key) == group]) for group in groups])


def _shown(pool: ProcessPoolExecutor, job: Callable[[Any], object], jobs: Sequence[object]) -> Iterable:
    return track(pool.map(job, jobs, chunksize=2), total=len(jobs), transient=True)


def _goals(results: list[Result], clean: list[int], drifts: list[float]) -> None:
    hits = [hit for result in results for hit in result.hits]
    asked = [hit for hit in hits if hit.damage.length_s >= LEAST_CHANGE.value]
    found = [hit for hit in asked if hit.kind]
    told = [hit for hit in found if hit.damage.is_late is not None]
    false = sum(result.false for result in results)
    near = [hit for hit in found if hit.start_s is not None and hit.start_s <= START_S]
    rows: list[tuple[object, ...]] = [
        ("two points: gaps of 20 ms and more found", f"{len(found)} of {len(asked)}", _share(found, asked), "≥ 99 %"),
        ("two points: what is found is one", f"{false} false", _of(len(found), len(found) + false), "≥ 99 %"),
        ("two points: begins within 2 ms", f"{len(near)} of {len(found)}", _share(near, found), "–"),
        ("two points: late or never", *_right(told), "≥ 99.5 %"),
        ("two points: the kind", *_right(found), "–"),
        ("two points: 10 to 20 ms found", *_small(hits), "–"),
        ("two points: clean clips without a place", *_none(clean), "100 %"),
        ("drift of a minute within 1 ppm", *_drift(drifts), "100 %"),
    ]  # fmt: skip
    for rate_hz in (16_000, 24_000):
        wall_s, cpu_s, changes = _hour(rate_hz)
        told = f"{wall_s:.1f} s, {cpu_s:.1f} s of one core"
        rows.append((f"an hour at {rate_hz // 1_000} kHz, {changes} places", told, "", "< 4 s"))
    show(
        f"Starvation, {len(results)} cases of real speech" if material.REAL else "Starvation, speech-like noise",
        ("what", "counted", "share", "goal"),
        rows,
        note="Noise of 5 to 40 dB SNR or none, 8 to 48 kHz, G.711 and Opus at 24 kbit/s, up to 500 ppm of drift.",
    )


def _by(title: str, groups: list[tuple[str, list[Result]]]) -> None:
    rows = []
    for name, results in groups:
        asked = [h for result in results for h in result.hits if h.damage.length_s >= LEAST_CHANGE.value]
        found = [hit for hit in asked if hit.kind]
        near = sum(hit.start_s is not None and hit.start_s <= START_S for hit in found)
        right = sum(hit.is_right for hit in found)
        rows.append((name, len(asked), len(found), near, right, sum(result.false for result in results)))
    show(f"Two points, by {title}", (title, "planted", "found", "within 2 ms", "right kind", "false"), rows)


def _share(some: Sequence[object], all_: Sequence[object]) -> str:
    return _of(len(some), len(all_))


def _of(some: int, all_: int) -> str:
    return f"{100 * some / all_:.2f} %" if all_ else "–"


def _right(hits: list[Hit]) -> tuple[str, str]:
    right = [hit for hit in hits if hit.is_right]
    return f"{len(right)} of {len(hits)}", _share(right, hits)


def _small(hits: list[Hit]) -> tuple[str, str]:
    small = [hit for hit in hits if hit.damage.length_s < LEAST_CHANGE.value]
    found = [hit for hit in small if hit.kind]
    return f"{len(found)} of {len(small)}", _share(found, small)


def _none(clean: list[int]) -> tuple[str, str]:
    return f"{clean.count(0)} of {len(clean)}", _of(clean.count(0), len(clean))


def _drift(off_ppm: list[float]) -> tuple[str, str]:
    near = [off for off in off_ppm if off <= PPM]
    return f"{len(near)} of {len(off_ppm)}, worst {max(off_ppm):.2f}", _share(near, off_ppm)


def _two_points(index: int) -> Result:
    case = material.case(index, fitted=False)
    began = time.perf_counter()
    told = between(case.received, case.played, rate_hz=case.received_hz, played_rate_hz=case.played_hz)
    seconds = time.perf_counter() - began
    heard = [change for change in told.changes if change.is_in_speech]
    hits, left = _paired(case.damages, heard)
    false = sum(change.size_s >= LEAST_CHANGE.value for change in left)
    off = None if told.drift_ppm is None else abs(told.drift_ppm - case.drift_ppm)
    return Result(case.kind, case.codec, _noise(case), tuple(hits), false, off, seconds)


def _noise(case: material.Case) -> str:
    if case.snr_db is None:
        return "none"
    step = "5-15 dB" if case.snr_db < 15 else "15-40 dB"
    return f"{step}, {'at both points' if case.is_noise_shared else 'on the way'}"


def _paired(damages: Iterable[Damage], changes: list[Change]) -> tuple[list[Hit], list[Change]]:
    """Return each damage with the nearest place that begins close to it, and the places that are left."""
    left, hits = list(changes), []
    for damage in damages:
        off = [abs(change.played.start_s - damage.played_s[0]) for change in left]
        best = int(np.argmin(off)) if off else -1
        if best < 0 or off[best] > BESIDE_S:
            hits.append(Hit(damage, None, None))
        else:
            hits.append(Hit(damage, off[best], left.pop(best).kind))
    return hits, left


def _clean(clip: tuple[int, tuple[Samples, int]]) -> int:
    """Return how many places are found between a clean clip and itself through a line."""
    index, (sound, rate_hz) = clip
    codec: material.Codec = ("none", "g711", "opus")[index % 3]
    told = between(sound, material.through(sound, rate_hz, codec), rate_hz=rate_hz)
    return sum(change.is_in_speech and change.size_s >= LEAST_CHANGE.value for change in told.changes)


def _minute(index: int) -> float:
    """Return by how many ppm the drift of a minute is off."""
    case = material.case(10_000 + index, fitted=False, kind=KINDS[index % len(KINDS)], duration_s=60.0)
    told = between(case.received, case.played, rate_hz=case.received_hz, played_rate_hz=case.played_hz)
    return float("inf") if told.drift_ppm is None else abs(told.drift_ppm - case.drift_ppm)


def _hour(rate_hz: int) -> tuple[float, float, int]:
    """Return how long an hour with a late chunk every half a minute takes: on the clock, and of the cores."""
    random = np.random.default_rng((material.SEED, rate_hz))
    sound = material.speech(HOUR_S, rate_hz, fitted=False, random=random)
    edges = np.linspace(0, sound.size, HOUR_S // 30 + 1).astype(int)
    holes = [np.zeros(int(random.uniform(0.02, 0.3) * rate_hz), np.float32) for _ in edges[1:]]
    pieces = [sound[low:high] for low, high in pairwise(edges.tolist())]
    played = np.concatenate(list(chain.from_iterable(zip(pieces, holes, strict=True)))) * np.float32(0.5)
    played = np.asarray(soxr.resample(played, rate_hz, rate_hz * 1.0001), np.float32)
    began, used = time.perf_counter(), time.process_time()
    told = between(sound, played, rate_hz=rate_hz)
    return time.perf_counter() - began, time.process_time() - used, len(told.changes)


if __name__ == "__main__":
    main()
