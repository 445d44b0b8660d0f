"""How soon the light of a call knows an echo, and how often a stranger's voice lights it.

``python -m benchmarks.echo_stream`` plays the development pairs (`VOICEDIAG_DATA`, or ../shared/data) into an
`EchoMeter` as a call would. Strangers are one recording's microphone beside another source's far end; what counts is
the highest reading of any moment. `STRONG_SIGMAS` stood before these pairs were looked at; the rest of the method comes
from `measure.delay`, whose constants were chosen on the sources named in `FITTED`.
"""

from __future__ import annotations

import time

import numpy as np

from benchmarks.echo_material import FITTED, RATE_HZ, Pair, pairs
from benchmarks.table import show
from voicediag.measure.echo_stream import STRONG_SIGMAS, EchoMeter

CHUNK = RATE_HZ // 4
STRANGERS = 4
SEED = 2


def main() -> None:
    """Print the table."""
    echoes = [pair for pair in pairs() if pair.is_echo]
    began_s = time.perf_counter()
    rows = [
        _row(name, [pair for pair in echoes if (pair.source in FITTED) is fitted], echoes)
        for name, fitted in (("fitted sources", True), ("other sources", False))
    ]
    show(
        f"echo's light: {STRONG_SIGMAS:g} robust sigmas",
        ("", "echoes", "found", "speech needed s p50", "p95", "weakest", "strangers", "lit", "strongest"),
        rows,
        note=f"{time.perf_counter() - began_s:.0f} s",
    )


def _row(name: str, mine: list[Pair], echoes: list[Pair]) -> list[object]:
    random = np.random.default_rng(SEED)
    found = [_played(pair, pair) for pair in mine]
    needed_s = [first_s for _, first_s in found if first_s is not None]
    strangers = [
        _played(pair, others[index])[0]
        for pair in mine
        if (others := [other for other in echoes if _family(other) != _family(pair)])
        for index in random.permutation(len(others))[:STRANGERS]
    ]
    return [
        name,
        len(found),
        len(needed_s),
        *(float(np.percentile(needed_s, share)) if needed_s else None for share in (50, 95)),
        min((strength for strength, _ in found), default=None),
        len(strangers),
        sum(strength >= STRONG_SIGMAS for strength in strangers),
        max(strangers, default=None),
    ]


def _played(pair: Pair, other: Pair) -> tuple[float, float | None]:
    """Return the strongest reading, and after how much of the far end's speech it was first an echo."""
    meter, strongest, first_s = EchoMeter(RATE_HZ, RATE_HZ), 0.0, None
    for at in range(0, min(pair.mic.size, other.far.size), CHUNK):
        meter.push(pair.mic[at : at + CHUNK], other.far[at : at + CHUNK])
        now = meter.now
        strongest = max(strongest, now.strength or 0.0)
        if first_s is None and now.verdict == "echo":
            first_s = now.far_end_s
    return strongest, first_s


def _family(pair: Pair) -> str:
    """Return what a source and its processed versions have in common."""
    return pair.source.partition("_")[0]


if __name__ == "__main__":
    main()
