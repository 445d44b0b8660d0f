"""The algebra of spans against its slow twin: one boolean for each cell of a grid."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicediag.errors import InputError
from voicediag.spans import Span, SpanSet

CELLS = 40


@st.composite
def cells(draw):
    """A span whose edges lie on the grid, perhaps empty."""
    start = draw(st.integers(0, CELLS))
    return Span(start, draw(st.integers(start, CELLS)))


sets = st.lists(cells(), max_size=8).map(SpanSet)


def grid(spans):
    """Which cells a set covers."""
    return [any(span.start_s <= cell < span.end_s for span in spans) for cell in range(CELLS)]


def of_grid(marks):
    """The set of spans that covers the marked cells, found cell by cell."""
    spans, begun = [], None
    for cell, mark in enumerate([*marks, False]):
        if mark and begun is None:
            begun = cell
        elif not mark and begun is not None:
            spans.append(Span(begun, cell))
            begun = None
    return tuple(spans)


@given(st.lists(cells(), max_size=8))
def test_a_set_is_sorted_and_disjoint_and_covers_what_it_was_given(spans):
    assert SpanSet(spans).spans == of_grid(grid(spans))


@given(sets, sets)
def test_union_intersection_and_difference_are_those_of_the_grid(one, other):
    pairs = list(zip(grid(one), grid(other), strict=True))
    assert (one | other).spans == of_grid([a or b for a, b in pairs])
    assert (one & other).spans == of_grid([a and b for a, b in pairs])
    assert (one - other).spans == of_grid([a and not b for a, b in pairs])


@given(sets, cells())
def test_the_complement_is_what_is_left_of_a_span(spans, within):
    inside = grid([within])
    assert spans.complement(within).spans == of_grid([b and not a for a, b in zip(grid(spans), inside, strict=True)])


@given(sets)
def test_total_and_hull_count_cells(spans):
    marks = grid(spans)
    assert spans.total_s == sum(marks)
    covered = [cell for cell, mark in enumerate(marks) if mark]
    assert spans.hull == (Span(covered[0], covered[-1] + 1) if covered else None)
    assert len(spans) == len(of_grid(marks))
    assert bool(spans) == any(marks)


@given(sets, st.integers(0, 5))
def test_padding_reaches_as_many_cells_as_it_says_but_not_before_the_start(spans, by):
    wide = [any(spans_cell) for spans_cell in _near(grid(spans), by)]
    inside = spans.padded(by) & SpanSet([Span(0, CELLS)])
    assert inside.spans == of_grid(wide)
    assert all(span.start_s >= 0 for span in spans.padded(by))


def _near(marks, by):
    return [marks[max(0, cell - by) : cell + by + 1] for cell in range(len(marks))]


@given(sets, st.integers(0, 10))
def test_longer_than_keeps_spans_of_at_least_that_length(spans, least):
    assert spans.longer_than(least).spans == tuple(s for s in of_grid(grid(spans)) if s.end_s - s.start_s >= least)


@given(cells(), cells())
def test_two_spans_overlap_where_both_have_cells(one, other):
    both = of_grid([a and b for a, b in zip(grid([one]), grid([other]), strict=True)])
    assert one.overlap(other) == (both[0] if both else None)


def test_spans_that_touch_are_one_and_spans_a_nanosecond_apart_are_two():
    assert len(SpanSet([Span(0, 1), Span(1, 2)])) == 1
    assert len(SpanSet([Span(0, 1), Span(1 + 1e-9, 2)])) == 2


@pytest.mark.parametrize(("start", "end"), [(2, 1), (math.nan, 1), (0, math.nan)])
def test_a_span_that_runs_backwards_is_refused(start, end):
    with pytest.raises(InputError, match="a span that ends at or after its start"):
        Span(start, end)


def test_a_span_is_moved_and_measured():
    assert Span(1.5, 2.25).shifted(-0.5) == Span(1.0, 1.75)
    assert Span(1.5, 2.25).duration_s == 0.75


def test_padding_leaves_a_span_before_the_start_where_it_begins():
    assert Span(-2, -1).padded(0.5) == Span(-2, -0.5)
    assert Span(0.25, 1).padded(0.5) == Span(0, 1.5)
