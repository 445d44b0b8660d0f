"""What the commands share: the application, their common options, and how they speak to a person or a program."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from rich.console import RenderableType

CLEAR, FINDINGS, CANNOT_JUDGE = 0, 1, 2

app = typer.Typer(
    name="voicediag",
    help="Find the root cause of a bad voice session: format, starvation, echo, VAD or wire.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Light = Annotated[
    bool | None, typer.Option(help="Say live when the echo's light changes; as it is, where a person reads it.")
]


@contextmanager
def progress_bar(*, shown: bool) -> Iterator[Callable[[float, float], None] | None]:
    """Show a progress bar on a terminal, on the error stream, for work that takes over a second."""
    if not shown or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress, TextColumn

    columns = (*Progress.get_default_columns(), TextColumn("{task.completed:.0f} of {task.total:.0f} s of sound"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def input_errors() -> Iterator[None]:
    """Turn a bad input into one line and exit code 2."""
    from voicediag.errors import InputError

    try:
        yield
    except InputError as error:
        refuse(str(error))


def refuse(*parts: str) -> NoReturn:
    """Say in one line what was expected and what was got, and exit."""
    print(f"voicediag: {', got '.join(parts)}", file=sys.stderr)
    sys.exit(CANNOT_JUDGE)


def print_json(value: Any) -> None:
    """Print JSON that every reader takes: no NaN."""
    print(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False))


def print_rich(what: RenderableType) -> None:
    """Print a table or a report as the terminal can show it."""
    from rich.console import Console

    Console(highlight=False).print(what)
