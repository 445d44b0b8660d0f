"""How well an echo is told from none, and how well its delay and its loss are read, beside other tools.

``python -m benchmarks.echo`` reads the development data (`VOICEDIAG_DATA`, or ../shared/data). A method's threshold is
the 99th percentile of its scores on the negatives of the same row: each gives one false alarm in a hundred. The last
column is what voicediag says at the threshold that it ships with. ``python -m benchmarks.echo losses strangers`` prints
some of the tables only.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import soxr
from threadpoolctl import threadpool_limits

from benchmarks.echo_fit import evened, matches
from benchmarks.echo_material import (
    FITTED,
    RATE_HZ,
    Case,
    data,
    in_rooms,
    minute_of_each,
    pairs,
    real_windows,
    stems,
    talkers,
    under_talkers,
)
from benchmarks.echo_peers import Method, absent, methods
from benchmarks.table import show
from voicediag.measure.delay import DelayMeter
from voicediag.measure.echo import Echo, leak
from voicediag.session import Samples

SEED = 20_261_121
FALSE_SHARE = 0.01
RUNS = 5
SECONDS = (10, 60, 600)
DRIFTS_PPM = (0, 300, -1_000)
# The truth is a sample.
TRUE_TO_S = 0.5 / RATE_HZ
BINS = (0.0, 0.05, 0.3, 0.7, 0.95, 1.01)


def main() -> None:
    """Print the tables."""
    if not (data() / "echo").is_dir():
        sys.exit(f"no pairs at {data() / 'echo'}; VOICEDIAG_DATA names the folder that holds echo/manifest.csv")
    for name in sys.argv[1:] or TABLES:
        TABLES[name]()


def found(known: Mapping[str, Method]) -> None:
    """Show the share of echoes that each method finds."""
    random = np.random.default_rng(SEED)
    material = {
        "2 s of recorded pairs": list(real_windows(2.0, sources=None, random=random)),
        "2 s of fitted pairs": list(real_windows(2.0, sources=FITTED, random=random)),
        "4 s, recorded echo 20 dB under a dense talker": list(
            under_talkers(-20, 4.0, fitted=False, count=180, random=random)
        ),
        "4 s, recorded echo 30 dB under a dense talker": list(
            under_talkers(-30, 4.0, fitted=False, count=180, random=random)
        ),
        "4 s, fitted echo 20 dB under a dense talker": list(
            under_talkers(-20, 4.0, fitted=True, count=180, random=random)
        ),
        "10 s in measured rooms, -0.4 to 4.8 s late": list(
            in_rooms(60, window_s=10.0, lags_s=(-0.4, 4.8), random=random)
        ),
    }
    rows = []
    for name, cases in material.items():
        for method, ask in known.items():
            scores = [ask(case.mic, case.far)[0] for case in cases]
            yes = np.array([score for score, case in zip(scores, cases, strict=True) if case.is_echo])
            no = np.array([score for score, case in zip(scores, cases, strict=True) if not case.is_echo])
            shipped = _shipped(cases) if method == "voicediag" else None
            rows.append(
                (
                    name if method == "voicediag" else "", method, yes.size, no.size, area(yes, no),
                    float(np.mean(yes > np.quantile(no, 1 - FALSE_SHARE))), shipped,
                )
            )  # fmt: skip
    show(
        "Echoes found at 1 % false alarms",
        ("", "method", "echoes", "strangers", "AUC", "found", "shipped: found / false"),
        rows,
        note=" ".join((f"{len(talkers(fitted=False))} dense talkers, {len(pairs())} pairs.", absent())).strip(),
    )


def _shipped(cases: Sequence[Case]) -> str:
    """Return the share of echoes that the verdict finds, and how many strangers it takes for one."""
    verdicts = [leak(case.mic, case.far, rate_hz=RATE_HZ).verdict == "echo" for case in cases]
    said = list(zip(verdicts, (case.is_echo for case in cases), strict=True))
    yes, no = ([verdict for verdict, is_echo in said if is_echo is wanted] for wanted in (True, False))
    return f"{np.mean(yes):.2f} / {sum(no)}"


def area(yes: np.ndarray, no: np.ndarray) -> float:
    """Return the probability that an echo scores above a stranger."""
    return float(np.mean(yes[:, None] > no) + 0.5 * np.mean(yes[:, None] == no))


def delays(known: Mapping[str, Method]) -> None:
    """Show how far each method's delay is from the truth: the first arrival or the strongest tap."""
    random = np.random.default_rng(SEED + 1)
    rooms = [case for case in in_rooms(60, window_s=10.0, lags_s=(-0.4, 4.8), random=random) if case.is_echo]
    rows = []
    for name, cases in (("recorded stems", list(stems())), ("measured rooms", rooms)):
        for method, ask in known.items():
            told = _told_s if method == "voicediag" else lambda mic, far, ask=ask: ask(mic, far)[1]
            errors = np.array([_error_s(told(case.mic, case.far), case) for case in cases])
            rows.append(
                (
                    name if method == "voicediag" else "", method, errors.size, 1_000 * float(np.median(errors)),
                    *(float(np.mean(errors <= within_s + TRUE_TO_S)) for within_s in (1e-3, 5e-3)),
                )
            )  # fmt: skip
    show("Delay", ("", "method", "echoes", "median error ms", "within 1 ms", "within 5 ms"), rows)


def _told_s(mic: Samples, far: Samples) -> float:
    """Return the delay that voicediag tells; none is as wrong as can be."""
    delay_ms = leak(mic, far, rate_hz=RATE_HZ).delay_ms
    return np.inf if delay_ms is None else delay_ms / 1_000


def _error_s(delay_s: float, case: Case) -> float:
    return min(abs(delay_s - truth) for truth in case.delays_s)


def losses() -> None:
    """Show how far the loss is from what was planted."""
    random = np.random.default_rng(SEED + 2)
    cases = [case for case in in_rooms(60, window_s=20.0, lags_s=(0.0, 0.5), random=random) if case.is_echo]
    rows = []
    for drift_ppm in DRIFTS_PPM:
        read = [(leak(_faster(case.mic, drift_ppm), case.far, rate_hz=RATE_HZ), case) for case in cases]
        errors = np.array([echo.erl_db - case.erl_db for echo, case in read if echo.erl_db is not None and case.erl_db])
        rows.append(
            (
                drift_ppm, len(cases), sum(echo.verdict == "echo" for echo, _ in read), errors.size,
                float(np.median(errors)), float(np.mean(np.abs(errors) <= 1)),
            )
        )  # fmt: skip
    show(
        "Loss in measured rooms, 6 to 30 dB",
        ("drift ppm", "echoes", "found", "loss told", "median dB", "within 1 dB"),
        rows,
    )


def _faster(mic: Samples, drift_ppm: float) -> Samples:
    """Return a microphone whose clock runs faster by so much."""
    if not drift_ppm:
        return mic
    return np.asarray(soxr.resample(mic.astype(np.float64), 1.0, 1.0 + drift_ppm * 1e-6, quality="VHQ"), np.float32)


def calibration() -> None:
    """Show how often there is an echo where its probability is told as so much, on sources that were not fitted."""
    sigmas, is_echo = matches(fitted=False, count=20, seed=SEED + 5)
    told = np.array([Echo(verdict="clear", strength=height).probability for height in sigmas], np.float64)
    weights = evened(is_echo)
    rows = []
    off = 0.0
    for low, high in pairwise(BINS):
        here = (told >= low) & (told < high)
        if here.any():
            mean, share = (float(np.average(some[here], weights=weights[here])) for some in (told, is_echo))
            rows.append((f"{low:g} to {min(high, 1):g}", int(here.sum()), mean, share))
            off += float(weights[here].sum() / weights.sum()) * abs(mean - share)
    brier = float(np.average(np.square(told - is_echo), weights=weights))
    note = f"expected calibration error {off:.3f}, Brier score {brier:.3f}; 0.25 is that of a coin"
    show("Probability", ("told", "clips", "mean told", "echoes"), rows, note=note)


def strangers() -> None:
    """Show how high a stranger gets in all groups of all mismatched pairs."""
    random = np.random.default_rng(SEED + 3)
    heights: list[float] = []
    verdicts: list[str] = []
    for pair in pairs():
        for at in random.permutation(len(pairs()))[:14]:
            other = pairs()[at]
            if other.source.partition("_")[0] == pair.source.partition("_")[0]:
                continue
            meter = DelayMeter(RATE_HZ, RATE_HZ)
            meter.push(pair.mic, other.far)
            heights += [group.strength for group in meter.result() if group.frames >= 4]
            verdicts.append(leak(pair.mic, other.far, rate_hz=RATE_HZ).verdict)
    row = (len(verdicts), verdicts.count("echo"), verdicts.count("unjudged"), len(heights), max(heights))
    show("Strangers", ("pairs", "false", "unjudged", "groups", "highest sigmas"), [row])


def speed(known: Mapping[str, Method]) -> None:
    """Show how many times faster than real time each method is, on one core."""
    minutes = minute_of_each(np.random.default_rng(SEED + 4))
    loud = next(iter(minutes))
    with threadpool_limits(limits=1):
        rows = [(method, loud, 60, _times_real(ask, minutes[loud])) for method, ask in known.items()]
        for seconds in SECONDS:
            for name, minute in minutes.items():
                told = _times_real(_told_s, _as_long(minute, seconds))
                rows.append(("voicediag, with delay, loss and motion", name, seconds, told))
    note = f"Processor time on one core, the best of {RUNS}: a machine that does other work too is slower all the same."
    show("Speed", ("method", "", "s", "x real time"), rows, note=note)


def _as_long(case: Case, seconds: int) -> Case:
    """Return so many seconds of a case, over again where it ends."""
    return replace(case, mic=np.resize(case.mic, seconds * RATE_HZ), far=np.resize(case.far, seconds * RATE_HZ))


def _times_real(ask: Callable[[Samples, Samples], object], case: Case) -> float:
    """Return how many times faster than real time a method is, at its best."""
    took_s = []
    for _ in range(RUNS):
        began = time.process_time()
        ask(case.mic, case.far)
        took_s.append(time.process_time() - began)
    return case.mic.size / RATE_HZ / min(took_s)


TABLES: dict[str, Callable[[], None]] = {
    "found": lambda: found(methods()),
    "delays": lambda: delays(methods()),
    "losses": losses,
    "calibration": calibration,
    "strangers": strangers,
    "speed": lambda: speed(methods()),
}

if __name__ == "__main__":
    main()
