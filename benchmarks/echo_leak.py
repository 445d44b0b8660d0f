"""How well an echo is told from none, on real and synthetic pairs that are not in the repository.

``python -m benchmarks.echo_leak`` reads the development pairs (`VOICEDIAG_DATA`, or ../shared/data). Positives are
pairs labelled as echo; negatives are one recording's microphone beside another source's far end. The threshold was
chosen on the sources named in `FITTED`; the others are reported apart.
"""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.table import show
from voicediag.measure.delay import DelayMeter, Samples
from voicediag.measure.echo import FEW_FRAMES, STRONG_SIGMAS, leak

ROOT = Path(__file__).parents[1]
FITTED = frozenset({"aec_challenge_syn", "nkf_syn", "mediastreamer2"})
DRAWS = 14
SEED = 1


@dataclass(frozen=True)
class Pair:
    """A microphone, a far end, and whether the one holds the other."""

    source: str
    is_echo: bool
    strength: float
    verdict: str


def main() -> None:
    """Print the table."""
    folder = Path(os.environ.get("VOICEDIAG_DATA", ROOT.parent / "shared" / "data")) / "echo"
    if not folder.is_dir():
        sys.exit(f"no pairs at {folder}; VOICEDIAG_DATA names the folder that holds echo/manifest.csv")
    pairs = list(_pairs(folder))
    rows = [
        _row(name, [pair for pair in pairs if (pair.source in FITTED) is fitted])
        for name, fitted in (("fitted sources", True), ("other sources", False))
    ]
    show(
        f"echo-leak: {STRONG_SIGMAS:g} robust sigmas over {FEW_FRAMES} frames or more",
        ("", "echoes", "found", "unjudged", "weakest found", "strangers", "false", "strongest stranger"),
        rows,
    )


def _row(name: str, pairs: list[Pair]) -> list[object]:
    echoes, strangers = ([pair for pair in pairs if pair.is_echo is wanted] for wanted in (True, False))
    found = [pair.strength for pair in echoes if pair.verdict == "echo"]
    return [
        name,
        len(echoes),
        len(found),
        sum(pair.verdict == "unjudged" for pair in echoes),
        min(found, default=None),
        len(strangers),
        sum(pair.verdict == "echo" for pair in strangers),
        max((pair.strength for pair in strangers), default=None),
    ]


def _pairs(folder: Path) -> Iterator[Pair]:
    """Yield every labelled pair, and for each microphone some far ends of other sources."""
    rows = list(csv.DictReader((folder / "manifest.csv").read_text(encoding="utf-8").splitlines()))
    sounds = [(row, _read(folder / row["file_mic"]), _read(folder / row["file_far"])) for row in rows]
    random = np.random.default_rng(SEED)
    for row, mic, far in sounds:
        if row["echo_label"] == "1":
            yield _judged(row["source"], mic, far, is_echo=True)
        for other in random.permutation(len(sounds))[:DRAWS]:
            stranger, _, far_end = sounds[other]
            if _family(stranger["source"]) != _family(row["source"]):
                yield _judged(row["source"], mic, far_end, is_echo=False)


def _judged(source: str, mic: tuple[Samples, int], far: tuple[Samples, int], *, is_echo: bool) -> Pair:
    meter = DelayMeter(mic[1], far[1])
    meter.push(mic[0], far[0])
    groups = meter.result()
    strengths = [group.strength for group in groups if group.frames >= FEW_FRAMES]
    verdict = leak(mic[0], far[0], rate_hz=mic[1], speaker_rate_hz=far[1]).verdict
    return Pair(source, is_echo, max(strengths, default=0.0), verdict)


def _family(source: str) -> str:
    """Return what a source and its processed versions have in common."""
    return source.partition("_")[0]


def _read(path: Path) -> tuple[Samples, int]:
    sound, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    return sound[:, 0], rate_hz


if __name__ == "__main__":
    main()
