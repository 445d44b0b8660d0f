"""What git holds works on any machine: no absolute path of one, no package host, no output in a notebook."""

import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# In parts, so that this file does not find itself. A path counts where it begins one: not inside a web address.
PATHS = re.compile(rb"(?<![\w.~*-])/(?:work|root|home|Users|opt|tmp)" + rb"/\w")
HOSTS = re.compile(
    b"|".join(
        re.escape(b".".join(parts))
        for parts in (
            (b"pypi", b"org"),
            (b"pypi", b"python", b"org"),
            (b"pythonhosted", b"org"),
            (b"npmjs", b"org"),
            (b"npmjs", b"com"),
            (b"yarnpkg", b"com"),
            (b"debian", b"org"),
            (b"anaconda", b"org"),
        )
    )
)


def tracked() -> list[Path]:
    """The files that git holds and the work tree still has."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git clone")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [path for name in listed.decode().split("\0") if name and (path := ROOT / name).is_file()]


def hits(pattern: re.Pattern[bytes]) -> list[str]:
    """The places where `pattern` occurs, sounds and pictures included: their metadata may name a path too."""
    found = []
    for path in tracked():
        content = path.read_bytes()
        for match in pattern.finditer(content):
            line = content.count(b"\n", 0, match.start()) + 1
            found.append(f"{path.relative_to(ROOT).as_posix()}:{line}: {match.group().decode('latin-1')}")
    return found


def test_no_path_of_a_machine():
    assert not hits(PATHS)


def test_no_package_host():
    assert not hits(HOSTS)


def test_locks_hold_versions_and_hashes_only():
    for path in tracked():
        if path.suffix != ".lock":
            continue
        for line in path.read_text(encoding="utf-8").splitlines():
            assert re.fullmatch(r"[\w.\[\],-]+==\S+( ; .+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?", line), (
                path,
                line,
            )


def test_notebooks_carry_no_output():
    wrong = []
    for path in tracked():
        if path.suffix != ".ipynb":
            continue
        notebook = json.loads(path.read_text(encoding="utf-8"))
        name = path.relative_to(ROOT).as_posix()
        wrong += [
            f"{name}: cell {number} was run and not cleared"
            for number, cell in enumerate(notebook["cells"], start=1)
            if cell.get("outputs") or cell.get("execution_count") is not None
        ]
        if "widgets" in notebook["metadata"]:
            wrong.append(f"{name}: keeps the state of its widgets")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("text", "caught"),
    [
        (b"/ho" + b"me/ann/x.wav", True),
        (b'open("/wo' + b'rk/x")', True),
        (b"https://example.com/ho" + b"me/ann", False),
        (b"../wo" + b"rk/x", False),
    ],
)
def test_a_path_is_caught(text, caught):
    assert bool(PATHS.search(text)) is caught
