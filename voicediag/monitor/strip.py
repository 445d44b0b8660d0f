"""Who sounded when in the last minute, how long answers took, and what was marked.

It goes by the sound alone: a lane is where a level stands clear of its floor, so that an echo shows as what it is:
sound at the microphone while the agent speaks.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from voicediag.measure.activity import BLIP_S, FLOOR_PERCENTILE, HOLE_S, LEAST_FLOOR_DBFS, MARGIN_DB, SILENT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from voicediag.session import Samples

STEP_S: Final = 0.02
SHOWN_S: Final = 60.0
FLOOR_S: Final = 10.0
MOST_SPANS: Final = 200
MOST_MARKS: Final = 100


@dataclass(slots=True)
class _Lane:
    """Where one track sounds."""

    rate_hz: int
    spans: deque[list[float]] = field(default_factory=lambda: deque(maxlen=MOST_SPANS))
    _levels: deque[float] = field(default_factory=lambda: deque(maxlen=round(FLOOR_S / STEP_S)))
    _rest: Samples = field(default_factory=lambda: np.zeros(0, np.float32))
    _steps: int = 0

    def push(self, samples: Samples) -> None:
        """Take the next samples."""
        width = round(STEP_S * self.rate_hz)
        sound = np.concatenate((self._rest, samples))
        whole = sound.size - sound.size % width
        self._rest = sound[whole:]
        rms = np.sqrt(np.mean(np.square(sound[:whole].reshape(-1, width)), axis=1))
        levels = (20 * np.log10(np.maximum(rms, SILENT))).tolist()
        self._levels.extend(levels)
        least_db = self._floor_db() + MARGIN_DB
        for level_db in levels:
            self._step(level_db >= least_db, width / self.rate_hz)

    def said(self) -> Iterator[list[float]]:
        """Yield the spans that are longer than a blip."""
        return (span for span in self.spans if span[1] - span[0] > BLIP_S)

    def _step(self, is_active: bool, step_s: float) -> None:  # noqa: FBT001 - of one step it is all there is to say
        at_s = self._steps * step_s
        self._steps += 1
        if not is_active:
            return
        if self.spans and at_s - self.spans[-1][1] < HOLE_S:
            self.spans[-1][1] = at_s + step_s
        else:
            self.spans.append([at_s, at_s + step_s])

    def _floor_db(self) -> float:
        """Return the floor of the last seconds; where there is digital silence, it is the least that there is."""
        return max(LEAST_FLOOR_DBFS, float(np.percentile(self._levels or [LEAST_FLOOR_DBFS], FLOOR_PERCENTILE)))


class Strip:
    """Follows both tracks of a conversation.

    Parameters
    ----------
    rate_hz : int
    """

    def __init__(self, rate_hz: int) -> None:
        self._lanes = {"mic": _Lane(rate_hz), "agent": _Lane(rate_hz)}
        self._frames, self._rate_hz = 0, rate_hz
        self._marks: deque[tuple[float, str]] = deque(maxlen=MOST_MARKS)

    def sound(self, mic: Samples, played: Samples) -> None:
        """Take the next samples of both."""
        self._lanes["mic"].push(mic)
        self._lanes["agent"].push(played)
        self._frames += mic.size

    def mark(self, at_s: float, kind: str) -> None:
        """Take a moment."""
        self._marks.append((max(0.0, at_s), kind))

    def read(self) -> Mapping[str, Any]:
        """Return what lies in the last minute, in seconds since the sound began."""
        from_s = self._frames / self._rate_hz - SHOWN_S
        lanes = {name: _shown(lane.said(), from_s) for name, lane in self._lanes.items()}
        marks = [[round(at_s, 2), kind] for at_s, kind in self._marks if at_s > from_s]
        return {"lanes": lanes, "waits": _shown(self._waits(), from_s), "marks": marks}

    def _waits(self) -> Iterator[list[float]]:
        """Yield each silence between the end of the user's last word and the agent's first."""
        heard, agent = list(self._lanes["mic"].said()), list(self._lanes["agent"].said())
        spoke_s = 0.0
        for begin_s, end_s in agent:
            # A microphone that sounds while the agent does, and a little longer, may only hear the agent.
            before = [span for span in heard if spoke_s + HOLE_S <= span[1] <= begin_s]
            if before:
                yield [before[-1][1], begin_s]
            spoke_s = end_s


def _shown(spans: Iterator[list[float]], from_s: float) -> list[list[float]]:
    return [[round(begin_s, 2), round(end_s, 2)] for begin_s, end_s in spans if end_s > from_s]
