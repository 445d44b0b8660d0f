"""How loud an echo is from one stretch of the far end's speech to the next.

What is measured
    The echo return loss of each stretch: a canceller that still learns, a loudspeaker that is turned up, a hand over
    the microphone.
Method
    The path of `measure.echo_path` over `STRETCH_S` of far-end speech at the echo's delay, beside the same path at
    lags where only chance can be found. A stretch whose path stands less than `MARGIN_DB` above those tells nothing:
    its loss is None, and its bound says above which level an echo would have been seen.
Conventions
    Seconds on the clock of the spans; ERL in dB, positive where the echo is weaker than the far end.
Differences from other tools
    A canceller's own ERLE counts the talker as echo that it failed to take away. This follows the far end's waveform.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from voicediag.measure.echo import first_seconds
from voicediag.spans import Span, SpanSet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from voicediag.measure.echo_path import EchoPath

PathOver: TypeAlias = "Callable[[Sequence[tuple[Span, float]]], EchoPath | None]"

# Fifteen frames of a path: its loss is then known to about a dB.
STRETCH_S = 4.0
# No picture has more columns than a person tells apart, and three hours must not take minutes.
MOST_STRETCHES = 40
# Further off than any room's reverberation.
DECOYS_S = (-1.1, -0.7, 0.7, 1.1)
# With so few frames chance comes closer than over a whole recording: of 72 stretches of clean recordings it stood this
# far above its decoys once.
MARGIN_DB = 10.0
# Of a long stretch the beginning stands for the rest.
MEASURED_S = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """How loud the echo was over one stretch of the far end's speech.

    Attributes
    ----------
    span : Span
        From the first word to the last.
    erl_db : float or None
        Echo return loss; None where the echo does not stand clear of chance.
    bound_db : float or None
        An echo with less loss than this would have been seen.
    """

    span: Span
    erl_db: float | None
    bound_db: float | None


def course(speech: SpanSet, *, delay_at: Callable[[Span], float], path_over: PathOver) -> tuple[Stretch, ...]:
    """Return the echo's loss over time.

    Parameters
    ----------
    speech : SpanSet
        Where the far end speaks.
    delay_at : callable
        How many seconds later the microphone repeats a span of it.
    path_over : callable
        Measures the path over some spans of the far end, each at a lag in seconds.
    """
    return tuple(_stretch(pieces, delay_at, path_over) for pieces in stretches(speech))


def stretches(speech: SpanSet) -> Iterator[SpanSet]:
    """Yield the speech in stretches of equal length, at least `STRETCH_S` each but for the last."""
    each_s = max(STRETCH_S, speech.total_s / MOST_STRETCHES)
    held: list[Span] = []
    held_s = 0.0
    for span in speech:
        start_s = span.start_s
        while start_s < span.end_s:
            end_s = min(span.end_s, start_s + each_s - held_s)
            held.append(Span(start_s, end_s))
            held_s += end_s - start_s
            start_s = end_s
            if held_s >= each_s - 1e-9:
                yield SpanSet(held)
                held, held_s = [], 0.0
    if held:
        yield SpanSet(held)


def _stretch(pieces: SpanSet, delay_at: Callable[[Span], float], path_over: PathOver) -> Stretch:
    span = pieces.hull or Span(0.0, 0.0)
    held = [(piece, delay_at(piece)) for piece in first_seconds(pieces, MEASURED_S)]

    def loss_db(step_s: float) -> float | None:
        path = path_over([(piece, delay_s + step_s) for piece, delay_s in held])
        return path.erl_db if path else None

    decoys = [loss for step_s in DECOYS_S if (loss := loss_db(step_s)) is not None]
    bound_db = min(decoys) - MARGIN_DB if decoys else None
    erl_db = loss_db(0.0)
    if erl_db is not None and bound_db is not None and erl_db > bound_db:
        erl_db = None
    return Stretch(span=span, erl_db=erl_db, bound_db=bound_db)
