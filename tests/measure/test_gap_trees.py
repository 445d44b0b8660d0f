"""Trees written down by hand."""

import numpy as np
import pytest

from voicediag.measure.gap_trees import Trees

# The first: x0 <= 1 gives -1; else x1 <= 0 gives 2 and above it 5. The second says 10 of everything.
TREES = Trees(
    feature=np.array([[0, 0, 1, 0, 0], [0, 0, 0, 0, 0]], np.uint8),
    left=np.array([[1, 1, 3, 3, 4], [0, 1, 2, 3, 4]], np.uint8),
    right=np.array([[2, 1, 4, 3, 4], [0, 1, 2, 3, 4]], np.uint8),
    threshold=np.array([[1, 0, 0, 0, 0], [0, 0, 0, 0, 0]], np.float32),
    value=np.array([[0, -1, 0, 2, 5], [10, 0, 0, 0, 0]], np.float32),
    begin=0.5,
    depth=2,
)


@pytest.mark.parametrize(("row", "told"), [((1, 9), 9.5), ((1.5, 0), 12.5), ((1.5, 0.1), 15.5)])
def test_a_row_ends_in_one_leaf_of_each_tree(row, told):
    assert TREES.total(np.array([row], np.float32)).tolist() == [told]


def test_rows_are_told_apart_however_many():
    rows = np.tile(np.array([[1, 9], [1.5, 0.1]], np.float32), (1_500, 1))
    assert TREES.total(rows).tolist() == [9.5, 15.5] * 1_500


def test_nothing_is_said_of_no_rows():
    assert TREES.total(np.empty((0, 2), np.float32)).size == 0
