"""Where chunks of a track's sound were cut out or changed places: places that leave no silence.

Where nothing came over them yet they leave a seam: `voicediag.measure.splices`. One is a click, several in a minute are
a habit of whoever handed the chunks on. Seams at every chunk are those of a resampler: `poor-resampler`.
"""

from __future__ import annotations

import numpy as np

from voicediag.detect.breaks import FIRST_LOOK, TWICE_PROBABILITY, Break
from voicediag.detect.finding import Limit
from voicediag.measure import splices
from voicediag.measure.splices import find_splices
from voicediag.measure.swaps import MOST_SURPRISE, find_swaps
from voicediag.session import Track
from voicediag.spans import SpanSet

SEAM = Limit(
    splices.LEAST,
    "times the error",
    "benchmarks/starvation_chunks: one place in 200 clean clips, and no finding",
)
FAINT = Limit(8.0, "times the error", "house rule: two that are swapped explain such seams, or they count for nothing")
PUT_BACK = Limit(
    MOST_SURPRISE, "times the error", "measure/swaps: of 159 swaps in real speech 65 are told, and no other seams"
)
FEW_S = Limit(60.0, "s", "house rule: who loses chunks loses several in a minute; a click comes alone")
FEW = Limit(3, "seams", "house rule: one is a click, and two are chance")
MANY_SEAMS = Limit(2.0, "a second", "house rule: a coder without state breaks every join; no network loses so much")


def put_together(track: Track) -> tuple[Break, ...]:
    """Return where chunks of a track changed places, and the other seams, where there are several in a minute."""
    source, rate_hz = track.source, track.rate_hz
    found = find_splices(source, least=FAINT.value, first_look_s=FIRST_LOOK.value)
    if len(found) > MANY_SEAMS.value * track.span.duration_s:
        return ()
    swaps = find_swaps(source, [each.frame for each in found])
    swapped = SpanSet(track.clock.span_of((swap.start, swap.end), rate_hz) for swap in swaps)
    others = [
        track.clock.span_of((each.frame - 1, each.frame + 1), rate_hz)
        for each in found
        if each.surprise >= SEAM.value and all(not swap.start - 2 <= each.frame <= swap.end + 2 for swap in swaps)
    ]
    starts_s = np.array([span.start_s for span in others])
    near = np.searchsorted(starts_s, starts_s + FEW_S.value, "right") - np.searchsorted(
        starts_s, starts_s - FEW_S.value
    )
    kept = [span for span, count in zip(others, near.tolist(), strict=True) if count >= FEW.value]
    changed = tuple(Break(span=span, kind="swapped", probability=TWICE_PROBABILITY) for span in swapped)
    return changed + tuple(Break(span=span, kind="seam") for span in kept)
