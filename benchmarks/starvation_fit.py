"""Fits the weights of `measure.gaps`, ``voicediag/measure/gaps.npz``.

``python -m benchmarks.starvation_fit FOLDER [EXAMPLES [OUT]]`` takes voices as ``FOLDER/<source>/<speaker>.flac``
(those of `benchmarks.starvation_examples.TAKEN`, made as for `benchmarks.voice_rate_fit`) and the fitted half of
`benchmarks.starvation_material`. It needs scikit-learn, and about half an hour of one core. The same voices, numpy and
scikit-learn make the same weights. Most candidates are plain: a first net says which of them are hard, and the net that
is kept learns from all gaps, all that is hard, and a part of the rest that stands for all of it. Trees then learn from
what the net leaves in doubt of as many examples again, which it has not seen: of its own it would say too much.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from rich.progress import Progress
from threadpoolctl import threadpool_limits

from benchmarks.starvation_examples import GAPS, Planted, Voices, example, read_voices
from voicediag.measure._filters import Frames, Samples
from voicediag.measure.gap_features import SCALE_DB, SIDES
from voicediag.measure.gap_places import placed
from voicediag.measure.gaps import PLAIN_NATS, SOFT_DB, TREE, WEIGHTS, GapMeter, columns, joins_of, judged

EXAMPLES: Final = 4_000
SEED: Final = 20_261_124
NEAR_CELLS: Final = 4
PART: Final = 0.2
HARD_SHARE: Final = 0.1
PLAIN_PART: Final = 12
HIDDEN: Final = (64, 32)
EPOCHS: Final = 12
TREES: Final = 350
LEAVES: Final = 24
SHARE_ASKED: Final = 0.2
Weights = dict[str, NDArray[Any]]
voices: Voices


class _Collector(GapMeter):
    """The meter itself, which keeps what it sees of every candidate that is not soft.

    With a net it keeps those that are no plain pauses, with what it says of them and what is seen of their joins.
    """

    def __init__(self, rate_hz: float, net: Weights | None = None) -> None:
        super().__init__(rate_hz)
        self._net, self._rows, self._total = net, list[tuple[NDArray[Any], ...]](), 0

    def _look(self, window: Samples, origin: int, starts: slice) -> None:
        first, last, seen = self._seen(window, starts)
        self._total += first.size
        kept = seen[:, SIDES].min(axis=1) * SCALE_DB > -SOFT_DB
        nats = np.zeros(first.size) if self._net is None else judged(seen, self._net)
        if self._net is not None:
            kept &= nats > PLAIN_NATS
        first, last, seen, begins = first[kept], last[kept], seen[kept], origin // self._hop
        places = [placed(window, *cells, self._hop) for cells in zip(first.tolist(), last.tolist(), strict=True)]
        joined = joins_of(window, places if self._net else [], rate_hz=self._rate_hz)
        self._rows.append((first + begins, last + begins, nats[kept], seen, joined))

    def _summary(self) -> Any:
        return tuple(np.concatenate(part) for part in zip(*self._rows, strict=True)), self._hop, self._total


def main() -> None:
    """Fit, and write the weights: those between layers in 16 bits."""
    if len(sys.argv) < 2:
        sys.exit("usage: python -m benchmarks.starvation_fit FOLDER [EXAMPLES [OUT]]")
    count = int(sys.argv[2]) if len(sys.argv) > 2 else EXAMPLES
    out = Path(sys.argv[3]) if len(sys.argv) > 3 else WEIGHTS
    with Progress() as bar, ProcessPoolExecutor(initializer=_load, initargs=(Path(sys.argv[1]),)) as pool:
        rows = list(bar.track(pool.map(_seen, range(count), chunksize=10), total=count, description="for the net"))
        seen, is_gap = (np.concatenate(part) for part in list(zip(*rows, strict=True))[2:4])
        # Sums of several threads come in any order.
        with threadpool_limits(1):
            net = fitted_net(seen, is_gap)
        again = pool.map(partial(_seen, net=net), range(count, 2 * count), chunksize=10)
        rows = list(bar.track(again, total=count, description="for the trees"))
    trees = trees_of(rows)
    np.savez_compressed(out, **net, **{f"{TREE}{name}": values for name, values in trees.items()})


def trees_of(rows: list[tuple[NDArray[Any], ...]]) -> Weights:
    """Return the trees for what is seen of some sounds, without any part of its sums in another order."""
    nats, joined, seen, is_gap, totals, gaps = (np.concatenate(part) for part in zip(*rows, strict=True))
    with threadpool_limits(1):
        trees = fitted_trees(columns(nats, seen.astype(np.float32), joined.astype(np.float32)), is_gap)
    trees["begin"] -= np.float32(np.log(gaps.sum() / (totals.sum() - gaps.sum())))
    print(f"{gaps.sum()} gaps among {totals.sum()} candidates; {is_gap.size} doubtful")
    return trees


def _load(folder: Path) -> None:
    global voices  # noqa: PLW0603 - how a pool's processes are given what they share
    threadpool_limits(1)
    voices = read_voices(folder)


def _seen(index: int, net: Weights | None = None) -> tuple[NDArray[Any], ...]:
    one = example(voices, np.random.default_rng((SEED, index)))
    return seen_of(one.samples, one.rate_hz, one.damages, net)


def seen_of(
    samples: Samples, rate_hz: int, damages: list[Planted], net: Weights | None = None
) -> tuple[NDArray[Any], ...]:
    """Return of the candidates of some sound nats, join, features and which are gaps, and how many there are of each.

    What is neither a gap nor none is left out.
    """
    (first, last, nats, seen, joined), hop, total = _Collector(rate_hz, net).push(samples).result()
    is_gap, is_part = (np.zeros(first.size, np.bool_) for _ in range(2))
    for planted in damages:
        near, part = _alike(first, last, planted, rate_hz / hop)
        is_gap |= near
        is_part |= part
    kept = is_gap | ~is_part
    parts = (nats[kept], joined[kept[: len(joined)]].astype(np.float16), seen[kept].astype(np.float16), is_gap[kept])
    return *parts, np.array([total]), np.array([is_gap.sum()])


def _alike(first: Frames, last: Frames, planted: Planted, cells_a_second: float) -> tuple[Any, Any]:
    """Return which candidates are a planted gap, and which share more than a part with it."""
    kind, start, end = planted[0], planted[1] * cells_a_second, planted[2] * cells_a_second
    if kind not in GAPS:
        return np.zeros(first.size, np.bool_), np.zeros(first.size, np.bool_)
    shared = np.minimum(last, end) - np.maximum(first, start)
    part = shared > PART * (np.maximum(last, end) - np.minimum(first, start))
    late = NEAR_CELLS + (kind == "faded")
    return (np.abs(first - start) <= NEAR_CELLS) & (np.abs(last - end) <= late), part


def fitted_net(seen: NDArray[np.float16], is_gap: NDArray[np.bool_]) -> Weights:
    """Return the weights of the net; what it says is the logarithm of a likelihood ratio."""
    from sklearn.neural_network import MLPClassifier

    random = np.random.default_rng(SEED)
    some = seen[random.choice(len(seen), min(len(seen), 60_000), replace=False)].astype(np.float32)
    mean, spread = some.mean(axis=0), some.std(axis=0) + 1e-2
    gaps, others = np.flatnonzero(is_gap), np.flatnonzero(~is_gap)
    first = MLPClassifier((32, 16), alpha=1e-3, batch_size=512, learning_rate_init=2e-3, max_iter=5, random_state=1)
    chosen = np.concatenate((gaps, random.choice(others, others.size // 6, replace=False)))
    first.fit((seen[chosen] - mean) / spread, is_gap[chosen])
    parts = np.array_split(others, max(1, others.size // 50_000))
    told = np.concatenate([first.predict_proba((seen[part] - mean) / spread)[:, 1] for part in parts])
    is_hard = told > np.quantile(told, 1 - HARD_SHARE)
    hard, plain = others[is_hard], random.choice(others[~is_hard], np.sum(~is_hard) // PLAIN_PART, replace=False)
    rows = np.concatenate((gaps, hard, plain))
    weight = np.concatenate((np.ones(gaps.size + hard.size), np.full(plain.size, float(PLAIN_PART))))
    net = MLPClassifier(HIDDEN, alpha=4e-3, batch_size=512, max_iter=EPOCHS, random_state=2)
    net.fit((seen[rows] - mean) / spread, is_gap[rows], sample_weight=weight)
    layers = {f"w{n}": values.astype(np.float16) for n, values in enumerate(net.coefs_, 1)}
    layers |= {f"b{n}": values.astype(np.float32) for n, values in enumerate(net.intercepts_, 1)}
    layers["b3"] -= np.float32(np.log(gaps.size / others.size))
    return layers | {"m": mean.astype(np.float32), "s": spread.astype(np.float32)}


def fitted_trees(seen: Samples, is_gap: NDArray[np.bool_]) -> Weights:
    """Return the arrays of `measure.gap_trees.Trees`; what they say is the logarithm of odds."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        max_iter=TREES, learning_rate=0.06, max_leaf_nodes=LEAVES, min_samples_leaf=15, l2_regularization=1.0,
        max_features=SHARE_ASKED, early_stopping=False, random_state=3,
    )  # fmt: skip
    model.fit(seen, is_gap)
    stored = [predictor.nodes for (predictor,) in model._predictors]  # noqa: SLF001 - it has no public form
    shape = len(stored), max(nodes.size for nodes in stored)
    trees: Weights = {name: np.zeros(shape, np.uint8) for name in ("left", "right")}
    trees["feature"] = np.zeros(shape, np.uint16)
    trees |= {name: np.zeros(shape, np.float32) for name in ("threshold", "value")}
    for row, nodes in enumerate(stored):
        here, leaf = np.arange(nodes.size), nodes["is_leaf"] == 1
        trees["feature"][row, here] = np.where(leaf, 0, nodes["feature_idx"])
        trees["left"][row, here] = np.where(leaf, here, nodes["left"])
        trees["right"][row, here] = np.where(leaf, here, nodes["right"])
        trees["threshold"][row, here] = np.where(leaf, 0, nodes["num_threshold"])
        trees["value"][row, here] = np.where(leaf, nodes["value"], 0)
    depth = max(int(nodes["depth"].max()) for nodes in stored)
    begin = np.float32(model._baseline_prediction.item())  # noqa: SLF001 - likewise
    return trees | {"begin": np.asarray(begin), "depth": np.asarray(depth, np.uint8)}


if __name__ == "__main__":
    main()
