"""What a resampler's grade is worth: ``python -m benchmarks.resampler_grades [EVERY]``.

The limits of the grades were fitted on synthetic voices through resamplers that are spoilt in one way by a known
amount, and are reported on real voices through the resamplers of libraries. The yardstick is PESQ-WB (P.862.2) against
the voice through soxr VHQ; STOI and the log-spectral distance stand beside it. Needs the extra ``speech-quality``, the
development data (`VOICEDIAG_DATA`, or ../shared/data), and judges what else is installed. It takes twenty minutes; with
EVERY = 4 only every fourth voice.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import soxr
from scipy.stats import spearmanr
from threadpoolctl import threadpool_limits

from benchmarks.echo_material import data
from benchmarks.resampler_grades_material import CHUNK_S, Clip, Pair, Tried, libraries, others, spoilt, synthetic
from benchmarks.table import show
from voicediag.resampling import Report, evaluate
from voicediag.resampling.arguments import Rates
from voicediag.resampling.grades import Scale
from voicediag.resampling.probe import probed
from voicediag.resampling.speech import SpeechQuality, speech_quality
from voicediag.resampling.target import target_of

BEST = 4.644
# What a C and a D may cost a voice, in nine voices of ten.
LOSSES = {"C": 0.1, "D": 0.5}
DROOP_LOSSES = {"C": 0.1, "D": 0.2}
SHARE = 0.9
# Between which rates, and whether of a telephone's voice.
CASES: tuple[tuple[Pair, bool], ...] = (
    ((24_000, 16_000), False), ((48_000, 16_000), False), ((24_000, 8_000), False),
    ((24_000, 16_000), True), ((8_000, 16_000), True),
)  # fmt: skip
# What was spoilt is read by this number; noise under a telephone's voice fills a band that no resampler's noise does.
FAMILIES = {
    "aliases": "alias_rejection_db", "images": "image_rejection_db", "noise": "sinad_997_db",
    "seams": "boundary_error_db", "loss": "droop_7000_db",
}  # fmt: skip
TELEPHONE_FAMILIES = {
    "images": "image_rejection_telephone_db", "seams": "boundary_error_db", "loss": "droop_3400_db",
}  # fmt: skip
FALLING = ("loss",)
# Delay and drift are no change of the sound, and PESQ follows both.
SILENT = {"late_ms", "length_drift_ppm", "clock_error_ppm"}


@dataclass(frozen=True)
class Row:
    """What a resampler got from the bench, and what each voice lost through it."""

    tried: Tried
    telephone: bool
    report: Report
    heard: tuple[SpeechQuality, ...]

    @property
    def losses(self) -> list[float]:
        """What each voice lost, in MOS."""
        return [BEST - each.pesq_wb for each in self.heard if each.pesq_wb is not None]

    @property
    def loss(self) -> float:
        """What nine voices of ten lost at most."""
        return float(np.quantile(self.losses, SHARE))

    @property
    def figure(self) -> float:
        """How far down the grades it is, between the letters too: the worst of all that changes the sound."""
        content = "telephone-band" if self.telephone else "wideband"
        kinds = {content, "live"} if self.tried.chunked else {content}
        parts = [part for part in self.report.parts if kinds & set(part.of) and part.key not in SILENT]
        return max(place(part.scale, part.number.value) for part in parts)


def place(scale: Scale, value: float) -> float:
    """Return how many letters a value is below A, straight between the limits."""
    sign = -1 if scale.rising else 1
    limits = [sign * step.value for step in scale.steps]
    if sign * value > limits[3]:
        return 3 + 3 * (sign * value - limits[3]) / (limits[3] - limits[0])
    return float(np.interp(sign * value, [2 * limits[0] - limits[1], *limits], [-1, 0, 1, 2, 3]))


def rows(tried: Iterable[Tried], clips: tuple[Clip, ...], *, telephone: bool) -> Iterator[Row]:
    """Yield what became of each voice through each resampler."""
    for each in tried:
        given, pair = each.make(), each.pair
        kind = "float64" if each.spoilt else None
        report = evaluate(given, *pair, live=each.chunked, name=each.name, sample_type=kind)
        target = probed(target_of(given, Rates(in_hz=pair[0], out_hz=pair[1])), sample_type=report.sample_type)
        heard = []
        for clip in clips:
            voice = clip.at(pair[0], telephone=telephone)
            perfect = np.asarray(soxr.resample(voice, *pair, "VHQ"))
            frames = round(CHUNK_S * pair[0])
            out = np.concatenate(target.chunked(voice, frames)) if each.chunked else target.whole(voice)
            heard.append(speech_quality(perfect, out, pair[1]))
        yield Row(each, telephone, report, tuple(heard))


def crossing(curve: list[Row], key: str, loss: float, *, rising: bool) -> float | None:
    """Return where nine voices of ten lose so much; None where the curve does not tell."""
    sign = -1 if rising else 1
    points = sorted((sign * abs(row.report.numbers[key].value), row.loss) for row in curve)
    losses = np.maximum.accumulate([lost for _, lost in points])
    if not losses[0] < loss <= losses[-1]:
        return None
    return sign * float(np.interp(loss, losses, [figure for figure, _ in points]))


def fitted(clips: tuple[Clip, ...]) -> None:
    """Print where each degree of spoiling costs what a C and a D may cost."""
    found = []
    for pair, telephone in CASES:
        families = TELEPHONE_FAMILIES if telephone else FAMILIES
        made = list(rows((each for each in spoilt(pair) if each.spoilt in families), clips, telephone=telephone))
        shapes = groupby(made, lambda row: (row.tried.spoilt, row.tried.name.partition(" of ")[2]))
        for (family, shape), same in shapes:
            curve, key = list(same), families[family]
            if key not in curve[0].report.numbers:
                continue
            losses = DROOP_LOSSES if family == "loss" else LOSSES
            limits = [crossing(curve, key, loss, rising=family not in FALLING) for loss in losses.values()]
            content = "telephone" if telephone else "wideband"
            found.append([f"{key} {shape}".strip(), f"{pair[0]} to {pair[1]}", content, *limits])
    found.sort(key=lambda row: str(row[0]))
    show("Where nine voices of ten lose what a C and a D may cost", ["", "rates", "voice", "C", "D"], found)


def reported(clips: tuple[Clip, ...]) -> None:
    """Print what grades and PESQ say of the resamplers in use, and how well they agree."""
    everything: list[Row] = []
    for pair, telephone in CASES:
        made = sorted(rows(libraries(pair), clips, telephone=telephone), key=lambda row: row.figure)
        everything += made
        title = f"{pair[0]} to {pair[1]}, {'telephone' if telephone else 'wideband'} voices"
        show(
            title,
            ["", "letters below A", "PESQ-WB", "lost by 9 of 10", "STOI", "LSD, dB"],
            [_told(row) for row in made],
        )
    cases = groupby(everything, lambda row: (row.tried.pair, row.telephone))
    table = [
        [f"{pair[0]} to {pair[1]}{' telephone' * phone}", *_agreement(list(same))] for (pair, phone), same in cases
    ]
    table.append(["all", *_agreement(everything)])
    show(
        "Rank agreement of the grade's figure with PESQ-WB, and whether a grade keeps its promise",
        ["", "resamplers", "Spearman", "A to C", "lose > 0.1", "D", "lose > 0.5", "F", "lose < 0.5"],
        table,
        note="Lost by nine voices of ten.",
    )


def _told(row: Row) -> list[object]:
    stoi = [each.stoi for each in row.heard if each.stoi is not None]
    distance = float(np.mean([each.log_spectral_distance_db for each in row.heard]))
    return [row.tried.name, row.figure, BEST - float(np.mean(row.losses)), row.loss, float(np.mean(stoi)), distance]


def _agreement(same: list[Row]) -> list[object]:
    rank = float(spearmanr([row.figure for row in same], [np.mean(row.losses) for row in same]).statistic)
    good = [row for row in same if row.figure <= 2]
    fair = [row for row in same if 2 < row.figure <= 3]
    bad = [row for row in same if row.figure > 3]
    return [
        len(same), rank,
        len(good), sum(row.loss > LOSSES["C"] for row in good),
        len(fair), sum(row.loss > LOSSES["D"] for row in fair),
        len(bad), sum(row.loss < LOSSES["D"] for row in bad),
    ]  # fmt: skip


def main() -> None:
    """Print all tables."""
    if not (data() / "vad" / "vap_phrases").is_dir():
        sys.exit(f"no voices at {data()}; VOICEDIAG_DATA names the folder that holds them")
    every = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    with threadpool_limits(limits=1, user_api="blas"), np.errstate(all="ignore"):
        fitted(synthetic()[:: 4 * every])
        reported(others()[::every])


if __name__ == "__main__":
    main()
