"""How well chunks that leave no silence are told where one track is all that there is.

``python -m benchmarks.starvation_chunks [CASES]`` asks `starved-playback` about the played track alone of each case of
`benchmarks.starvation_material` in which chunks are repeated, lost or swapped, of the half of the voices and noises on
which nothing was fitted. A repeated chunk is found where a reported place begins within 30 ms of it and is as long to
2 ms. Whatever else is said to be heard twice is false, in these cases and in those of all other kinds. Seams are asked
of lost chunks and of both ends and the middle of swapped ones, to a millisecond; a swap, where both its ends are right.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from benchmarks.starvation_damage import KINDS, Damage
from benchmarks.starvation_material import Case, case, clean_clips, through
from benchmarks.table import show
from voicediag.detect import breaks, cuts, starved_playback
from voicediag.detect.examination import Examination
from voicediag.detect.finding import Verdict
from voicediag.measure.heard_twice import HeardTwice, heard_twice
from voicediag.measure.splices import Splice, find_splices
from voicediag.measure.swaps import Swap, find_swaps
from voicediag.session import ArraySource, Samples, Session, Track

CASES, CLEAN = 480, 200
BESIDE_S, ALIKE_S, AT_S = 0.03, 0.002, 0.001
LENGTHS_S = ((0.01, 0.03), (0.03, 0.05), (0.05, 0.2), (0.2, 0.5), (0.5, 2.0))
CHUNKS = ("repeated", "lost", "swapped")
HOUR_S = 3_600


@dataclass(frozen=True)
class Told:
    """A case, what was heard twice, which of the planted chunks that is, and whether there was a finding."""

    case: Case
    again: tuple[HeardTwice, ...]
    hits: tuple[bool, ...]
    is_finding: bool
    seconds: float
    seams: tuple[Splice, ...]
    swaps: tuple[Swap, ...]

    @property
    def false(self) -> int:
        """Places that were not planted."""
        return len(self.again) - sum(self.hits)

    def asked(self, low_s: float, high_s: float) -> list[bool]:
        """Return of each planted chunk that is so long whether it was found."""
        pairs = zip(self.case.damages, self.hits, strict=False)
        return [hit for damage, hit in pairs if low_s <= damage.length_s < high_s]


def main() -> None:
    """Print the tables."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else CASES
    with ProcessPoolExecutor() as pool:
        told = list(pool.map(_told, range(count), chunksize=2))
        clips = enumerate(clean_clips(round(CLEAN * min(1.0, count / CASES)), fitted=False))
        clean = list(pool.map(_clean, clips, chunksize=2))
    repeated = [each for each in told if each.case.kind == "repeated"]
    _lengths(repeated)
    _ways(repeated)
    _kinds(told)
    _seams(told)
    _cleans(clean)
    used, heard = sum(each.seconds for each in told), sum(each.case.played.size / each.case.played_hz for each in told)
    show("Speed of measure/heard_twice", ("", "CPU seconds"), [("an hour", used / heard * HOUR_S)])


def _told(index: int) -> Told:
    one = case(index, fitted=False)
    track = Track(name="agent-played", source=ArraySource(one.played, one.played_hz))
    began = time.process_time()
    again = heard_twice(track.source, least_contrast_db=breaks.TWICE.value)
    seconds = time.process_time() - began
    # Of the other kinds the gaps themselves are found: benchmarks/starvation_single.
    is_finding = one.kind in CHUNKS and bool(_examined(track).findings)
    planted = one.damages if one.kind == "repeated" else ()
    hits = tuple(any(_is_it(each, damage) for each in again) for damage in planted)
    seams = find_splices(track.source, least=cuts.FAINT.value) if one.kind in CHUNKS else ()
    swaps = find_swaps(track.source, [each.frame for each in seams])
    return Told(one, again, hits, is_finding, seconds, seams, swaps)


def _examined(track: Track) -> Verdict:
    return starved_playback.DETECTOR.examine(Examination(Session(source="planted", tracks={track.name: track})))


def _is_it(each: HeardTwice, damage: Damage) -> bool:
    return abs(each.start_s - damage.played_s[0]) <= BESIDE_S and abs(each.length_s - damage.length_s) <= ALIKE_S


def _lengths(repeated: list[Told]) -> None:
    rows = []
    for low_s, high_s in LENGTHS_S:
        asked = [hit for each in repeated for hit in each.asked(low_s, high_s)]
        rows.append((f"{1_000 * low_s:.0f}-{1_000 * high_s:.0f} ms", len(asked), sum(asked), _share(asked)))
    show("Repeated chunks, by length", ("", "chunks", "found", "recall"), rows)


def _ways(repeated: list[Told]) -> None:
    ways: dict[str, Callable[[Case], bool]] = {
        "no codec": lambda one: one.codec == "none",
        "G.711 after it": lambda one: one.codec == "g711" and not one.is_coded_first,
        "Opus 24 kbit/s after it": lambda one: one.codec == "opus" and not one.is_coded_first,
        "G.711 or Opus before it": lambda one: one.codec != "none" and one.is_coded_first,
        "noise over both, 5-15 dB SNR": lambda one: not one.is_noise_shared and (one.snr_db or 99) < 15,
        "noise over both, 15-40 dB SNR": lambda one: not one.is_noise_shared and 15 <= (one.snr_db or 0) <= 40,
    }
    low_s, high_s = LENGTHS_S[1][0], LENGTHS_S[-2][1]
    rows = []
    for name, holds in ways.items():
        asked = [hit for each in repeated if holds(each.case) for hit in each.asked(low_s, high_s)]
        rows.append((name, len(asked), sum(asked), _share(asked)))
    show("Repeated chunks of 30 to 500 ms, by what lies over them", ("", "chunks", "found", "recall"), rows)


def _kinds(told: list[Told]) -> None:
    rows: list[tuple[object, ...]] = []
    for kind in (*CHUNKS, *(each for each in KINDS if each not in CHUNKS)):
        some = [each for each in told if each.case.kind == kind]
        findings = sum(each.is_finding for each in some) if kind in CHUNKS else None
        rows.append((kind, len(some), sum(sum(each.hits) for each in some), sum(each.false for each in some), findings))
    show("Places said to be heard twice", ("kind", "cases", "right", "false", "cases with a finding"), rows)


def _seams(told: list[Told]) -> None:
    """Print how many seams are seen, how many swaps are told, and what else is said."""
    ways: dict[str, Callable[[Case], bool]] = {
        "as it was cut": lambda one: _over(one) == "" and not _is_resampled(one),
        "resampled since": lambda one: _over(one) == "" and _is_resampled(one),
        "G.711 since": lambda one: _over(one) == "g711",
        "Opus 24 kbit/s since": lambda one: _over(one) == "opus",
        "noise since": lambda one: _over(one) == "noise",
    }
    rows = []
    for kind in ("lost", "swapped"):
        for name, holds in ways.items():
            some = [each for each in told if each.case.kind == kind and holds(each.case)]
            seen = [hit for each in some for hit in _seam_hits(each)]
            swaps = [
                any(_is_swap(each, swap, one) for swap in each.swaps) for each in some for one in each.case.damages
            ]
            findings = sum(each.is_finding for each in some)
            told_swaps = sum(swaps) if kind == "swapped" else None
            rows.append((f"{kind}, {name}", len(some), len(seen), sum(seen), _share(seen), told_swaps, findings))
    columns = ("", "cases", "seams", "seen", "recall", "swaps told", "cases with a finding")
    show("Lost and swapped chunks", columns, rows)
    chunks = [each for each in told if each.case.kind in ("lost", "swapped")]
    false = sum(
        not _is_planted(each, seam) for each in chunks for seam in each.seams if seam.surprise >= cuts.SEAM.value
    )
    wrong = sum(
        all(not _is_swap(each, swap, one) for one in each.case.damages) for each in chunks for swap in each.swaps
    )
    minutes = sum(each.case.played.size / each.case.played_hz for each in chunks) / 60
    show("Said of them, and not planted", ("minutes", "seams", "swaps"), [(minutes, false, wrong)])


def _over(one: Case) -> str:
    """Return what came over a case's damages."""
    if one.snr_db is not None and not one.is_noise_shared:
        return "noise"
    return "" if one.codec == "none" or one.is_coded_first else one.codec


def _is_resampled(one: Case) -> bool:
    return bool(one.drift_ppm) or one.received_hz != one.played_hz


def _planted_seams(one: Case) -> list[float]:
    """Return the times of a case's seams."""
    pairs = [each.played_s for each in one.damages]
    return [at_s for low, high in pairs for at_s in ((low, (low + high) / 2, high) if high > low else (low,))]


def _seam_hits(each: Told) -> list[bool]:
    clear = [seam.frame / each.case.played_hz for seam in each.seams if seam.surprise >= cuts.SEAM.value]
    return [any(abs(at_s - planted_s) <= AT_S for at_s in clear) for planted_s in _planted_seams(each.case)]


def _is_planted(each: Told, seam: Splice) -> bool:
    at_s = seam.frame / each.case.played_hz
    return any(abs(at_s - planted_s) <= AT_S for planted_s in _planted_seams(each.case))


def _is_swap(each: Told, swap: Swap, damage: Damage) -> bool:
    begin_s, end_s = swap.start / each.case.played_hz, swap.end / each.case.played_hz
    near = abs(begin_s - damage.played_s[0]) <= AT_S and abs(end_s - damage.played_s[1]) <= AT_S
    return damage.kind == "swapped" and near


def _clean(clip: tuple[int, tuple[Samples, int]]) -> tuple[float, list[float], list[float], bool]:
    """Return how long a clean clip is, how near it comes, as it is and through a codec, and whether it is a finding."""
    index, (sound, rate_hz) = clip
    coded = through(sound, rate_hz, ("g711", "opus")[index % 2])
    tracks = [Track(name="agent-played", source=ArraySource(each, rate_hz)) for each in (sound, coded)]
    found = [each for track in tracks for each in heard_twice(track.source, least_contrast_db=0.0)]
    seams = [each.surprise for track in tracks for each in find_splices(track.source, least=cuts.SEAM.value / 2)]
    is_finding = any(
        breaks.are_breaks((*breaks.heard_again(track), *cuts.put_together(track)), starved_playback.LEAST_LOST)
        for track in tracks
    )
    return 2 * sound.size / rate_hz, [each.contrast_db for each in found], seams, is_finding


def _cleans(clean: list[tuple[float, list[float], list[float], bool]]) -> None:
    near, seams = ([each for clip in clean for each in clip[part]] for part in (1, 2))
    minutes, findings = sum(clip[0] for clip in clean) / 60, sum(clip[-1] for clip in clean)
    places = [sum(each >= breaks.TWICE.value for each in near), sum(each >= cuts.SEAM.value for each in seams)]
    rows = [(len(clean), minutes, max(near, default=None), places[0], max(seams, default=None), places[1], findings)]
    columns = ("clips", "minutes", "highest contrast, dB", "repeats", "highest surprise", "seams", "findings")
    show("Clean clips, as they are and through a codec", columns, rows)


def _share(asked: Iterable[bool]) -> float | None:
    hits = list(asked)
    return sum(hits) / len(hits) if hits else None


if __name__ == "__main__":
    main()
