"""What many small decision trees say together of each row of features, as `voicediag.measure.gaps` asks.

Formula
    Each tree sends a row to its left where a feature is at most a threshold, and to its right elsewhere, until a leaf;
    the values of the leaves add up, over a value to begin with (gradient boosting: J. Friedman, "Greedy function
    approximation", Ann. Statist. 29 (5), 2001).
Conventions
    A tree's nodes stand in a row of each array, the root first; a leaf leads to itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voicediag.measure._filters import Samples

_AT_ONCE = 1_024


@dataclass(frozen=True, eq=False)
class Trees:
    """Trees of at most 256 nodes each.

    Attributes
    ----------
    feature : uint16, shape (trees, nodes)
    left, right : uint8, shape (trees, nodes)
    threshold, value : float32, shape (trees, nodes)
    begin : float
    depth : int
        Of the deepest.
    """

    feature: NDArray[np.uint16]
    left: NDArray[np.uint8]
    right: NDArray[np.uint8]
    threshold: Samples
    value: Samples
    begin: float
    depth: int

    def total(self, seen: Samples) -> NDArray[np.float64]:
        """Return the sum for each row, float64, shape (rows,)."""
        told = [self._total(seen[at : at + _AT_ONCE]) for at in range(0, len(seen), _AT_ONCE)]
        return np.concatenate(told) if told else np.empty(0)

    def _total(self, seen: Samples) -> NDArray[np.float64]:
        tree, row = np.arange(len(self.feature)), np.arange(len(seen))[:, None]
        node = np.zeros((len(seen), len(self.feature)), np.uint8)
        for _ in range(self.depth):
            is_left = seen[row, self.feature[tree, node]] <= self.threshold[tree, node]
            node = np.where(is_left, self.left[tree, node], self.right[tree, node])
        return np.asarray(self.value[tree, node].sum(axis=1, dtype=np.float64) + self.begin)
