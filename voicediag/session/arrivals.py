"""When each answer's sound came down the wire, and where it was heard: the chunks of one answer are one stretch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicediag.session.events import Arrival
from voicediag.spans import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from voicediag.session.chunks import Chunks

# A session of three hours has some hundred answers; a log of garbage must not fill the memory.
MOST_ARRIVALS: Final = 10_000
# Sound that goes on where the one before ends is the same answer, whatever was said meanwhile.
SEAM_S: Final = 0.1
# Where the wire says no end of an answer, as on a telephone's, a silence of this length ends it.
PAUSE_S: Final = 0.5


def arrivals(chunks: Chunks | None, heard: Callable[[int, int], Span | None]) -> tuple[Arrival, ...]:
    """Return a stretch for each answer.

    Parameters
    ----------
    chunks : Chunks, optional
    heard : callable
        Takes frames of the received stream, half-open, and says where they were heard, if at all.
    """
    found: list[Arrival] = []
    if chunks is None:
        return ()
    parts = chunks.each_answer()
    if not chunks.ended:
        parts = [run for part in parts for run in _runs(chunks, part)]
    for part in parts[:MOST_ARRIVALS]:
        # Lines of a log may be swapped.
        first_s, last_s = float(chunks.at_s[part].min()), float(chunks.at_s[part].max())
        span = heard(int(chunks.firsts[part].min()), int(chunks.ends[part].max())) or Span(first_s, first_s)
        before = found[-1] if found else None
        if before and before.span.duration_s and 0 <= span.start_s - before.span.end_s <= SEAM_S:
            found[-1] = Arrival(
                first_s=min(before.first_s, first_s),
                last_s=max(before.last_s, last_s),
                span=Span(before.span.start_s, max(before.span.end_s, span.end_s)),
            )
        else:
            found.append(Arrival(first_s=first_s, last_s=last_s, span=span))
    return tuple(found)


def _runs(chunks: Chunks, part: slice) -> Iterator[slice]:
    """Yield the runs of chunks between which everything was played, and nothing came for a while."""
    lengths_s = ((chunks.ends[part] - chunks.firsts[part]) / chunks.rate_hz).tolist()
    begin, done_s = part.start, float("-inf")
    for index, (at_s, length_s) in enumerate(zip(chunks.at_s[part].tolist(), lengths_s, strict=True), part.start):
        if index > begin and at_s - done_s > PAUSE_S:
            yield slice(begin, index)
            begin = index
        done_s = max(done_s, at_s) + length_s
    yield slice(begin, part.stop)
