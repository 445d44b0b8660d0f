"""How AECMOS rates cancellers, a muted microphone among them, and when `tune.aecmos` refuses to say.

``python -m benchmarks.aecmos`` takes the development pairs (`VOICEDIAG_DATA`, or ../shared/data) in which both speak.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from benchmarks.echo_material import data, pairs
from benchmarks.table import show
from voicediag.measure.near_end import near_end
from voicediag.session import ArraySource, Samples, Session, Track
from voicediag.tune import aecmos
from voicediag.tune.canceller import TryOut, try_out
from voicediag.tune.cancellers import CANCELLERS, RATE_HZ

MADE: dict[str, Callable[[Samples], Samples]] = {
    "nothing": lambda mic: mic,
    "a muted microphone": np.zeros_like,
    "20 dB less of everything": lambda mic: mic / np.float32(10),
}


def main() -> None:
    """Print the table."""
    if not (data() / "echo").is_dir():
        sys.exit(f"no pairs at {data() / 'echo'}; VOICEDIAG_DATA names the folder that holds echo/manifest.csv")
    known = {name: one for name, one in CANCELLERS.items() if importlib.util.find_spec(one.package.replace("-", "_"))}
    sessions = [_session(pair.mic, pair.far) for pair in pairs() if pair.is_echo and "double" in pair.scenario]
    runs = {one.title: [try_out(session, canceller=name) for session in sessions] for name, one in known.items()}
    runs |= {name: [_made(tried, make) for tried in runs[CANCELLERS["aec3"].title]] for name, make in MADE.items()}
    show(
        "AECMOS of pairs in which both speak: mean",
        (
            "canceller",
            "clips",
            "echo",
            "voice",
            "rated by voicediag",
            "voice lost",
            "user hardly alone",
            "no echo told",
        ),
        [(name, *_row(tries)) for name, tries in runs.items()],
    )


def _session(mic: Samples, far: Samples) -> Session:
    names = {"user-captured": mic, "agent-played": far}
    tracks = {name: Track(name=name, source=ArraySource(sound, RATE_HZ)) for name, sound in names.items()}
    return Session(source="benchmark", tracks=tracks)


def _made(tried: TryOut, make: Callable[[Samples], Samples]) -> TryOut:
    """Return the try-out of something that is no canceller."""
    after = make(tried.before)
    return replace(tried, after=after, near=near_end(tried.before, after, tried.talk, rate_hz=RATE_HZ))


def _row(tries: list[TryOut]) -> tuple[object, ...]:
    raw = np.array([aecmos.scores(tried.before, tried.reference, tried.after, both=True) for tried in tries])
    reasons = [aecmos.rating(tried).reason for tried in tries]
    why = [sum(word in reason for reason in reasons) for word in ("falls", "alone", "no echo")]
    return len(tries), *(float(mean) for mean in raw.mean(axis=0)), reasons.count(""), *why


if __name__ == "__main__":
    main()
