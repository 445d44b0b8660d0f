"""The command line: wires the towers together and holds no logic of its own."""

from __future__ import annotations

# Each module adds its commands to the application, in the order in which the help lists them.
from voicediag.cli import activity, cushion, echo, gaps, judging, lab, live, recording, resampler, studio
from voicediag.cli.shared import app

__all__ = [
    "activity",
    "app",
    "cushion",
    "echo",
    "gaps",
    "judging",
    "lab",
    "live",
    "main",
    "recording",
    "resampler",
    "studio",
]


def main() -> None:
    """Run the command line."""
    app()
