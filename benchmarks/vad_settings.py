"""What it costs to try many settings of a VAD: ``python -m benchmarks.vad_settings``.

Ten minutes of what a user sent, the recorded calls of this repository one after another, are heard once at all phases;
then 500 settings of OpenAI's server_vad are tried on that at once, and 20 of them one after another.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import cycle, product
from pathlib import Path
from typing import TypeVar

import numpy as np
import soxr

import voicediag as vd
from benchmarks.table import show
from voicediag.measure.speech import in_call
from voicediag.session import Samples
from voicediag.tune.vad import ServerVad, simulated, swept

RATE_HZ, LENGTH_S = 16_000, 600
ALONE = 20
RECORDINGS = Path(__file__).resolve().parents[1] / "recordings"
SETTINGS = [
    ServerVad(threshold=threshold, silence_duration_ms=wait_ms)
    for threshold, wait_ms in product(np.linspace(0.05, 0.95, 25).tolist(), np.linspace(200, 1_150, 20).tolist())
]
Told = TypeVar("Told")


def main() -> None:
    """Print the table."""
    sound = _sound()
    heard, hearing_s = _timed(lambda: in_call([sound], rate_hz=RATE_HZ))
    together, together_s = _timed(lambda: swept(heard, SETTINGS))
    chosen = SETTINGS[:: len(SETTINGS) // ALONE]
    _, alone_s = _timed(lambda: [simulated(heard, one) for one in chosen])
    events = sum(len(events) for phases in together for events in phases)
    moved = sum(len({len(events) for events in phases}) > 1 for phases in together) / len(SETTINGS)
    rows = [
        ["hearing it at 8 phases", hearing_s],
        [f"{len(SETTINGS)} settings at once", together_s],
        [f"{len(chosen)} settings, each alone", alone_s],
        ["both together", hearing_s + together_s],
    ]
    note = f"{events} events; {moved:.0%} of the settings report another number of turns at another phase"
    show(f"{LENGTH_S // 60} minutes", ("what", "s of one core"), rows, note=note)


def _sound() -> Samples:
    pieces: list[Samples] = []
    for folder in cycle(sorted(RECORDINGS.glob("*/*.vds"))):
        track = vd.load(folder).tracks.get("user-sent")
        if track is not None:
            sound = track.source.read(0, track.frames)
            pieces.append(np.asarray(soxr.resample(sound, track.rate_hz, RATE_HZ), np.float32))
        if sum(piece.size for piece in pieces) >= LENGTH_S * RATE_HZ:
            return np.concatenate(pieces)[: LENGTH_S * RATE_HZ]
    raise AssertionError


def _timed(work: Callable[[], Told]) -> tuple[Told, float]:
    begun = time.process_time()
    told = work()
    return told, time.process_time() - begun


if __name__ == "__main__":
    main()
