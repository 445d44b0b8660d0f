"""Frames that were cut out of the microphone's sound: what comes after lies earlier."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicediag.spans import Span

if TYPE_CHECKING:
    from collections.abc import Iterable

    from voicediag.signals import Injected


def lies_at(spans: Iterable[Span], fault: Injected | None) -> list[Span]:
    """Return spans of the whole sound where they lie once the frames are gone."""
    return [Span(_lies_at_s(span.start_s, fault), _lies_at_s(span.end_s, fault)) for span in spans]


def _lies_at_s(at_s: float, fault: Injected | None) -> float:
    # Only what was cut leaves seams that last no time; other faults hold the time.
    if fault is None or any(span.duration_s for span in fault.spans):
        return at_s
    each_s, gone_s = fault.sizes["gap_total_s"] / fault.sizes["gaps"], 0.0
    for seam in fault.spans:
        # What was cut out itself lies at the seam.
        gone_s += min(each_s, max(0.0, at_s - (seam.start_s + gone_s)))
    return at_s - gone_s
