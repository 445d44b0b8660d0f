"""Fits the weights of `measure.gaps`, ``voicediag/measure/gaps.npz``.

``python -m benchmarks.starvation_fit FOLDER [EXAMPLES]`` takes voices as ``FOLDER/<source>/<speaker>.flac`` (those of
`benchmarks.starvation_examples.TAKEN`) and the fitted half of `benchmarks.starvation_material`. It needs scikit-learn,
and about half an hour of one core. Most candidates are plain: a first net says which of them are hard, and the net that
is kept learns from all gaps, all that is hard, and a part of the rest that stands for all of it.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from rich.progress import Progress

from benchmarks.starvation_examples import GAPS, Planted, Voices, example, read_voices
from voicediag.measure._filters import Frames, Samples
from voicediag.measure.gaps import WEIGHTS, GapMeter

EXAMPLES: Final = 4_000
SEED: Final = 20_261_124
NEAR_CELLS: Final = 4
PART: Final = 0.2
HARD_SHARE: Final = 0.1
PLAIN_PART: Final = 12
HIDDEN: Final = (64, 32)
EPOCHS: Final = 12
voices: Voices


class _Collector(GapMeter):
    """The meter itself, which keeps what it sees of every candidate."""

    def __init__(self, rate_hz: float) -> None:
        super().__init__(rate_hz)
        self.rows: list[tuple[Frames, Frames, Samples]] = []

    def _look(self, window: Samples, origin: int, starts: slice) -> None:
        first, last, seen = self._seen(window, starts)
        self.rows.append((first + origin // self._hop, last + origin // self._hop, seen))

    def _summary(self) -> Any:
        return tuple(np.concatenate(part) for part in zip(*self.rows, strict=True)), self._hop


def main() -> None:
    """Fit, and write the weights: those between layers in 16 bits."""
    if len(sys.argv) < 2:
        sys.exit("usage: python -m benchmarks.starvation_fit FOLDER [EXAMPLES]")
    count = int(sys.argv[2]) if len(sys.argv) > 2 else EXAMPLES
    with Progress() as bar, ProcessPoolExecutor(initializer=_load, initargs=(Path(sys.argv[1]),)) as pool:
        rows = bar.track(pool.map(_seen, range(count), chunksize=10), total=count, description="examples")
        seen, is_gap = zip(*rows, strict=True)
    net = fit(np.concatenate(seen), np.concatenate(is_gap))
    stored = {name: values.astype(np.float16 if name[0] == "w" else np.float32) for name, values in net.items()}
    np.savez_compressed(WEIGHTS, **stored)


def _load(folder: Path) -> None:
    global voices  # noqa: PLW0603 - how a pool's processes are given what they share
    voices = read_voices(folder)


def _seen(index: int) -> tuple[NDArray[np.float16], NDArray[np.bool_]]:
    """Return the features of the candidates of one example, and which are gaps; what is neither is left out."""
    one = example(voices, np.random.default_rng((SEED, index)))
    (first, last, seen), hop = _Collector(one.rate_hz).push(one.samples).result()
    is_gap, is_part = (np.zeros(first.size, np.bool_) for _ in range(2))
    for planted in one.damages:
        near, part = _alike(first, last, planted, one.rate_hz / hop)
        is_gap |= near
        is_part |= part
    kept = is_gap | ~is_part
    return seen[kept].astype(np.float16), is_gap[kept]


def _alike(first: Frames, last: Frames, planted: Planted, cells_a_second: float) -> tuple[Any, Any]:
    """Return which candidates are a planted gap, and which share more than a part with it."""
    kind, start, end = planted[0], planted[1] * cells_a_second, planted[2] * cells_a_second
    if kind not in GAPS:
        return np.zeros(first.size, np.bool_), np.zeros(first.size, np.bool_)
    shared = np.minimum(last, end) - np.maximum(first, start)
    part = shared > PART * (np.maximum(last, end) - np.minimum(first, start))
    late = NEAR_CELLS + (kind == "faded")
    return (np.abs(first - start) <= NEAR_CELLS) & (np.abs(last - end) <= late), part


def fit(seen: NDArray[np.float16], is_gap: NDArray[np.bool_]) -> dict[str, Samples]:
    """Return the weights; what the net says is the logarithm of a likelihood ratio."""
    from sklearn.neural_network import MLPClassifier

    random = np.random.default_rng(SEED)
    some = seen[random.choice(len(seen), min(len(seen), 60_000), replace=False)].astype(np.float32)
    mean, spread = some.mean(axis=0), some.std(axis=0) + 1e-2
    scaled = ((seen - mean) / spread).astype(np.float32)
    gaps, others = np.flatnonzero(is_gap), np.flatnonzero(~is_gap)
    first = MLPClassifier((32, 16), alpha=1e-3, batch_size=512, learning_rate_init=2e-3, max_iter=5, random_state=1)
    chosen = np.concatenate((gaps, random.choice(others, others.size // 6, replace=False)))
    first.fit(scaled[chosen], is_gap[chosen])
    told = first.predict_proba(scaled[others])[:, 1]
    is_hard = told > np.quantile(told, 1 - HARD_SHARE)
    hard, plain = others[is_hard], random.choice(others[~is_hard], np.sum(~is_hard) // PLAIN_PART, replace=False)
    rows = np.concatenate((gaps, hard, plain))
    weight = np.concatenate((np.ones(gaps.size + hard.size), np.full(plain.size, float(PLAIN_PART))))
    net = MLPClassifier(HIDDEN, alpha=4e-3, batch_size=512, max_iter=EPOCHS, random_state=2)
    net.fit(scaled[rows], is_gap[rows], sample_weight=weight)
    layers = {f"w{n}": values for n, values in enumerate(net.coefs_, 1)}
    layers |= {f"b{n}": values for n, values in enumerate(net.intercepts_, 1)}
    layers["b3"] = layers["b3"] - np.log(gaps.size / others.size)
    print(f"{gaps.size} gaps among {len(seen)} candidates")
    return layers | {"m": mean, "s": spread}


if __name__ == "__main__":
    main()
