"""Times in words: one line, and rows of which none is empty."""

from dataclasses import replace

import pytest

from voicediag.latency import Answer, Latency
from voicediag.present import page, waits
from voicediag.spans import Span


def answer(heard_s, logged_ms=None, **more):
    return Answer(said=Span(1.0, 2.0), heard_s=heard_s, logged_ms=logged_ms, **more)


ONE = Latency(answers=(answer(3.5),))
MANY = Latency(answers=tuple(answer(2.0 + tenth / 10, 100.0 * tenth) for tenth in range(1, 11)))
TOOL = Latency(answers=(answer(5.0, parts_ms={"vad_wait": 400.0, "tool": 2_600.0}, tools=("<b>bus</b>",)),))

HALF = "500 ms (p50), 1,000 ms (p95 of 10 turns)"


@pytest.mark.parametrize(
    ("latency", "said"),
    [
        (Latency(reason="no"), None),
        (ONE, "answers heard after 1,500 ms (1 turn)"),
        (
            MANY,
            f"answers heard after {HALF}; by the log {HALF}",
        ),
    ],
)
def test_one_line_says_its_counts(latency, said):
    assert waits.line(latency) == said


def test_a_kind_of_time_that_was_never_measured_has_no_row():
    assert [row for _, row in waits.rows(ONE)] == [["1", "1,500 ms", "1,500 ms", "1,500 ms"]]


def test_a_turn_has_its_largest_part():
    assert waits.turn_rows(TOOL) == [("2.00 s", ["3,000 ms", "–", "tool 2,600 ms", "<b>bus</b>"])]
    assert waits.turn_rows(ONE) == [("2.00 s", ["1,500 ms", "–", "–", "–"])]


def test_the_page_shows_both_tables_and_escapes_names(diagnosis):
    html = page.render(replace(diagnosis, latency=TOOL))
    assert "How long people waited" in html
    assert "&lt;b&gt;bus&lt;/b&gt;" in html
    assert "How long people waited" not in page.render(diagnosis)


def test_a_notebook_has_lines_and_no_tables(diagnosis):
    shown = page.fragment(replace(diagnosis, latency=ONE))
    assert "Answers heard after 1,500 ms (1 turn)." in shown
    assert "How long people waited" not in shown
