"""Every resampler that is installed, between the rates that voice agents use, one-shot and streaming."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from voicediag.resampling.arguments import Rates
from voicediag.resampling.bench import evaluate
from voicediag.resampling.installed import KNOWN, Known, installed
from voicediag.resampling.report import Report

# What models, players, recognisers, browsers and telephones speak.
PAIRS = (
    (24_000, 16_000),
    (16_000, 24_000),
    (48_000, 16_000),
    (48_000, 24_000),
    (44_100, 16_000),
    (8_000, 16_000),
    (24_000, 8_000),
    (48_000, 8_000),
)
STREAM = "-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One resampler between one pair of rates."""

    name: str
    rates: Rates
    report: Report


def lacking(known: Sequence[Known] = KNOWN) -> tuple[str, ...]:
    """Return the libraries that are not installed."""
    return tuple(sorted({each.library for each in known if not each.here}))


def leaderboard(pairs: Sequence[tuple[int, int]] = PAIRS, *, known: Sequence[Known] = KNOWN) -> Iterator[Place]:
    """Yield the report on each installed resampler between each pair of rates, in order.

    What is a stream is judged live too; what is a function is judged in one piece: that a function must not be called
    for each chunk is known.
    """
    for each in known:
        if not each.here:
            continue
        for rate_in_hz, rate_out_hz in pairs:
            rates = Rates(in_hz=rate_in_hz, out_hz=rate_out_hz)
            live = each.name.endswith(STREAM)
            report = evaluate(
                installed(each.name, rates), rate_in_hz, rate_out_hz, live=live, pauses=False, name=each.name
            )
            yield Place(name=each.name, rates=rates, report=report)
