"""What `Echo.probability` is fitted on: how high the match of echoes and of strangers gets, on the fitted sources.

``python -m benchmarks.echo_fit`` prints the constants of `voicediag.measure.echo`; ``benchmarks.echo`` holds them
against the other sources. The echoes lie 20, 30 and 40 dB under a talker who hardly pauses, in clips of 2, 4 and 8 s,
and an echo is taken for as likely as none. Some of these nobody sees, whatever the match: so the probability has a
floor, `HIDDEN`, above which it is logistic in the match.
"""

from __future__ import annotations

import sys

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from benchmarks.echo_material import RATE_HZ, data, under_talkers
from benchmarks.table import show
from voicediag.measure.delay import DelayMeter
from voicediag.measure.echo import trace

SEED = 20_261_122
RATIOS_DB = (-20, -30, -40)
WINDOWS_S = (2.0, 4.0, 8.0)
COUNT = 30
LEAST = 1e-6

Values = NDArray[np.float64]


def main() -> None:
    """Print the constants, and how well each form does on what it was fitted on."""
    if not (data() / "echo").is_dir():
        sys.exit(f"no pairs at {data() / 'echo'}; VOICEDIAG_DATA names the folder that holds echo/manifest.csv")
    sigmas, is_echo = matches(fitted=True, count=COUNT, seed=SEED)
    weights = evened(is_echo)
    rows = []
    for form, start in (("logistic", (0.0, 5.5, 2.0)), ("logistic above a floor", (0.15, 5.5, 2.0))):
        best = _fitted(sigmas, is_echo, weights, np.array(start), has_floor=start[0] > 0)
        rows.append((form, *best, _loss(best, sigmas, is_echo, weights)))
    show(
        f"Fitted on {is_echo.sum()} echoes and {(~is_echo).sum()} strangers",
        ("form", "HIDDEN", "EVEN_SIGMAS", "ODDS_PER_SIGMA", "log loss"),
        rows,
    )


def matches(*, fitted: bool, count: int, seed: int) -> tuple[Values, NDArray[np.bool_]]:
    """Return the highest match of each clip that can be judged, in robust sigmas, and which of them hold an echo."""
    random = np.random.default_rng(seed)
    seen = []
    for ratio_db in RATIOS_DB:
        for window_s in WINDOWS_S:
            for case in under_talkers(ratio_db, window_s, fitted=fitted, count=count, random=random):
                meter = DelayMeter(RATE_HZ, RATE_HZ)
                meter.push(case.mic, case.far)
                echo = trace(meter.result(), meter.whole)
                if echo.strength is not None and echo.verdict != "unjudged":
                    seen.append((echo.strength, case.is_echo))
    sigmas, is_echo = zip(*seen, strict=True)
    return np.array(sigmas), np.array(is_echo)


def evened(is_echo: NDArray[np.bool_]) -> Values:
    """Return weights under which an echo is as likely as none."""
    return np.where(is_echo, 1.0, is_echo.sum() / (~is_echo).sum())


def _fitted(sigmas: Values, is_echo: NDArray[np.bool_], weights: Values, start: Values, *, has_floor: bool) -> Values:
    bounds = [(0.0, 0.9 if has_floor else 0.0), (3.0, 9.0), (0.3, 10.0)]
    found = minimize(_loss, start, (sigmas, is_echo, weights), method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x)


def _loss(at: Values, sigmas: Values, is_echo: NDArray[np.bool_], weights: Values) -> float:
    """Return the mean logarithmic loss of a floor, a middle and a slope."""
    hidden, even, odds = at
    told = np.clip(hidden + (1 - hidden) / (1 + np.exp(-odds * (sigmas - even))), LEAST, 1 - LEAST)
    return float(np.average(-np.log(np.where(is_echo, told, 1 - told)), weights=weights))


if __name__ == "__main__":
    main()
