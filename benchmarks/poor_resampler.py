"""How often the marks of a poor resampler are found in one track, and how often good sound is blamed.

``python -m benchmarks.poor_resampler FOLDER`` takes voices as ``FOLDER/<source>/<speaker>.flac`` (how to get them:
`benchmarks.voice_rate_fit`), and needs ``pip install samplerate av`` and ffmpeg. Each voice goes through some of the
resamplers of `benchmarks.poor_resampler_material`, drawn with a seed, and through some codecs. The limits of the
detector were chosen on the first voices of each source (`CHOSEN_ON`); those are printed apart, and only the others
count. ``--brief`` takes every tenth voice,
``--beside`` only what is heard beside its original.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Final

import numpy as np
import soundfile
import soxr
from rich.progress import track as progress

from benchmarks.poor_resampler_material import (
    CHUNKS,
    CODECS,
    DECIMATED,
    FILTERS,
    GOOD,
    STATELESS,
    UNFILTERED,
    UPWARDS,
    chunked,
    coded,
)
from benchmarks.table import show
from voicediag.detect import poor_resampler
from voicediag.detect.examination import Examination
from voicediag.session import ArraySource, Samples, Session, Track

CLIP_S: Final = 10
LEAST_S: Final = 4
SEED: Final = 20_261_122
# How many voices of each source the limits were chosen on, in the order of their names; of the rest that many count.
CHOSEN_ON: Final = {"kokoro": 12, "azure": 8, "picovoice": 50, "festival": 6, "sphinx": 0, "fw": 0, "ami-mix": 0}
CHOSEN_ON_OTHERS: Final = 4
UNHEARD: Final = frozenset({"ast-es", "ast-it", "ast-it-m", "ast-ru", "ast-esco", "ast-armelle", "arctic"})
MOST_A_SOURCE: Final = 3
UP: Final = ((8_000, 16_000), (8_000, 24_000), (16_000, 24_000), (16_000, 48_000), (24_000, 48_000), (22_050, 24_000))
DOWN: Final = ((24_000, 16_000), (22_050, 16_000), (44_100, 16_000), (44_100, 24_000), (22_050, 8_000))
WHOLE: Final = ((48_000, 16_000), (24_000, 8_000), (16_000, 8_000), (48_000, 24_000))
EACH, EACH_CODECS = 2, 6


@dataclass(frozen=True)
class Case:
    """One clip, and what was done to it."""

    counts: bool
    fault: str
    how: str
    detail: str
    sound: Samples
    rate_hz: int
    voice: str
    original: tuple[Samples, int] | None = None


@dataclass(frozen=True)
class Answer:
    """What was said of it."""

    case: Case
    kind: str
    said: str
    is_named: bool
    took_s: float


def main() -> None:
    """Print the tables."""
    if len(sys.argv) < 2:
        sys.exit("usage: python -m benchmarks.poor_resampler FOLDER [--brief]")
    voices = list(_voices(Path(sys.argv[1])))[:: 10 if "--brief" in sys.argv else 1]
    kinds = (_beside,) if "--beside" in sys.argv else (_cases, _beside)
    answers = [
        _answered(case)
        for number, (path, counts) in enumerate(progress(voices, transient=True))
        for kind in kinds
        for case in kind(path, np.random.default_rng([SEED, number]), counts=counts)
    ]
    for counts, title in (
        (True, "Voices that no limit was chosen on"),
        (False, "Voices that the limits were chosen on"),
    ):
        _tables([answer for answer in answers if answer.case.counts is counts], title)
    for answer in answers:
        if not answer.case.fault and answer.kind not in {"clear", "unjudged"}:
            print(f"blamed: {answer.case.voice} {answer.case.how} {answer.case.detail}: {answer.said}")
    took = sorted(answer.took_s for answer in answers)
    print(f"{took[len(took) // 2]:.2f} s of CPU for a clip, at most {took[-1]:.2f}")


def _voices(folder: Path) -> Iterator[tuple[Path, bool]]:
    """Yield the voices, and whether they count."""
    for source in sorted(folder.glob("*")):
        paths = sorted(source.glob("*.flac"))
        chosen = 0 if source.name in UNHEARD else CHOSEN_ON.get(source.name, CHOSEN_ON_OTHERS)
        yield from ((path, False) for path in paths[:chosen][:1])
        yield from ((path, True) for path in paths[chosen:][:MOST_A_SOURCE])


def _cases(path: Path, random: np.random.Generator, *, counts: bool) -> Iterator[Case]:
    """Yield a voice through some resamplers and some codecs."""
    whole, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    name_of = f"{path.parent.name}/{path.stem}"
    voice = whole[: CLIP_S * rate_hz, 0]
    if voice.size < LEAST_S * rate_hz:
        return

    def at(wanted_hz: int) -> Samples:
        return np.asarray(soxr.resample(voice, rate_hz, wanted_hz, "VHQ"), np.float32)

    def drawn(fault: str, resamplers: dict, pairs: tuple, count: int = EACH) -> Iterator[Case]:
        for _ in range(count):
            name, pair = random.choice(list(resamplers)), pairs[random.integers(len(pairs))]
            made = np.asarray(resamplers[name](at(pair[0]), *pair), np.float32)
            yield Case(counts, fault, name, _named(pair), made, pair[1], name_of)

    # What a voice has not above half the new rate cannot be folded.
    down = tuple(pair for pair in DOWN if pair[1] < rate_hz)
    whole_pairs = tuple(pair for pair in WHOLE if pair[1] < rate_hz)
    yield from drawn("images", {**UNFILTERED, **UPWARDS}, UP)
    if down:
        yield from drawn("images, aliases", UNFILTERED, down)
    if whole_pairs:
        yield from drawn("aliases alone", DECIMATED, whole_pairs, 1)
    for chunk in (*random.choice(CHUNKS, EACH, replace=False), *(["random"] if random.random() < 0.3 else [])):
        name, pair = random.choice(list(STATELESS)), (*UP, *DOWN, *WHOLE)[random.integers(15)]
        made = chunked(STATELESS[name], at(pair[0]), pair, chunk, random)
        fault = "seams, random chunks" if chunk == "random" else "seams"
        yield Case(counts, fault, name, f"{_named(pair)}, {chunk}", made, pair[1], name_of)
    yield Case(counts, "", "as it was", "", voice, rate_hz, name_of)
    yield from drawn("", {f"{name}, one stream": each for name, each in GOOD.items()}, (*UP, *DOWN, *WHOLE))
    for name in random.choice((*CODECS, *FILTERS), EACH_CODECS, replace=False):
        yield Case(counts, "", name, "", *coded(voice, rate_hz, str(name)), name_of)


def _beside(path: Path, random: np.random.Generator, *, counts: bool) -> Iterator[Case]:
    """Yield a voice beside its original, its rate lowered by a whole factor without a filter and with one."""
    whole, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    voice, name = whole[: CLIP_S * rate_hz, 0], f"{path.parent.name}/{path.stem}"
    pairs = [pair for pair in WHOLE if pair[1] < rate_hz]
    if voice.size < LEAST_S * rate_hz or not pairs:
        return
    for resamplers, fault in ((DECIMATED, "aliases, beside the original"), (GOOD, "")):
        how, pair = random.choice(list(resamplers)), pairs[random.integers(len(pairs))]
        original = np.asarray(soxr.resample(voice, rate_hz, pair[0], "VHQ"), np.float32)
        made = np.asarray(resamplers[how](original, *pair), np.float32)
        beside = how if fault else f"{how}, beside the original"
        yield Case(counts, fault, beside, _named(pair), made, pair[1], name, (original, pair[0]))


def _named(pair: tuple[int, int]) -> str:
    return f"{pair[0] / 1_000:g} to {pair[1] / 1_000:g} kHz"


def _answered(case: Case) -> Answer:
    sound = np.clip(np.asarray(case.sound, np.float32), -1, 1)
    track = Track(name="user-sent", source=ArraySource(sound, case.rate_hz))
    tracks = {track.name: track}
    if case.original:
        tracks["user-captured"] = Track(name="user-captured", source=ArraySource(*case.original))
    exam = Examination(Session(source="benchmark", tracks=tracks))
    exam.activity(track.name)
    began_s = process_time()
    verdict = poor_resampler.examine(exam)
    took_s = process_time() - began_s
    if not verdict.findings:
        return Answer(case, "unjudged" if verdict.reason else "clear", "", is_named=False, took_s=took_s)
    measures = [dict(finding.primary.measure) for finding in verdict.findings]
    named = any(_is_named(case, measure) for measure in measures)
    return Answer(
        case, ", ".join(str(measure["kind"]) for measure in measures), str(measures), is_named=named, took_s=took_s
    )


def _is_named(case: Case, measure: dict) -> bool:
    """Tell whether the rates or the chunk are the ones that were."""
    if not case.fault:
        return False
    if measure["kind"] != "seams":
        return case.detail == _named((measure["from_hz"], measure["to_hz"]))
    pair, _, chunk = case.detail.partition(", ")
    made_hz = 1_000 * float(pair.split()[0])
    frames = float(chunk.removesuffix(" ms")) * made_hz / 1_000 if chunk.endswith("ms") else float(chunk or 0)
    return abs(measure["chunk_ms"] / 1_000 - frames / made_hz) <= 1 / case.rate_hz


def _tables(answers: list[Answer], title: str) -> None:
    faulty, clean = ([each for each in answers if bool(each.case.fault) is bad] for bad in (True, False))
    for heading, key in (("fault", "fault"), ("resampler", "how"), ("rates and chunks", "detail")):
        show(
            f"{title}: faults by {heading}",
            (heading, "clips", "found", "share", "named", "unjudged"),
            _rows(faulty, key),
        )
    show(f"{title}: clean sound", ("path", "clips", "blamed", "share", "named", "unjudged"), _rows(clean, "how"))


def _rows(answers: list[Answer], key: str) -> list[list[object]]:
    groups = defaultdict(list)
    for answer in answers:
        groups[getattr(answer.case, key).removesuffix(", one stream")].append(answer)
    return [_row(name, group) for name, group in sorted(groups.items())] + [_row("all", answers)]


def _row(name: str, group: list[Answer]) -> list[object]:
    unjudged = sum(each.kind == "unjudged" for each in group)
    hits = sum(each.kind not in {"clear", "unjudged"} for each in group)
    judged = len(group) - unjudged
    return [name, len(group), hits, hits / judged if judged else None, sum(each.is_named for each in group), unjudged]


if __name__ == "__main__":
    main()
