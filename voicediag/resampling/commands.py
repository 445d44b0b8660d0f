"""Resamplers by name: MODULE:NAME, FILE.py:NAME, ``cmd:...``, ``browser:...`` or one that is installed."""

from __future__ import annotations

import importlib
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from voicediag.errors import InputError
from voicediag.resampling.arguments import Rates
from voicediag.resampling.browser_page import BROWSER, Node
from voicediag.resampling.tones import Array

COMMAND = "cmd:"
COMMAND_TIMEOUT_S = 120.0


def named(target: str, rates: Rates) -> Any:
    """Return what a name stands for.

    Raises
    ------
    InputError
        Where there is no such thing, or it cannot be imported.
    """
    if target.startswith(COMMAND):
        return _Command(target.removeprefix(COMMAND), rates)
    if target.startswith(BROWSER):
        return Node(target.removeprefix(BROWSER), rates)
    place, _, attribute = target.rpartition(":")
    if not place:
        from voicediag.resampling.installed import installed

        return installed(target, rates)
    found: Any = _module(place)
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise InputError(expected=f"a name in {place}", got=repr(attribute), likely="a slip of the pen")
        found = getattr(found, part)
    return found


def _module(place: str) -> Any:
    """Return a module by its name or its file."""
    path = Path(place)
    if path.suffix == ".py" and not path.is_file():
        raise InputError(expected="a Python file", got=place, likely="another folder")
    # A file may import what lies beside it, and a module is looked for where the command was typed.
    sys.path.insert(0, str(path.resolve().parent if path.suffix == ".py" else Path.cwd()))
    try:
        return importlib.import_module(path.stem if path.suffix == ".py" else place)
    except Exception as error:  # noqa: BLE001  other people's modules raise anything when imported
        raise InputError(
            expected="a module or a .py file that can be imported",
            got=f"{place}: {type(error).__name__}: {error}",
            likely="write FILE.py:NAME, or MODULE:NAME, or cmd:... for a command",
        ) from None


class _Command:
    """A command that reads one WAV file and writes another; run anew for each sound."""

    def __init__(self, line: str, rates: Rates) -> None:
        if "{in}" not in line or "{out}" not in line:
            raise InputError(
                expected="a command with {in} and {out}", got=repr(line), likely="cmd:sox {in} -r {rate_out} {out}"
            )
        self.line, self.rates = line, rates
        self.__name__ = line

    def __call__(self, samples: Array) -> Array:
        """Return what the command made of float32 samples.

        Raises
        ------
        InputError
            Where it fails, takes too long or writes no sound.
        """
        import numpy as np
        import soundfile

        with tempfile.TemporaryDirectory() as folder:
            source, made = Path(folder, "in.wav"), Path(folder, "out.wav")
            soundfile.write(source, np.asarray(samples), self.rates.in_hz, subtype="FLOAT")
            values = {"in": source, "out": made, "rate_in": self.rates.in_hz, "rate_out": self.rates.out_hz}
            words = [word.format_map({key: str(value) for key, value in values.items()}) for word in self._words()]
            try:
                done = subprocess.run(words, capture_output=True, check=False, timeout=COMMAND_TIMEOUT_S)  # noqa: S603
            except (OSError, subprocess.TimeoutExpired) as error:
                raise InputError(expected="a command that runs", got=str(error)) from None
            if done.returncode or not made.is_file():
                told = done.stderr.decode(errors="replace").strip()[-300:]
                raise InputError(expected="a command that writes {out}", got=told or f"exit code {done.returncode}")
            out, rate = soundfile.read(made, dtype="float64", always_2d=True)
            if rate != self.rates.out_hz:
                raise InputError(expected=f"a file of {self.rates.out_hz} Hz", got=f"{rate} Hz")
            return np.asarray(out[:, 0])

    def _words(self) -> list[str]:
        return shlex.split(self.line)
