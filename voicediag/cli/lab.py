"""The command that opens the notebooks: ``lab``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from voicediag.cli.shared import app


@app.command()
def lab(
    port: Annotated[int, typer.Option(help="Port of the server; the next free one if it is taken.")] = 8888,
) -> None:
    """Open JupyterLab on the notebooks.

    Example: `voicediag lab`
    """
    import subprocess

    notebooks = Path(__file__).parents[2] / "notebooks"
    folder = notebooks if notebooks.is_dir() else Path.cwd()
    command = [sys.executable, "-m", "jupyterlab", f"--port={port}", "--ip=127.0.0.1", str(folder)]
    sys.exit(subprocess.run(command, check=False).returncode)  # noqa: S603 - our own interpreter, no shell
