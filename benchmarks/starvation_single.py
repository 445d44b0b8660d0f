"""How well gaps are told where one track is all that there is.

``python -m benchmarks.starvation_single [CASES]`` asks `starved-playback` about the played track alone of each case of
`benchmarks.starvation_material`, of the half of the voices and noises on which nothing was fitted. A gap is found where
a reported place and the planted one share more than half of their union; only planted gaps of 20 ms and more are asked
for, and whatever is reported and was not planted is false. Chunks that leave no silence: `starvation_chunks`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.starvation_material import RATES_HZ, Case, case, clean_clips
from benchmarks.table import show
from voicediag.detect import playback, starved_playback
from voicediag.detect.breaks import Break
from voicediag.detect.examination import Examination
from voicediag.measure.gaps import find_gaps
from voicediag.session import ArraySource, Samples, Session, Track
from voicediag.spans import Span

CASES = 400
GAPS = ("zeros", "held", "faded", "comfort", "blanked")
LEAST_S = 0.02
SHARED = 0.5
BANDS_DB = ((5, 10), (10, 20), (20, 30), (30, 40))
LENGTHS_S = ((0.02, 0.05), (0.05, 0.2), (0.2, 0.5), (0.5, 2.0))
HOUR_HZ = 16_000


@dataclass(frozen=True)
class Told:
    """A case, and what was said of it."""

    case: Case
    places: tuple[Break, ...]
    found: tuple[bool, ...]
    false: int
    start_errors_s: tuple[float, ...]


def main() -> None:
    """Print the tables."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else CASES
    told = [_told(case(index, fitted=False)) for index in range(count)]
    gaps = [each for each in told if each.case.kind in GAPS]
    _show("Gaps, by kind", ((kind, [each for each in gaps if each.case.kind == kind]) for kind in GAPS))
    _show("Gaps, by what lies over them", _by_noise(gaps))
    _show("Gaps, by codec and rate", _by_way(gaps))
    _lengths(gaps)
    _clean()
    _speed()


def _told(one: Case) -> Told:
    exam = _examined(one.played, one.played_hz)
    verdict = starved_playback.DETECTOR.examine(exam)
    track = exam.session.tracks["agent-played"]
    places = playback.sound_places(exam, track) if verdict.findings else ()
    gaps = [place for place in places if place.kind != "repeated"]
    planted = [Span(*each.played_s) for each in one.damages] if one.kind in GAPS else []
    pairs = [(gap, span) for gap in gaps for span in planted if _alike(gap.span, span) > SHARED]
    right = {gap.span for gap, _ in pairs}
    return Told(
        case=one,
        places=places,
        found=tuple(any(span == hit for _, hit in pairs) for span in planted),
        false=sum(gap.span not in right for gap in gaps),
        start_errors_s=tuple(abs(gap.span.start_s - span.start_s) for gap, span in pairs),
    )


def _examined(samples: Samples, rate_hz: int) -> Examination:
    track = Track(name="agent-played", source=ArraySource(samples, rate_hz))
    return Examination(Session(source="planted", tracks={"agent-played": track}))


def _alike(one: Span, other: Span) -> float:
    both = min(one.end_s, other.end_s) - max(one.start_s, other.start_s)
    return both / (max(one.end_s, other.end_s) - min(one.start_s, other.start_s))


def _by_noise(gaps: list[Told]) -> Iterator[tuple[str, list[Told]]]:
    yield "no noise", [each for each in gaps if each.case.snr_db is None]
    for shared, name in ((True, "noise before the gap"), (False, "noise over the gap")):
        for low, high in BANDS_DB:
            some = [each for each in gaps if each.case.is_noise_shared is shared and each.case.snr_db is not None]
            yield f"{name}, {low}-{high} dB SNR", [each for each in some if low <= (each.case.snr_db or 0) < high]


def _by_way(gaps: list[Told]) -> Iterator[tuple[str, list[Told]]]:
    for codec, name in (("none", "no codec"), ("g711", "G.711"), ("opus", "Opus 24 kbit/s")):
        yield name, [each for each in gaps if each.case.codec == codec]
    for rate_hz in RATES_HZ:
        yield f"{rate_hz // 1_000} kHz", [each for each in gaps if each.case.played_hz == rate_hz]


def _show(title: str, groups: Iterable[tuple[str, list[Told]]]) -> None:
    rows = [_row(name, some) for name, some in groups]
    columns = ("", "cases", "gaps", "found", "recall", "false", "precision", "start off, median ms")
    every = [each for _, some in rows for each in some]
    show(title, columns, [row for row, _ in rows] + ([_row("all", every)[0]] if "kind" in title else []))


def _row(name: str, some: list[Told]) -> tuple[list[object], list[Told]]:
    asked = [
        hit
        for each in some
        for hit, damage in zip(each.found, each.case.damages, strict=True)
        if damage.length_s >= LEAST_S
    ]
    hits, false = sum(asked), sum(each.false for each in some)
    off = [error for each in some for error in each.start_errors_s]
    recall = hits / len(asked) if asked else None
    precision = hits / (hits + false) if hits + false else None
    median_ms = 1_000 * float(np.median(off)) if off else None
    return [name, len(some), len(asked), hits, recall, false, precision, median_ms], some


def _lengths(gaps: list[Told]) -> None:
    rows: list[list[object]] = []
    for low, high in ((0.01, LEAST_S), *LENGTHS_S):
        asked = [
            hit
            for each in gaps
            for hit, damage in zip(each.found, each.case.damages, strict=True)
            if low <= damage.length_s < high
        ]
        rows.append(
            [f"{1_000 * low:.0f}-{1_000 * high:.0f} ms", len(asked), sum(asked), sum(asked) / max(1, len(asked))]
        )
    show("Gaps, by length", ("", "gaps", "found", "recall"), rows)


def _clean() -> None:
    clips = list(clean_clips())
    found = sum(bool(starved_playback.DETECTOR.examine(_examined(*clip)).findings) for clip in clips)
    length_s = sum(samples.size / rate_hz for samples, rate_hz in clips)
    show("Natural speech", ("", "clips", "minutes", "findings"), [["clean clips", len(clips), length_s / 60, found]])


def _speed() -> None:
    sound = np.resize(case(3, fitted=False).played, 3_600 * HOUR_HZ)
    rows: list[list[object]] = []
    for name, seconds in (("a minute at 16 kHz", 60), ("an hour at 16 kHz", 3_600)):
        begun = _cpu_s()
        find_gaps(sound[: seconds * HOUR_HZ], rate_hz=HOUR_HZ)
        rows.append([name, _cpu_s() - begun])
    show("Speed of measure/gaps", ("", "CPU seconds"), rows)


_cpu_s: Callable[[], float] = time.process_time


if __name__ == "__main__":
    main()
