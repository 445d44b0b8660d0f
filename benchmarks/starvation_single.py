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

from benchmarks.starvation_damage import FADE_S, KINDS, Damage
from benchmarks.starvation_material import RATES_HZ, Case, case, clean_clips
from benchmarks.starvation_phrases import trimmed_clips
from benchmarks.table import show
from voicediag.detect import playback, starved_playback
from voicediag.detect.breaks import Break
from voicediag.detect.examination import Examination
from voicediag.measure.gaps import find_gaps
from voicediag.session import ArraySource, Samples, Session, Track
from voicediag.spans import Span

CASES = 400
# Cases and clips from here on were first looked at when the weights and the limits stood.
FIRST = 20_000
GAPS = ("zeros", "held", "faded", "comfort", "blanked")
LEAST_S = 0.02
SHARED = 0.5
BANDS_DB = ((5, 10), (10, 20), (20, 30), (30, 40))
CONTRASTS_DB = ((-40, 3), (3, 6), (6, 9), (9, 12), (12, 18), (18, 30), (30, 120))
LEAST_CONTRAST_DB = 9
BESIDE_S, OFF_S = 0.01, 0.001
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
    contrasts_db: tuple[float, ...]


def main() -> None:
    """Print the tables."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else CASES
    # The kinds come in turn; chunks that leave no silence are not asked about.
    indices = (index for index in range(FIRST, FIRST + count) if KINDS[index % len(KINDS)] in GAPS)
    gaps = [told_of(case(index, fitted=False)) for index in indices]
    _show("Gaps, by kind", ((kind, [each for each in gaps if each.case.kind == kind]) for kind in GAPS))
    _show("Gaps, by what lies over them", _by_noise(gaps))
    _show("Gaps, by codec and rate", _by_way(gaps))
    _lengths(gaps)
    _contrasts(gaps)
    _cells(gaps)
    _clean()
    _speed()


def told_of(one: Case) -> Told:
    """Return what is said of the played track of a case."""
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
        contrasts_db=tuple(_contrast_db(one, each) for each in one.damages),
    )


def _contrast_db(one: Case, damage: Damage) -> float:
    """Return by how much the softer of the two edges stands over what fills the gap, in the first difference."""
    moved = np.diff(one.played.astype(np.float64)) ** 2
    start, end = (round(at_s * one.played_hz) for at_s in damage.played_s)
    beside, off = round(BESIDE_S * one.played_hz), round(OFF_S * one.played_hz)
    faded = round(FADE_S * one.played_hz) if damage.kind == "faded" else 0
    inside = moved[start + off + faded : max(start + off + faded + 1, end - off)]
    softer = min(moved[max(0, start - beside) : start].mean(), moved[end : end + beside].mean())
    return float(10 * np.log10((softer + 1e-10) / (inside.mean() + 1e-10)))


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


def _asked(some: list[Told], holds: Callable[[Told, Damage, float], bool]) -> list[bool]:
    """Return of each gap of which something holds whether it was found."""
    return [
        hit
        for each in some
        for hit, damage, contrast_db in zip(each.found, each.case.damages, each.contrasts_db, strict=True)
        if holds(each, damage, contrast_db)
    ]


def _of_length(some: list[Told], band_s: tuple[float, float]) -> list[bool]:
    return _asked(some, lambda _, damage, __: band_s[0] <= damage.length_s < band_s[1])


def _of_contrast(some: list[Told], band_db: tuple[float, float]) -> list[bool]:
    return _asked(some, lambda _, damage, db: damage.length_s >= LEAST_S and band_db[0] <= db < band_db[1])


def _shares(name: str, asked: list[bool]) -> list[object]:
    return [name, len(asked), sum(asked), sum(asked) / len(asked) if asked else None]


def _lengths(gaps: list[Told]) -> None:
    rows = [
        _shares(f"{1_000 * band[0]:.0f}-{1_000 * band[1]:.0f} ms", _of_length(gaps, band))
        for band in ((0.01, LEAST_S), *LENGTHS_S)
    ]
    show("Gaps, by length", ("", "gaps", "found", "recall"), rows)


def _contrasts(gaps: list[Told]) -> None:
    """Print how much is found by how much there is to hear, and of all that has some evidence."""
    bands = (*CONTRASTS_DB, (LEAST_CONTRAST_DB, CONTRASTS_DB[-1][1]))
    rows = [_shares(f"{band[0]} to {band[1]} dB", _of_contrast(gaps, band)) for band in bands]
    show("Gaps, by how far the softer edge stands over what fills them", ("", "gaps", "found", "recall"), rows)


def _cells(gaps: list[Told]) -> None:
    """Print what is found of each kind by length, and behind each codec by noise."""
    by_kind = ((kind, [each for each in gaps if each.case.kind == kind]) for kind in GAPS)
    rows = [[kind, *(_of(_of_length(some, band)) for band in LENGTHS_S)] for kind, some in by_kind]
    show("Found of planted, by kind and length", ("", *(f"{low}-{high} s" for low, high in LENGTHS_S)), rows)
    noises = ("none", "before it", *(f"{low}-{high} dB over it" for low, high in BANDS_DB))
    table = [
        [way, *(_of(_asked(gaps, lambda told, damage, _, cell=(way, noise): _is_in(told, damage, cell)))
                for noise in noises)]
        for way in ("none after it", "G.711 after it", "Opus after it")
    ]  # fmt: skip
    show("Found of planted, by codec and noise", ("codec", *noises), table)


def _of(asked: list[bool]) -> str:
    return f"{sum(asked)} / {len(asked)}"


def _is_in(told: Told, damage: Damage, cell: tuple[str, str]) -> bool:
    return damage.length_s >= LEAST_S and cell == (_way(told.case), _noise(told.case))


def _way(one: Case) -> str:
    if one.is_coded_first or one.codec == "none":
        return "none after it"
    return "G.711 after it" if one.codec == "g711" else "Opus after it"


def _noise(one: Case) -> str:
    if one.snr_db is None:
        return "none"
    if one.is_noise_shared:
        return "before it"
    return next(f"{low}-{high} dB over it" for low, high in BANDS_DB if one.snr_db <= high)


def _clean() -> None:
    rows: list[list[object]] = []
    for name, clips in (
        ("clean clips", clean_clips(first=FIRST)),
        ("trimmed phrases, 8 s each", trimmed_clips(first=FIRST)),
    ):
        seen = [(samples.size / rate_hz, _told_of(samples, rate_hz)) for samples, rate_hz in clips]
        rows.append([name, len(seen), sum(length_s for length_s, _ in seen) / 60, sum(found for _, found in seen)])
    show("Speech without a gap", ("", "clips", "minutes", "findings"), rows)


def _told_of(samples: Samples, rate_hz: int) -> bool:
    return bool(starved_playback.DETECTOR.examine(_examined(samples, rate_hz)).findings)


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
