"""``capture.jsonl`` against garbage, and written back as it was read."""

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wire_messages import anything

from voicediag.formats import capture_log
from voicediag.session import SessionBuilder

quick = settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
LINES = [
    {"t_ns": 5, "begin": {"rate_hz": 48_000}},
    {"t_ns": 10, "chunk": [0, 0, 1_024, 1.8e12, 1.8e12]},
    {"t_ns": 30, "chunk": [1, 1_024, 1_024, 1.8e12 + 21, 1.8e12 + 22]},
    {"t_ns": 31, "context": {"context_s": 1.0}},
    {"t_ns": 40, "chunk": [2, 2_048, 7, 1.8e12 + 30, 1.8e12 + 31]},
    {"t_ns": 41, "end": {"how": "stopped"}},
]


def read(path, lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    builder = SessionBuilder("test")
    return capture_log.read(path, builder), builder.problems


def test_it_is_written_as_it_was_read(tmp_path):
    log, problems = read(tmp_path / "capture.jsonl", LINES)
    assert problems == []
    assert list(log.lines()) == LINES


def test_no_file_is_no_log(tmp_path):
    assert capture_log.read(tmp_path / "capture.jsonl", SessionBuilder("test")) is None


def test_a_line_that_was_cut_is_a_problem_and_the_rest_is_read(tmp_path):
    path = tmp_path / "capture.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in LINES)[:-9])
    builder = SessionBuilder("test")
    assert capture_log.read(path, builder).frame.tolist() == [0, 1_024, 2_048]
    assert [problem.where for problem in builder.problems] == ["capture.jsonl:6"]


@quick
@given(
    st.lists(
        st.one_of(
            anything,
            st.fixed_dictionaries({"t_ns": anything, "chunk": anything}),
            st.fixed_dictionaries(
                {"t_ns": st.just(1), "chunk": st.lists(st.one_of(anything, st.integers(), st.floats()), max_size=6)}
            ),
        ),
        max_size=5,
    )
)
def test_garbage_becomes_problems(tmp_path, lines):
    log, problems = read(tmp_path / "capture.jsonl", lines)
    assert log.frame.size + len(log.told) + len(problems) == len(lines)
