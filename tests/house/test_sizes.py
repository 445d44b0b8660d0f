"""Small enough to be read: no file over 400 lines, no function over 60 lines of code."""

import ast
import io
import statistics
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("voicediag", "tests", "benchmarks", "recordings")
SUFFIXES = {".py", ".js", ".css", ".html", ".jinja"}
FILE_LINES = 400
MEDIAN_LINES = 170
FUNCTION_LINES = 60

# A file that is longer for a reason: its path and the reason.
LONGER: dict[str, str] = {}


def files(*suffixes: str) -> list[Path]:
    found = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file())
    return sorted(path for path in found if path.suffix in (suffixes or SUFFIXES))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def lines_of(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def code_lines(source: str) -> set[int]:
    """The numbers of the lines that carry code: no blank lines, no comments, no docstrings."""
    quiet = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in quiet:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            lines.difference_update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return lines


def long_functions(source: str, *, most: int) -> list[tuple[str, int, int]]:
    """Name, line and length of each function with more than `most` lines of code."""
    code = code_lines(source)
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = len(code & set(range(node.lineno, (node.end_lineno or node.lineno) + 1)))
            if length > most:
                found.append((node.name, node.lineno, length))
    return found


def test_no_file_is_too_long():
    long = {name(path): lines_of(path) for path in files() if lines_of(path) > FILE_LINES}
    assert long.keys() - LONGER.keys() == set(), f"over {FILE_LINES} lines: {long}; split them, or argue in LONGER"
    assert LONGER.keys() - long.keys() == set(), "excused in LONGER, and short"


def test_most_files_are_short():
    lengths = [lines_of(path) for path in files(".py") if name(path).startswith("voicediag/")]
    assert statistics.median(lengths or [0]) < MEDIAN_LINES


def test_no_function_is_too_long():
    long = [
        f"{name(path)}:{line}: {function} has {length} lines of code"
        for path in files(".py")
        for function, line, length in long_functions(path.read_text(encoding="utf-8"), most=FUNCTION_LINES)
    ]
    assert not long, "\n".join(long)


@pytest.mark.parametrize(("most", "found"), [(3, [("f", 1, 4)]), (4, [])])
def test_only_code_is_counted(most, found):
    source = (
        'def f(a):\n    """One line.\n\n    More.\n    """\n    # why\n\n    b = """x\n    y"""\n    return a + b\n'
    )
    assert long_functions(source, most=most) == found
