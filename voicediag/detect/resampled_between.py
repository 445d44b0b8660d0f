"""What was folded between two taps of one voice: the witness that `poor_resampler` asks where a session has both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from voicediag.detect import two_taps
from voicediag.detect.finding import Limit
from voicediag.measure import folding
from voicediag.measure.points.grid import GRID_HZ
from voicediag.measure.points.match import BLOCK
from voicediag.measure.spectral_pairs import STEP_HZ
from voicediag.spans import Span, SpanSet

if TYPE_CHECKING:
    from voicediag.detect.examination import Examination
    from voicediag.detect.two_taps import Taps
    from voicediag.measure.folding import Folding
    from voicediag.session import AudioSource, Samples, Track

LEAST_FILTER = Limit(-25.0, "dB", "resampling/grades: a resampler that lets more through is graded F for voice")
SURE_FOLDS = Limit(8.0, "standard deviations", "house rule: good resamplers of benchmarks/poor_resampler reach 2")
LEAST_FOLDED = Limit(-55.0, "dB", "house rule: what is folded so far below the voice nobody hears")
MOST_COMPARED: Final = 24.0
LEAST_PIECE_S: Final = 0.5
LONGEST_S: Final = 6.0
SAME_LAG_S: Final = 0.0005


@dataclass(frozen=True, kw_only=True, eq=False)
class Folded:
    """Two taps between which a rate was lowered.

    Attributes
    ----------
    first, second : Track
    told : Folding
    spans : SpanSet
        Where they were compared, on the session clock.
    """

    first: Track
    second: Track
    told: Folding
    spans: SpanSet

    @property
    def is_folded(self) -> bool:
        """Whether there was no filter worth the name, and a voice to show it."""
        told = self.told
        is_sure = told.sureness >= SURE_FOLDS.value and told.folded_db >= LEAST_FOLDED.value
        return is_sure and told.gain_db > LEAST_FILTER.value

    @property
    def bound(self) -> str:
        """What was looked for in vain."""
        told = self.told
        names = f"from {self.first.name} to {self.second.name}"
        if told.sureness >= SURE_FOLDS.value:
            return f"{names} what is folded lies {-told.folded_db:.0f} dB below the voice"
        if told.bound_db > LEAST_FILTER.value:
            return f"{names} there is hardly anything above {self.second.rate_hz / 2:,.0f} Hz to be folded"
        return f"{names} nothing is folded with more than {told.bound_db:.0f} dB"


def folded(exam: Examination) -> tuple[Folded, ...]:
    """Return the pairs of taps between which the rate was lowered; ask with `exam.once(folded)`."""
    found = (_of(exam, pair) for pair in exam.once(two_taps.taps) if pair.is_judged)
    return tuple(each for each in found if each)


def _of(exam: Examination, pair: Taps) -> Folded | None:
    rates = (pair.first.rate_hz, pair.second.rate_hz)
    if rates[0] <= rates[1] or any(rate % STEP_HZ for rate in rates):
        return None
    source, _ = two_taps.stream_of(exam.session, pair.first)
    spans, pieces, left_s = [], [], MOST_COMPARED
    for span, lag_s in _followed(pair):
        if left_s < LEAST_PIECE_S:
            break
        kept = Span(span.start_s, min(span.end_s, span.start_s + min(left_s, LONGEST_S)))
        spans.append(kept.shifted(pair.second.clock.offset_s))
        pieces.append((_read(source, kept.shifted(-lag_s), rates[0]), _read(pair.second.source, kept, rates[1])))
        left_s -= kept.duration_s
    told = folding.between(pieces, *rates)
    return Folded(first=pair.first, second=pair.second, told=told, spans=SpanSet(spans)) if told else None


def _followed(pair: Taps) -> Iterator[tuple[Span, float]]:
    """Yield where the second tap follows the first at one lag, in seconds from its start, with the lag."""
    times_s, lags_s, step_s = pair.told.times_s, pair.told.lags_s, BLOCK / GRID_HZ
    broken = (np.abs(np.diff(lags_s)) > SAME_LAG_S) | (np.diff(times_s) > 1.5 * step_s)
    runs = np.split(np.arange(times_s.size), np.flatnonzero(broken) + 1)
    for run in runs:
        for begin in range(0, run.size, max(1, int(LONGEST_S / step_s))):
            part = run[begin : begin + max(1, int(LONGEST_S / step_s))]
            lag_s = float(np.median(lags_s[part])) if part.size else 0.0
            start_s = max(0.0, lag_s, float(times_s[part[0]])) if part.size else 0.0
            if part.size and times_s[part[-1]] - start_s >= LEAST_PIECE_S:
                yield Span(start_s, float(times_s[part[-1]])), lag_s


def _read(source: AudioSource, span: Span, rate_hz: int) -> Samples:
    return source.read(max(0, round(span.start_s * rate_hz)), round(span.duration_s * rate_hz))
