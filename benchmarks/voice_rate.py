"""How often a voice tells at what rate it was made, and how often it is wrongly suspected.

``python -m benchmarks.voice_rate FOLDER`` takes voices as ``FOLDER/<source>/<speaker>.flac`` (how to get them:
`benchmarks.voice_rate_fit`) and declares each as it is and as the pairs of `PAIRS_HZ`: clean, in noise at 10 dB, and
through G.711. Only sources count of which no voice was fitted (`HELD_BACK`), at most `MOST_A_SOURCE` voices of each. A
second folder beside it, whose name ends in ``-moved``, holds the same voices with pitch, vocal tract and pace moved
apart to the edges of the human range, as stand-ins for children, deep voices and fast talkers: all that is found there
is false, as is all that is found in a folder of sounds without a voice that is named after it.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, Final

import numpy as np
import soundfile
import soxr
from rich.progress import track as progress

from benchmarks.table import show
from benchmarks.voice_rate_fit import held_back
from voicediag.detect import voices
from voicediag.measure import activity, voice_rate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicediag.session import Samples

# Made at, declared as.
RIGHT_HZ: Final = (24_000, 24_000)
PAIRS_HZ: Final = (
    (48_000, 16_000),
    (16_000, 8_000),
    (24_000, 16_000),
    (16_000, 24_000),
    (24_000, 48_000),
    (8_000, 24_000),
)
ALWAYS_HZ: Final = (RIGHT_HZ, (24_000, 16_000), (16_000, 24_000))
SOUNDS: Final = ("clean", "10 dB", "G.711")
LENGTHS_S: Final = (3, 6, 10, 30)
MOST_A_SOURCE: Final = 6
SEED: Final = 20_261_121


@dataclass(frozen=True)
class Heard:
    """One voice, once played."""

    source: str
    pair_hz: tuple[int, int]
    sound: str
    length_s: int
    margin: float
    likeness: float
    named_hz: int
    moved: bool


def main() -> None:
    """Print the tables."""
    if len(sys.argv) < 2:
        sys.exit("usage: python -m benchmarks.voice_rate FOLDER [NOISES]")
    folder, heard = Path(sys.argv[1]), []
    took_s = listened_s = 0.0
    plays = [(each, False) for each in _chosen(folder)] + [(each, True) for each in _chosen(Path(f"{folder}-moved"))]
    for path, moved in progress(plays, transient=True):
        for pair_hz, sound, samples in _played(path, moved=moved):
            declared_hz = pair_hz[1]
            speech = _speech(samples, declared_hz)
            for length_s in LENGTHS_S:
                part = speech[: length_s * declared_hz]
                if part.size < length_s * declared_hz:
                    break
                began_s = process_time()
                rate = voice_rate.listen(part, declared_hz, voices.others_hz(declared_hz))
                took_s, listened_s = took_s + process_time() - began_s, listened_s + length_s
                told = (rate.margin_nats, rate.likeness_nats, rate.actual_hz)
                heard.append(Heard(path.parent.name, pair_hz, sound, length_s, *told, moved))
    _tables(heard)
    if len(sys.argv) > 2:
        _noises(Path(sys.argv[2]))
    print(f"{60 * took_s / max(listened_s, 1):.2f} s of CPU for a minute of speech")


def _chosen(folder: Path) -> Iterator[Path]:
    """Yield the voices that are tried."""
    for source in sorted(folder.glob("*")):
        yield from [path for path in sorted(source.glob("*.flac")) if held_back(path)][:MOST_A_SOURCE]


def _played(path: Path, *, moved: bool) -> Iterator[tuple[tuple[int, int], str, Samples]]:
    """Yield a voice as each pair of rates and in each sound."""
    samples, rate_hz = soundfile.read(path, dtype="float32")
    random = np.random.default_rng(SEED)
    for pair_hz in (RIGHT_HZ,) if moved else (RIGHT_HZ, *PAIRS_HZ):
        made_hz, declared_hz = pair_hz
        # Below 3.2 kHz of its own band there is no telephone to compare with.
        if min(rate_hz, made_hz) * declared_hz < 6_400 * made_hz:
            continue
        for sound in SOUNDS if pair_hz in ALWAYS_HZ and not moved else SOUNDS[:1]:
            noisy = samples
            if sound == "10 dB":
                noisy = samples + random.standard_normal(samples.size) * np.sqrt(np.mean(samples**2) / 10)
            played = soxr.resample(noisy.astype(np.float32), rate_hz, made_hz)
            yield pair_hz, sound, _telephone(played, declared_hz) if sound == "G.711" else played


def _telephone(samples: Samples, declared_hz: int) -> Samples:
    """Return sound as mu-law at 8 kHz leaves it."""
    low = soxr.resample(samples, declared_hz, 8_000)
    low = np.clip(low, -1, 1)
    code = np.round(np.sign(low) * np.log1p(255 * np.abs(low)) / np.log(256) * 127) / 127
    coded = np.sign(code) * np.expm1(np.abs(code) * np.log(256)) / 255
    return np.asarray(soxr.resample(coded, 8_000, declared_hz), np.float32)


def _speech(samples: Samples, rate_hz: int) -> Samples:
    spans = activity.by_level(samples, rate_hz=rate_hz).spans
    parts = [samples[int(span.start_s * rate_hz) : int(span.end_s * rate_hz)] for span in spans]
    return np.concatenate(parts) if parts else samples[:0]


def _tables(heard: list[Heard]) -> None:
    right = [each for each in heard if each.pair_hz == RIGHT_HZ]
    show(
        f"Voices as they were made, of sources that were not fitted (limit {voices.FAR.value})",
        ("sound", "speech s", "voices", "called wrong", "unjudged", "largest margin", "p99"),
        [
            [sound, length, *_quiet([e for e in right if e.sound == sound and e.length_s == length and not e.moved])]
            for sound in SOUNDS
            for length in LENGTHS_S
        ]
        + [["moved", length, *_quiet([e for e in right if e.length_s == length and e.moved])] for length in LENGTHS_S],
    )
    by_source = defaultdict(list)
    for each in right:
        by_source[each.source].append(each)
    show(
        "The same by source",
        ("source", "looks", "called wrong", "unjudged", "largest margin", "p99"),
        [[source, *_quiet(looks)] for source, looks in sorted(by_source.items())],
    )
    show(
        "Voices declared as another rate than they were made at",
        (
            "sound",
            "speech s",
            *(f"{made_hz // 1000} as {declared_hz // 1000}" for made_hz, declared_hz in PAIRS_HZ),
            "named",
        ),
        [_recall(heard, sound, length) for sound in SOUNDS for length in LENGTHS_S],
        note="share that was found, of how many; named: of those found, the true rate was the likeliest",
    )


def _found(margin: float, likeness: float) -> bool:
    return margin >= voices.FAR.value and _voice(margin, likeness)


def _voice(margin: float, likeness: float) -> bool:
    return likeness >= voices.VOICE.value or abs(margin) >= voices.SURE.value


def _noises(folder: Path) -> None:
    """Print what is found where nobody speaks."""
    looks, wrong = 0, 0
    for path in sorted(each for each in folder.rglob("*") if each.suffix in {".flac", ".ogg", ".wav"}):
        samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
        speech, others = _speech(samples[:, 0], rate_hz)[: 30 * rate_hz], voices.others_hz(rate_hz)
        rate = voice_rate.listen(speech, rate_hz, others)
        looks += rate.stretches > 0
        wrong += _found(rate.margin_nats, rate.likeness_nats)
    print(f"{wrong} of {looks} sounds without a voice were called a voice at another rate")


def _quiet(looks: list[Heard]) -> list[object]:
    margins = np.array([each.margin for each in looks] or [np.nan])
    wrong = sum(_found(each.margin, each.likeness) for each in looks)
    right = sum(each.margin <= voices.SAFE.value and _voice(each.margin, each.likeness) for each in looks)
    return [len(looks), wrong, len(looks) - wrong - right, float(margins.max()), float(np.quantile(margins, 0.99))]


def _recall(heard: list[Heard], sound: str, length_s: int) -> list[object]:
    row: list[object] = [sound, length_s]
    found, named = 0, 0
    for pair_hz in PAIRS_HZ:
        looks = [e for e in heard if (e.pair_hz, e.sound, e.length_s) == (pair_hz, sound, length_s)]
        hits = [each for each in looks if _found(each.margin, each.likeness)]
        found, named = found + len(hits), named + sum(each.named_hz == pair_hz[0] for each in hits)
        row.append(f"{len(hits) / len(looks):.3f} of {len(looks)}" if looks else None)
    return [*row, named / found if found else None]


if __name__ == "__main__":
    main()
