"""Which fault of pacing the times of a stream show, if any; `bad_pacing` says what follows from it.

The tests stand in order of certainty. A sender that waits a fixed time after each frame betrays itself by its short
frames, a drift by an envelope that rises, a stall by standing alone; what is left and is wide is jitter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from voicediag.detect.finding import Limit

if TYPE_CHECKING:
    from voicediag.measure.pacing import Pacing

Kind: TypeAlias = Literal[
    "sleep-drift",
    "lost-capture",
    "falls-behind",
    "slow-source",
    "framing",
    "stall-and-burst",
    "stall",
    "jitter",
    "overflow",
]

LEAST_SLOPE = Limit(
    0.005, "s of lateness a second", "house rule: 0.1 ms of work after each frame of 20 ms; clocks differ by 0.0001"
)
LEAST_GAINED = Limit(0.1, "s", "house rule: about the least cushion that players keep")
ABOVE_JITTER = Limit(0.5, "of the jitter", "house rule: what adds up to less in the longest run may be chance")
LEAST_STALL = Limit(0.5, "s", "house rule: no player of a conversation keeps a cushion that hides so much")
MOST_JITTER = Limit(
    0.15, "s, 99th percentile", "ITU-T G.114 (2003): beyond 150 ms of delay in all, a conversation suffers"
)
LEAST_SOUND = Limit(5.0, "s", "house rule: 5 s at the least drift make 25 ms, and one chunk decides nothing")
LEAST_CHUNKS = Limit(20, "chunks", "house rule: fewer intervals show no law")
SHORTS = Limit(0.7, "of the excess", "house rule: the rest is the network's")
SKIPPED = Limit(0.7, "of the excess", "house rule: chunks that never came are starvation, and no pace")
ALONE = Limit(0.08, "of the longest stall", "house rule: where half of all chunks are so late, no stall stands alone")
# A loop that is busy makes of a sleep of 18 ms one of 50 (eigger/hass-sip#46); no timer adds more than two frames.
TIMERS_MOST_S: Final = 0.02


def is_enough(pace: Pacing) -> bool:
    """Whether a stream is long enough to be judged."""
    return pace.sound_s >= LEAST_SOUND.value and pace.chunks >= LEAST_CHUNKS.value


def kind_of(pace: Pacing, *, is_models: bool) -> Kind | None:
    """Return the fault that a stream's pace shows; None where it keeps up, or where chunks are missing.

    Parameters
    ----------
    pace : Pacing
    is_models : bool
        Whether a provider's model sends it. From times alone a sender that sleeps too long and one that makes sound
        too slowly look alike; who sends tells which of them is likely.
    """
    gained_s = max(LEAST_GAINED.value, ABOVE_JITTER.value * pace.jitter_p99_s)
    if pace.slope >= LEAST_SLOPE.value and pace.gained_s >= gained_s:
        if pace.short_share >= SHORTS.value:
            return "framing"
        if pace.skipped_share < SKIPPED.value:
            return _slow(pace, is_models=is_models)
    if pace.longest_stall_s >= LEAST_STALL.value and pace.jitter_p50_s <= ALONE.value * pace.longest_stall_s:
        return "stall-and-burst" if 2 * pace.bursts >= pace.stalls else "stall"
    if pace.jitter_p99_s >= MOST_JITTER.value and pace.skipped_share < SKIPPED.value:
        return "jitter"
    return None


def _slow(pace: Pacing, *, is_models: bool) -> Kind:
    """Return what a steady drift is, by who sends."""
    late_s = pace.interval_s - pace.chunk_s
    return "slow-source" if is_models or late_s > 2 * max(TIMERS_MOST_S, pace.chunk_s) else "sleep-drift"
