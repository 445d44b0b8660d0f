"""One direction of the wire, its pace, and what is wrong with it; upward also whose fault it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from voicediag.detect import pacing_kinds, wire
from voicediag.detect.capture_loss import CaptureLoss, capture_loss, decided
from voicediag.detect.examination import Examination
from voicediag.detect.finding import Limit
from voicediag.detect.pacing_kinds import LEAST_STALL, Kind
from voicediag.detect.wrong_rate import known_rate
from voicediag.measure.pacing import Pacing, pacing, runs
from voicediag.session import Chunks
from voicediag.session.events import Direction
from voicediag.spans import Span

PAUSE = Limit(0.5, "s", "as session/arrivals: after so much silence on a telephone's wire it is another answer")
FASTER = Limit(-0.05, "s of lateness a second", "house rule: a clock is off by a thousandth of that")
OF_A_SENDER: Final = frozenset({"sleep-drift", "slow-source"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One direction of the wire, and its pace."""

    direction: Direction
    sender: str
    chunks: Chunks
    parts: list[slice]
    pace: Pacing
    kind: Kind | None = None
    loss: CaptureLoss | None = None


def up(exam: Examination) -> Way | None:
    """Return the pace of the user's sound; None where there is too little. Ask with `exam.once(up)`."""
    session = exam.session
    chunks = session.sent_chunks
    if chunks is None:
        return None
    is_call = wire.first(session.marks, "telephone") is not None
    found = way_of("up", "The line" if is_call else "The app", chunks, runs_of(chunks), is_models=False)
    if found is None or found.kind is None:
        return found
    if _is_another_rate(found):
        return replace(found, kind=None)
    if found.kind in OF_A_SENDER:
        loss = capture_loss(exam, found.parts)
        return replace(found, kind=decided(found.kind, found.pace, loss), loss=loss)
    return found


def down(exam: Examination) -> Way | None:
    """Return the pace of the agent's sound; None where there is too little. Ask with `exam.once(down)`."""
    session, chunks = exam.session, exam.session.chunks
    if chunks is None:
        return None
    is_call = wire.first(session.marks, "telephone") is not None
    parts = chunks.each_answer() if chunks.ended else runs_of(chunks)
    return way_of("down", "The app" if is_call else "The provider", chunks, parts, is_models=not is_call)


def slowed(exam: Examination) -> frozenset[str]:
    """Return what lost capture explains of the pace: `bad-pacing`, where it is why too little is sent."""
    found = exam.once(up)
    return frozenset({"bad-pacing"}) if found is not None and found.kind == "lost-capture" else frozenset()


def way_of(direction: Direction, sender: str, chunks: Chunks, parts: list[slice], *, is_models: bool) -> Way | None:
    """Return the pace of some runs of chunks; None where there is too little."""
    lengths_s = (chunks.ends - chunks.firsts) / chunks.rate_hz
    pace = pacing(chunks.at_s, lengths_s, parts, stall_s=LEAST_STALL.value)
    if pace is None or not pacing_kinds.is_enough(pace):
        return None
    kind = pacing_kinds.kind_of(pace, is_models=is_models)
    if pace.slope <= FASTER.value and not chunks.ended:
        # Whoever sends faster than it is heard, and says no end of what belongs together, may pause as it likes.
        kind = None
    return Way(direction=direction, sender=sender, chunks=chunks, parts=parts, pace=pace, kind=kind)


def runs_of(chunks: Chunks) -> list[slice]:
    """Return where a stream goes on without a pause."""
    return runs(chunks.at_s, (chunks.ends - chunks.firsts) / chunks.rate_hz, pause_s=PAUSE.value)


def stalled(way: Way) -> Iterator[Span]:
    """Yield when nothing came."""
    lengths_s = (way.chunks.ends - way.chunks.firsts) / way.chunks.rate_hz
    for part in way.parts:
        at_s = way.chunks.at_s[part]
        excess = np.diff(at_s) - lengths_s[part][:-1]
        for index in np.flatnonzero(excess >= LEAST_STALL.value)[: wire.MOST_SHOWN].tolist():
            yield Span(float(at_s[index]), float(at_s[index + 1]))


def _is_another_rate(way: Way) -> bool:
    """Whether sound comes at the pace of another rate, of which `wrong-rate` tells."""
    declared_hz = way.chunks.rate_hz
    return known_rate((1 - way.pace.underfeed) * declared_hz, declared_hz) not in (None, declared_hz)
