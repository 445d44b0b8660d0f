"""Whether the microphone's losses are why too little sound is sent, or the sender is slow.

Where an app sends each buffer of the microphone as it gets it, the capture paces the sending: a buffer that was lost is
missing from the pace too, and what a sleeping sender would be told to do helps nothing. Two things tell. What the echo
or a tap before it says was lost in a time either is what the pace lacks in the same time or is not; and a loss comes in
steps, while a sender that sleeps is late with every chunk. A queue that a slow sender lets overflow loses as much, and
evenly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from voicediag.detect.finding import Limit
from voicediag.detect.lost_steps import lost_steps
from voicediag.detect.two_taps import pair_to
from voicediag.measure.arrival import lateness

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicediag.detect.examination import Examination
    from voicediag.detect.pacing_kinds import Kind
    from voicediag.measure.pacing import Pacing

ACCOUNTS = Limit(0.7, "of what the pace lacks", "house rule: losses close together are counted short")
NO_MORE = Limit(1.4, "of what the pace lacks", "house rule: what is lost and yet not missing was not what paces")
NOTHING = Limit(0.3, "of what the pace lacks", "house rule: the rest is the sender's")
LEAST_LACK = Limit(0.05, "s", "house rule: five buffers of 10 ms; less is jitter")
RARE = Limit(0.5, "losses a chunk", "house rule: more of them come as evenly as a sleep")
AROUND_S = 0.5
MS = 1_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureLoss:
    """What was lost before it was sent, beside what the sending lacks.

    Attributes
    ----------
    lost_s, lack_s : float
        In the same time: lost by the microphone, and missing from the pace.
    places : int
    chunks : int
        That were sent in that time.
    is_all : bool
        Whether nothing else can have been lost: an echo shows every loss, a tap only those behind it.
    """

    lost_s: float
    lack_s: float
    places: int
    chunks: int
    is_all: bool

    @property
    def accounts(self) -> bool:
        """Whether what was lost is what the pace lacks."""
        return ACCOUNTS.value <= self.lost_s / self.lack_s <= NO_MORE.value

    @property
    def is_none(self) -> bool:
        """Whether next to nothing was lost."""
        return self.is_all and self.lost_s / self.lack_s <= NOTHING.value


def decided(kind: Kind, pace: Pacing, loss: CaptureLoss | None) -> Kind:
    """Return whose fault a pace is that is too slow: the sender's (`kind`), the capture's, or nobody can tell."""
    if loss is not None and loss.accounts:
        is_rare = loss.places <= RARE.value * loss.chunks
        if pace.growth == "even" and is_rare:
            return kind
        return "lost-capture" if pace.growth == "steps" else "falls-behind"
    if pace.growth == "even" or (loss is not None and loss.is_none):
        return kind
    return "falls-behind"


def capture_loss(exam: Examination, parts: Sequence[slice]) -> CaptureLoss | None:
    """Return what was lost of the user's sound before it was sent; None where nothing tells."""
    return _by_taps(exam, parts) or _by_echo(exam, parts)


def _by_echo(exam: Examination, parts: Sequence[slice]) -> CaptureLoss | None:
    steps = exam.once(lost_steps)
    motion = steps.leak.echo.motion if steps else None
    if steps is None or motion is None or not motion.times_s.size:
        return None
    lost_ms = steps.staircase.lost_ms if steps.staircase else -sum(jump.size_ms for jump in steps.falls)
    followed_s = (float(motion.times_s.min()), float(motion.times_s.max()))
    # Where only what came is known, losses between two answers are not.
    is_all = steps.leak.speaker == "agent-played"
    return _beside(exam, parts, followed_s, (lost_ms / MS, len(steps.falls)), is_all=is_all)


def _by_taps(exam: Examination, parts: Sequence[slice]) -> CaptureLoss | None:
    pair = pair_to(exam, "user-sent")
    lost = [change.missing_s for change in pair.told.changes if change.missing_s > 0] if pair else []
    if pair is None or not lost:
        return None
    times_s = pair.told.times_s + pair.second.clock.offset_s
    return _beside(exam, parts, (float(times_s.min()), float(times_s.max())), (sum(lost), len(lost)), is_all=False)


def _beside(
    exam: Examination, parts: Sequence[slice], between_s: tuple[float, float], lost: tuple[float, int], *, is_all: bool
) -> CaptureLoss | None:
    """Return a loss beside what the longest run's pace lacks in the same time; None where that is too little."""
    chunks = exam.session.sent_chunks
    if chunks is None or not parts:
        return None
    run = max(parts, key=lambda part: part.stop - part.start)
    at_s = chunks.at_s[run]
    late_s = lateness(at_s, ((chunks.ends - chunks.firsts) / chunks.rate_hz)[run])
    near = [np.abs(at_s - edge_s) <= AROUND_S for edge_s in between_s]
    if not all(each.any() for each in near):
        return None
    lack_s = float(late_s[near[1]].min() - late_s[near[0]].min())
    count = int(np.count_nonzero((at_s >= between_s[0]) & (at_s <= between_s[1])))
    if lack_s < LEAST_LACK.value:
        return None
    return CaptureLoss(lost_s=lost[0], lack_s=lack_s, places=lost[1], chunks=count, is_all=is_all)
