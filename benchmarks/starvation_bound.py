"""How near `measure.gaps` comes to what one track can tell at all: the bound of `benchmarks.starvation_single`.

``python -m benchmarks.starvation_bound [CASES [DRAWN]]`` judges the same cases three times: with the weights that
stand; with trees that were fitted on `DRAWN` other cases of the very voices and noises that are counted here, which
nobody can have who meets a new voice; and, where noise lies over the gaps, with that noise left out. It needs
scikit-learn.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import numpy as np
from numpy.typing import NDArray

from benchmarks import starvation_material
from benchmarks.starvation_damage import KINDS, Damage
from benchmarks.starvation_fit import seen_of, trees_of
from benchmarks.starvation_material import Case, case
from benchmarks.starvation_single import BANDS_DB, CASES, FIRST, GAPS, LEAST_S, LENGTHS_S, Told, told_of
from benchmarks.table import show
from voicediag.measure import gaps
from voicediag.measure.gaps import TREE

DRAWN = 400
# Far from all that is counted.
DRAWN_FIRST = 40_000
STEP_S, EDGE_S = 0.01, 0.002
UNREST_DB = ((0, 3), (3, 6), (6, 10), (10, 60))


@dataclass(frozen=True)
class Gap:
    """A planted gap, whether each of the three found it, and how its fill moves."""

    case: Case
    damage: Damage
    stands: bool
    known: bool
    quiet: bool
    unrest_db: float | None


def main() -> None:
    """Print the tables."""
    numbers = [int(each) for each in sys.argv[1:]]
    count, drawn = [*numbers, *(CASES, DRAWN)[len(numbers) :]]
    indices = [index for index in range(FIRST, FIRST + count) if KINDS[index % len(KINDS)] in GAPS]
    with ProcessPoolExecutor() as pool, TemporaryDirectory() as folder:
        rows = list(pool.map(_seen, range(DRAWN_FIRST, DRAWN_FIRST + drawn), chunksize=8))
        known = _stored(trees_of(rows), Path(folder) / "known.npz")
        judged = list(pool.map(_judged, indices, [known] * len(indices), chunksize=4))
    found = [gap for told in judged for gap in _gaps(*told)]
    columns = ("", "gaps", "found", "recall", "by trees that know the voices", "recall", "without the noise", "recall")
    show("Gaps of 20 ms and more", columns, [_row(name, some) for name, some in _cells(found)])
    false = [sum(told[which].false for told in judged) for which in range(3)]
    hits = [sum(each) for each in zip(*((gap.stands, gap.known, gap.quiet) for gap in found), strict=True)]
    names = ("the weights that stand", "trees that know the voices", "without the noise")
    precision = [[name, bad, hit / (hit + bad)] for name, bad, hit in zip(names, false, hits, strict=True)]
    show("Said, and not planted", ("", "false", "precision"), precision)


def _seen(index: int) -> tuple[NDArray[Any], ...]:
    one = case(index, fitted=False)
    planted = [(each.kind, *each.played_s) for each in one.damages]
    return seen_of(one.played, one.played_hz, planted, dict(gaps.first_net()))


def _stored(trees: dict[str, NDArray[Any]], path: Path) -> Path:
    """Write weights of which only the trees are other ones."""
    np.savez(path, **gaps.first_net(), **{f"{TREE}{name}": values for name, values in trees.items()})
    return path


def _judged(index: int, known: Path) -> tuple[Told, Told, Told]:
    """Return what is told of a case as things stand, by trees that know its voices, and without noise over its gaps."""
    one = case(index, fitted=False)
    stands = told_of(one)
    with mock.patch.object(gaps, "trees", return_value=gaps.read_trees(known)):
        of_known = told_of(one)
    if one.snr_db is None or one.is_noise_shared:
        return stands, of_known, stands
    with mock.patch.object(starvation_material, "noise", lambda sound, *_, **__: np.zeros_like(sound)):
        return stands, of_known, told_of(case(index, fitted=False))


def _gaps(stands: Told, known: Told, quiet: Told) -> Iterator[Gap]:
    one = stands.case
    for damage, *hits in zip(one.damages, stands.found, known.found, quiet.found, strict=True):
        if damage.length_s >= LEAST_S:
            yield Gap(one, damage, *hits, _unrest_db(one, damage))


def _unrest_db(one: Case, damage: Damage) -> float | None:
    """Return by how much the loudest hundredth of a second within a gap stands over the middle one."""
    edge, step = (round(each_s * one.played_hz) for each_s in (EDGE_S, STEP_S))
    start, end = (round(at_s * one.played_hz) for at_s in damage.played_s)
    moved = np.diff(one.played[start + edge : end - edge].astype(np.float64)) ** 2
    if moved.size < 3 * step:
        return None
    levels = 10 * np.log10(moved[: moved.size // step * step].reshape(-1, step).mean(axis=1) + 1e-10)
    return float(levels.max() - np.median(levels))


def _cells(found: list[Gap]) -> Iterator[tuple[str, list[Gap]]]:
    def those(holds: Callable[[Gap], bool]) -> list[Gap]:
        return [gap for gap in found if holds(gap)]

    over = those(lambda gap: gap.case.snr_db is not None and not gap.case.is_noise_shared)
    yield "all", found
    yield "no noise over them", [gap for gap in found if gap not in over]
    yield "noise over them", over
    for low, high in BANDS_DB:
        yield f"noise over them, {low}-{high} dB SNR", [gap for gap in over if low <= (gap.case.snr_db or 0) < high]
    for low, high in UNREST_DB:
        some = [gap for gap in over if gap.unrest_db is not None and low <= gap.unrest_db < high]
        yield f"noise that moves by {low}-{high} dB within the gap", some
    for kind in GAPS:
        yield kind, those(lambda gap, kind=kind: gap.damage.kind == kind)  # type: ignore[misc]
    for codec, name in (("none", "no codec after"), ("g711", "G.711 after"), ("opus", "Opus after")):
        yield name, those(lambda gap, codec=codec: _coded(gap.case) == codec)  # type: ignore[misc]
    for low_s, high_s in LENGTHS_S:
        name = f"{1_000 * low_s:.0f}-{1_000 * high_s:.0f} ms"
        yield name, [gap for gap in found if low_s <= gap.damage.length_s < high_s]


def _coded(one: Case) -> str:
    return "none" if one.is_coded_first else one.codec


def _row(name: str, some: list[Gap]) -> list[object]:
    row: list[object] = [name, len(some)]
    for hits in ([gap.stands for gap in some], [gap.known for gap in some], [gap.quiet for gap in some]):
        row += [sum(hits), sum(hits) / len(hits) if hits else None]
    return row


if __name__ == "__main__":
    main()
