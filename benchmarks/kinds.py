"""How often `measure.echo_kind` says the right word for an echo.

``python -m benchmarks.kinds`` makes echoes of every kind in two halves that share no source
(``benchmarks.kinds_material``), from the development data (`VOICEDIAG_DATA`, or ../shared/data), and prints how each is
called: the half on which `KindMarks` were chosen, and the other. It needs the extra ``cancellers``.
"""

from __future__ import annotations

from collections import Counter

from benchmarks.kinds_material import Case, cases
from benchmarks.table import show
from voicediag.measure.echo import leak
from voicediag.measure.echo_kind import echo_kind

WORDS = ("acoustic", "hybrid", "line", "loopback", "residual")
NOT_FOUND = "no echo found"


def main() -> None:
    """Print a table for each half."""
    for fitted in (True, False):
        told: dict[tuple[str, str], Counter[str | None]] = {}
        for case in cases(fitted=fitted):
            told.setdefault((case.kind, case.made_of), Counter())[_word(case)] += 1
        rows = [
            [f"{kind}: {made_of}", counts.total(), counts[kind], _wrong(kind, counts), counts[None], counts[NOT_FOUND]]
            for (kind, made_of), counts in told.items()
        ]
        title = "the half on which the marks were chosen" if fitted else "the other half"
        show(title, ("echo", "runs", "right", "wrong", "not told", NOT_FOUND), rows)


def _word(case: Case) -> str | None:
    delay_ms = leak(case.mic, case.far, rate_hz=case.rate_hz).delay_ms
    if delay_ms is None:
        return NOT_FOUND
    return echo_kind(case.mic, case.far, rate_hz=case.rate_hz, lag_s=delay_ms / 1_000).kind


def _wrong(kind: str, counts: Counter[str | None]) -> str:
    wrong = [f"{counts[word]} {word}" for word in WORDS if word != kind and counts[word]]
    return ", ".join(wrong) or "–"


if __name__ == "__main__":
    main()
