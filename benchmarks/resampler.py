"""How true the resampler bench is: ``python -m benchmarks.resampler``.

Against closed forms, against what libraries document of themselves, and against use that is known to be wrong or right.
libsamplerate, PyAV and resampy are judged where they are installed. Two minutes on two cores.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import soxr
from threadpoolctl import threadpool_limits

from benchmarks.table import show
from voicediag.resampling import evaluate, plan
from voicediag.resampling.arguments import Rates
from voicediag.resampling.chunks import SECONDS, Chunking, chord, chunkings, edges_of
from voicediag.resampling.grades import SEAMS
from voicediag.resampling.installed import KNOWN, installed
from voicediag.resampling.leaderboard import lacking
from voicediag.resampling.probe import probed
from voicediag.resampling.response import measure
from voicediag.resampling.target import target_of

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from resamplers import EXACT, FirStream, cubic, equal_ripple, hold, linear, windowed_sinc

LEAST_DB = -90.0
PAIRS = ((24_000, 16_000), (16_000, 24_000), (48_000, 16_000), (44_100, 16_000), (8_000, 16_000))
# libsamplerate: the string in src_sinc.c; soxr: sox(1).
DOCUMENTED_DB = {
    "soxr-vhq": 175, "soxr-hq": 125, "soxr-mq": 100, "soxr-lq": 100, "samplerate-medium": 121, "samplerate-fastest": 97,
}  # fmt: skip
DOCUMENTED_SHARE = {"samplerate-medium": 0.90, "samplerate-fastest": 0.80, "samplerate-best": 0.96}
# A B: what two dithers differ by.
SEAMS_DB = SEAMS.limit("B").value
# What snr_bw_test.c of libsamplerate prints of its worst spur, at a share of the input's rate and a ratio, and of its
# width in per cent.
OWN_TEST = {
    "sinc_medium": (0.43111, 1.33, 121.18, 90.55), "sinc_fastest": (0.35111, 1.33, 101.71, 80.23),
}  # fmt: skip
# -120 dB of full scale: less than a bit of 16.
SAME = 1e-6


def formulas() -> None:
    """Print how far gains, images, aliases and delays are from their closed forms."""
    rows = []
    for exact in EXACT:
        signal = plan(exact.rate_in_hz, exact.rate_out_hz)
        response = measure(signal, exact.resample(signal.samples))
        errors = [
            abs(line.gain_db - wanted)
            for reading in (*response.within, *response.above)
            for line in reading.heard
            if (wanted := 20 * math.log10(exact.gain(line.prototype_hz) + 1e-12)) > LEAST_DB
        ]
        late = abs(response.delay_s() - exact.delay_s) * exact.rate_out_hz
        rows.append([f"{exact.name} {exact.rate_in_hz} to {exact.rate_out_hz}", len(errors), max(errors), late])
    note = "Goal: 0.1 dB down to -90 dB, and 0.01 sample."
    show("Against the formula", ["resampler", "lines", "worst, dB", "delay, samples"], rows, note=note)


def floors() -> None:
    """Print what the bench reads of a resampler without error."""
    rows = []
    for kind, goal in (("float64", 320), ("float32", 153), ("int16", 92)):
        report = evaluate(lambda samples: samples[::3], 48_000, 16_000, live=False, sample_type=kind)
        rows.append([kind, report.sinad_997_db, report.numbers["sinad_997_db"].floor, goal])
    draw = np.random.default_rng(1)

    def dithered(samples: np.ndarray) -> np.ndarray:
        kept = samples[::3]
        noise = draw.uniform(-0.5, 0.5, kept.size) + draw.uniform(-0.5, 0.5, kept.size)
        return np.round(kept * 32_768 + noise).astype(np.int16)

    report = evaluate(dithered, 48_000, 16_000, live=False, sample_type="float64")
    rows.append(["int16, TPDF", report.sinad_997_db, None, 87])
    show("Its own floor: SINAD at 997 Hz of every third sample", ["type", "read, dB", "floor, dB", "goal, dB"], rows)


def anchors() -> None:
    """Print rejection and width beside what the libraries' authors say."""
    rows = []
    for known in KNOWN:
        if not known.here or known.name not in {*DOCUMENTED_DB, *DOCUMENTED_SHARE}:
            continue
        rates = Rates(in_hz=24_000, out_hz=16_000)
        report = evaluate(installed(known.name, rates), 24_000, 16_000, live=False)
        share = report.width_3db_hz / report.plan.shared_hz if report.width_3db_hz else None
        worst = min(report.alias_rejection_nyquist_db or 400, report.image_rejection_db or 400)
        rows.append([known.name, worst, DOCUMENTED_DB.get(known.name), share, DOCUMENTED_SHARE.get(known.name)])
    show("24 to 16 kHz beside the documentation", ["", "rejection, dB", "said", "-3 dB, share", "said"], rows)


def own_test() -> None:
    """Print the spurs and the width of libsamplerate as its own test program reads them."""
    try:
        import samplerate
    except ImportError:
        return
    rows = []
    for name, (share, ratio, spur_db, width) in OWN_TEST.items():
        read = spur(samplerate.resample, name, share, ratio)
        low, high = 0.35, 0.495
        while high - low > 1e-5:
            middle = (low + high) / 2
            out = samplerate.resample(tone(middle), 1.999, name)[20_000:60_000]
            low, high = (
                (middle, high) if np.sqrt(2 * np.mean(np.square(out))) > 0.5 * 10 ** (-3 / 20) else (low, middle)
            )
        rows.append([name, f"{read:.1f}", f"{spur_db:.1f}", f"{200 * low:.2f}", f"{width:.2f}"])
    show(
        "libsamplerate by its own test", ["", "worst spur, dB", "it prints", "-3 dB, % of half rate", "it prints"], rows
    )


def tone(share: float, samples: int = 60_000) -> np.ndarray:
    """Return a tone at a share of the rate."""
    at = np.arange(samples, dtype=np.int64)
    return 0.5 * np.sin(2 * np.pi * (round(share * 100_000) * at % 100_000) / 100_000)


def spur(resample: Callable[..., np.ndarray], name: str, share: float, ratio: float) -> float:
    """Return the tone above the loudest other line."""
    out = resample(tone(share), ratio, name)[10_000:60_000].astype(np.float64)
    power = np.abs(np.fft.rfft(out * np.kaiser(out.size, 40)))
    top = int(np.argmax(power))
    rest = np.concatenate([power[: top - 30], power[top + 31 :]])
    return float(20 * np.log10(power[top] / rest.max()))


def stateless(pair: tuple[int, int]) -> dict[str, object]:
    """Return functions that keep nothing from chunk to chunk, by name."""
    from scipy.signal import resample, resample_poly

    fast, slow = pair
    divisor = math.gcd(fast, slow)
    qualities = ("VHQ", "HQ", "MQ", "LQ", "QQ")
    made: dict[str, object] = {
        f"soxr {each}": lambda samples, each=each: soxr.resample(samples, fast, slow, each) for each in qualities
    }
    made["scipy poly"] = lambda samples: resample_poly(samples, slow // divisor, fast // divisor)
    made["scipy FFT"] = lambda samples: resample(samples, round(len(samples) * slow / fast))
    made["linspace"] = lambda samples: np.interp(
        np.linspace(0, len(samples) - 1, len(samples) * slow // fast), np.arange(len(samples)), samples
    )
    for exact in (linear(*pair), cubic(*pair), windowed_sinc(*pair), equal_ripple(*pair)):
        made[exact.name] = exact.resample
    return made


def cut(given: object, pair: tuple[int, int]) -> Iterator[Chunking]:
    """Yield what each way of cutting does to a resampler."""
    target = probed(target_of(given, Rates(in_hz=pair[0], out_hz=pair[1])))
    yield from chunkings(target, plan(*pair))


def harmless(given: object, pair: tuple[int, int], frames: int | None) -> bool:
    """Return whether cutting changes no sample by over -120 dB: a short kernel may not reach over such edges."""
    target = probed(target_of(given, Rates(in_hz=pair[0], out_hz=pair[1])))
    sound = chord(plan(*pair), SECONDS)
    whole, stream = target.whole(sound), target.opened()
    begins = [0, *edges_of(frames, sound.size)]
    out = np.concatenate([stream.push(sound[begin:end]) for begin, end in pairwise(begins)])
    return out.size == whole.size and bool(np.max(np.abs(out - whole)) < SAME)


def streaming() -> None:
    """Print how often wrong use is told, and right use is not."""
    rows, total, found = [], 0, 0
    for pair in PAIRS:
        judged = [
            (name, each.frames, each.error_db > SEAMS_DB or abs(each.drift_ppm) > 1)
            for name, given in stateless(pair).items()
            for each in cut(given, pair)
            if not harmless(given, pair, each.frames)
        ]
        told = sum(wrong for *_, wrong in judged)
        total, found = total + len(judged), found + told
        missed = ", ".join(f"{name} {frames}" for name, frames, wrong in judged if not wrong)
        rows.append([f"{pair[0]} to {pair[1]}", len(judged), told, missed])
    rows.append(["all", total, found, ""])
    show("Called for each chunk: resamplers and chunk sizes", ["", "tried", "told", "not told"], rows)
    streams = [(known.name, pair) for known in KNOWN if known.here and known.name.endswith("-stream") for pair in PAIRS]
    blamed = [
        f"{name} {pair[0]}-{pair[1]}"
        for name, pair in streams
        if any(
            each.error_db > SEAMS_DB or abs(each.drift_ppm) > 1
            for each in cut(installed(name, Rates(in_hz=pair[0], out_hz=pair[1])), pair)
        )
    ]
    blamed += ["FIR"] * any(each.error_db > SEAMS_DB for each in cut(FirStream, (48_000, 16_000)))
    show(
        "Streams used as they should be",
        ["tried", "blamed", "which"],
        [[len(streams) + 1, len(blamed), ", ".join(blamed)]],
    )


def clocks() -> None:
    """Print how well a clock that is off is read from a recording of the plan in 16 bits."""
    rows = []
    signal = plan(24_000, 16_000)
    for ppm in (-500.0, -37.0, -1.0, 0.3, 20.0, 499.0):
        back = soxr.resample(np.round(signal.samples * 32_768) / 32_768, 24_000, 16_000 / (1 + ppm * 1e-6), "VHQ")
        late = np.concatenate([np.zeros(7_777), -0.2 * back, np.zeros(1_000)])
        response = measure(signal, np.round(late * 32_768) / 32_768)
        read = 1e6 * response.place.speed
        rows.append([f"{ppm:g} ppm", read, abs(read - ppm), response.sinad_997_db])
    note = "Goal: 0.1 ppm, with unknown delay, level and polarity."
    show("Recordings of the plan", ["clock", "read, ppm", "error, ppm", "SINAD, dB"], rows, note=note)


def times() -> None:
    """Print how long one callable takes."""
    rows = []
    for pair in PAIRS:
        began = time.perf_counter()
        evaluate(hold(*pair).resample, *pair)
        rows.append([f"{pair[0]} to {pair[1]}", time.perf_counter() - began, plan(*pair).duration_s])
    show("One callable", ["", "took, s", "the plan, s"], rows, note="Goal: 10 s; a plan of 45 s.")


def main() -> None:
    """Print all tables."""
    with threadpool_limits(limits=1, user_api="blas"), np.errstate(all="ignore"):
        formulas()
        floors()
        anchors()
        own_test()
        clocks()
        times()
        streaming()
    show("Not installed", ["library"], [[name] for name in lacking()])


if __name__ == "__main__":
    main()
