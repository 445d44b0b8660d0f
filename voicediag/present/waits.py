"""How long people waited, in words: one line for the terminal, the rows of two tables for the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicediag.latency import PARTS
from voicediag.present import phrases

if TYPE_CHECKING:
    from collections.abc import Mapping

    from voicediag.latency import Latency, Percentiles

MOST_TURNS = 200
NAMES: Final[Mapping[str, str]] = {
    "audio_ms": "answer as heard, from the last word",
    "logged_ms": "answer as logged, from the stop",
    **{f"{part}_ms": f"of it: {says}" for part, says in PARTS.items()},
    "connect_ms": "connecting, until the provider agreed",
    "greeting_ms": "greeting, until it was heard",
    "notice_ms": "barge-in, until the notice came",
    "stop_ms": "notice, until the agent fell silent",
    "flush_ms": "notice, until the player was flushed",
}


def line(latency: Latency) -> str | None:
    """Return the times in one line; None where no turn was timed."""
    heard, logged = (latency.percentiles[name] for name in ("audio_ms", "logged_ms"))
    if not heard.count:
        return None
    by_log = f"; by the log {_told(logged)}" if logged.count else ""
    return f"answers heard after {_told(heard)}{by_log}"


def rows(latency: Latency) -> list[tuple[str, list[str]]]:
    """Return each kind of time that was measured, with its count and percentiles."""
    known = {name: found for name, found in latency.percentiles.items() if found.count}
    return [(NAMES[name], [str(found.count), *map(_ms, _ranks(found))]) for name, found in known.items()]


def turn_rows(latency: Latency) -> list[tuple[str, list[str]]]:
    """Return each turn with its time as heard, as logged, and its largest part."""
    found = []
    for answer in latency.answers[:MOST_TURNS]:
        part = max(answer.parts_ms, key=lambda name: answer.parts_ms[name], default=None)
        largest = phrases.UNKNOWN if part is None else f"{part.replace('_', ' ')} {_ms(answer.parts_ms[part])}"
        cells = [_ms(answer.audio_ms), _ms(answer.logged_ms), largest, ", ".join(answer.tools) or phrases.UNKNOWN]
        found.append((phrases.clock(answer.said.end_s), cells))
    return found


def _told(found: Percentiles) -> str:
    if found.count == 1:
        return f"{_ms(found.p50_ms)} (1 turn)"
    return f"{_ms(found.p50_ms)} (p50), {_ms(found.p95_ms)} (p95 of {found.count} turns)"


def _ranks(found: Percentiles) -> tuple[float | None, ...]:
    return found.p50_ms, found.p90_ms, found.p95_ms


def _ms(value: float | None) -> str:
    return phrases.UNKNOWN if value is None else f"{value:,.0f} ms"
