"""The house's arrows: which room may import which, third parties at home, and no circle anywhere.

The table is the one of docs/architecture.md. It is an allow-list, so that a new room fails here until somebody has
said what it may know; rooms that nobody has built yet cost nothing. Imports inside functions and those that only
types use count too: they are knowledge all the same.
"""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "voicediag"

# The words on the ground floor are everybody's.
WORDS = {"errors", "limits", "spans"}
ALL = None

MAY_IMPORT: dict[str, set[str] | None] = {
    "errors": set(),
    "limits": set(),
    "spans": set(),
    # The hall: both towers stand on it, and it knows neither.
    "session": set(),
    # Right tower: the world becomes a Session.
    "protocols": {"session"},
    "formats": {"session", "protocols"},
    "live": {"session", "protocols", "formats", "signals"},
    # Left tower: a Session becomes a judgement.
    "signals": set(),
    "measure": set(),
    # A session in, times out: it knows when things happened, and no fault.
    "latency": {"session"},
    # What was used in, dollars out, at prices with a date.
    "cost": {"session"},
    "resampling": {"measure", "signals"},
    "detect": {"session", "measure", "latency", "cost"},
    # A Diagnosis carries the Session that it is about.
    "diagnose": {"detect", "session", "latency", "cost"},
    "check": {"detect", "diagnose", "session"},
    # What a session that goes on shows: sound and meanings in, numbers to look at out.
    "monitor": {"session", "protocols", "measure", "cost"},
    "compare": {"detect", "diagnose", "session"},
    "tune": {"session", "measure", "detect"},
    "fleet": {"check", "formats"},
    "present": {"measure", "resampling", "latency", "cost", "detect", "diagnose", "tune", "session"},
    # The faces wire both towers and hold no logic; the package's front door is one of them.
    "cli": ALL,
    "notebook": ALL,
    "__main__": ALL,
    "__init__": ALL,
}

# Who lets a third party in: file prefixes under voicediag/, without the suffix.
HOMES: dict[str, tuple[str, ...]] = {
    "IPython": ("notebook",),
    "aiohttp": ("live/",),
    "anywidget": ("present/widgets", "live/microphone", "live/talk"),
    "asyncio": ("live/",),
    "ipywidgets": ("present/widgets", "live/microphone"),
    "jinja2": ("present/",),
    "jupyter_server": ("live/",),
    "matplotlib": ("present/plots",),
    "plotly": ("present/plots",),
    "tornado": ("live/",),
    "typer": ("cli",),
    "websockets": ("live/",),
}

# Parts of what pyproject.toml names: of ipywidgets and of jupyterlab.
COMES_ALONG = {"IPython", "jupyter_server", "tornado", "traitlets"}

# What a room must never know, although others may.
NEVER = {"diagnose": {"numpy", "scipy"}}


def files() -> list[Path]:
    """Every source file of the package."""
    return sorted(PACKAGE.rglob("*.py"))


def module_of(path: Path) -> str:
    """The dotted name that `path` is imported by."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str:
    """The room of a dotted name: its second part, or the front door for the package itself."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


@cache
def modules() -> frozenset[str]:
    return frozenset(module_of(path) for path in files())


@cache
def imports(path: Path) -> tuple[tuple[int, str], ...]:
    """The line and the dotted name of each import in `path`, relative ones made absolute."""
    package = module_of(path) if path.name == "__init__.py" else module_of(path).rpartition(".")[0]
    return tuple(_imports(ast.parse(path.read_text(encoding="utf-8"), str(path)), package))


def _imports(tree: ast.AST, package: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, base] if base else above)
            for alias in node.names:
                # "from voicediag import spans" names a room, "from voicediag.spans import Span" a thing inside one.
                inner = f"{base}.{alias.name}"
                yield node.lineno, inner if inner in modules() else base


def ours(name: str) -> bool:
    return name.split(".", maxsplit=1)[0] == PACKAGE.name


def where(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT).as_posix()}:{line}"


def test_every_room_is_in_the_table():
    unknown = {room_of(module) for module in modules()} - MAY_IMPORT.keys()
    assert not unknown, f"{sorted(unknown)}: say in MAY_IMPORT, and in docs/architecture.md, what they may import"


def test_rooms_import_only_what_the_table_allows():
    wrong = []
    for path in files():
        room = room_of(module_of(path))
        allowed = MAY_IMPORT.get(room, set())
        if allowed is ALL:
            continue
        known = allowed | WORDS | {room}
        wrong += [
            f"{where(path, line)}: {room} may not import {name}"
            for line, name in imports(path)
            if ours(name) and room_of(name) not in known
        ]
    assert not wrong, "\n".join(wrong)


def test_third_parties_stay_at_home():
    wrong = []
    for path in files():
        here = path.relative_to(PACKAGE).as_posix().removesuffix(".py")
        never = NEVER.get(room_of(module_of(path)), set())
        for line, name in imports(path):
            library = name.split(".")[0]
            homes = HOMES.get(library)
            if library in never or (homes is not None and not here.startswith(homes)):
                wrong.append(f"{where(path, line)}: {library} is at home in {homes or 'other rooms'}")
    assert not wrong, "\n".join(wrong)


def test_third_parties_are_dependencies():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *chain.from_iterable(project["optional-dependencies"].values())]
    named = {re.split(r"[^\w-]", line)[0].lower().replace("-", "_") for line in asked} | COMES_ALONG
    wrong = [
        f"{where(path, line)}: {name} is in no list of pyproject.toml"
        for path in files()
        for line, name in imports(path)
        if not ours(name) and name.split(".")[0] not in sys.stdlib_module_names | named
    ]
    assert not wrong, "\n".join(wrong)


def test_only_the_command_line_prints():
    wrong = [
        where(path, node.lineno)
        for path in files()
        if room_of(module_of(path)) != "cli"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert not wrong, wrong


def test_no_circles():
    graph = {}
    for path in files():
        module = module_of(path)
        graph[module] = {name for _, name in imports(path) if name in modules()} - {module}
    circle = find_circle(graph)
    assert circle is None, " -> ".join(circle or [])


def find_circle(graph: dict[str, set[str]]) -> list[str] | None:
    """The first circle of `graph` as a walk that ends where it began, or None."""
    done: set[str] = set()

    def walk(name: str, trail: list[str]) -> list[str] | None:
        if name in trail:
            return [*trail[trail.index(name) :], name]
        if name in done:
            return None
        for following in sorted(graph.get(name, ())):
            circle = walk(following, [*trail, name])
            if circle:
                return circle
        done.add(name)
        return None

    return next((circle for name in sorted(graph) if (circle := walk(name, []))), None)


@pytest.mark.parametrize(
    ("graph", "circle"),
    [
        ({"a": {"b"}, "b": {"c"}, "c": set()}, None),
        ({"a": {"b"}, "b": {"c"}, "c": {"b"}}, ["b", "c", "b"]),
        ({"a": {"a"}}, ["a", "a"]),
    ],
)
def test_a_circle_is_found(graph, circle):
    assert find_circle(graph) == circle


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("def f():\n    import asyncio", ["asyncio"]),
        ("from . import near", ["voicediag.live"]),
        ("from .near import x", ["voicediag.live.near"]),
        ("from ..errors import InputError", ["voicediag.errors"]),
        ("if TYPE_CHECKING:\n    from voicediag.detect.finding import Finding", ["voicediag.detect.finding"]),
    ],
)
def test_every_kind_of_import_is_seen(source, names):
    assert [name for _, name in _imports(ast.parse(source), "voicediag.live")] == names
