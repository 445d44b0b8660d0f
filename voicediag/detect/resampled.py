"""The marks of a resampler in one track, without a reference: the witness that `poor_resampler` asks first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from voicediag.detect.finding import Limit
from voicediag.measure import interpolation, seams, spectral_pairs
from voicediag.spans import Span, SpanSet

if TYPE_CHECKING:
    from voicediag.detect.examination import Examination
    from voicediag.measure.interpolation import Interpolation
    from voicediag.measure.seams import Seams
    from voicediag.session import Samples, Track, TrackName

LEAST_SPEECH = Limit(3.0, "s of speech", "house rule: seen in benchmarks/poor_resampler's clips: none is shorter")
MOST_SPEECH = Limit(32.0, "s of speech", "house rule: more tells hardly more, and three hours must not take longer")
LEAST_LEVEL = Limit(-50.0, "dBFS", "as of silent-track: what lies lower is hiss and no voice")
SURE_IMAGES = Limit(
    8.0,
    "standard deviations",
    "house rule: seen in benchmarks/poor_resampler's clips: of clean speech none that fits a law reached 7",
)
ONE_PHASE = Limit(
    0.85,
    "agreement",
    "house rule: seen in benchmarks/poor_resampler's clips: images have one phase all over the band; tones do not",
)
SURE_SEAMS = Limit(
    7.0,
    "standard deviations",
    "house rule: seen in benchmarks/poor_resampler's clips: codecs and vocoders repeat too, softly",
)
HEIGHT = Limit(
    0.3,
    "nats",
    "house rule: seen in benchmarks/poor_resampler's clips: frames of codecs stand out by less, if in one peak",
)
CONTRAST = Limit(
    3.0,
    "times",
    "house rule: seen in benchmarks/poor_resampler's clips: a vocoder's frames have several crests, a seam has one",
)
HIGH = Limit(
    0.4,
    "nats",
    "house rule: seen in benchmarks/poor_resampler's clips: clean ones with such a peak have others beside it",
)
CONTRAST_OF_HIGH = Limit(2.0, "times", "house rule: seen in benchmarks/poor_resampler's clips: clean ones reached 1.7")
EVEN = Limit(
    0.62,
    "of the chunks",
    "house rule: seen in benchmarks/poor_resampler's clips: seams reach 0.64 and more, repeated frames 0.6",
)
MAINS_S = Limit(0.01, "s", "a half-wave of mains at 50 Hz: lamps and dimmers buzz so; a period of this needs HIGH")
SHORT_S = Limit(0.0076, "s", "GSM 06.10 and CELP codecs work in subframes of 5 and 7.5 ms")
SHORT_HEIGHT = Limit(
    1.0, "nats", "house rule: seen in benchmarks/poor_resampler's clips: GSM's subframes reach 0.5 nats"
)
NEAR_S: Final = 0.0001
PAUSE_S: Final = 0.8
SHORTEST_S: Final = 1.0
_DB_OF_NAT: Final = 4.343


@dataclass(frozen=True, kw_only=True, eq=False)
class Heard:
    """What was heard in one track.

    Attributes
    ----------
    track : Track
    spans : SpanSet
        Where it was listened to, on the session clock.
    images : Interpolation or None
    seams : Seams or None
    reason : str
        Why it cannot be judged; empty where it can.
    """

    track: Track
    spans: SpanSet
    images: Interpolation | None = None
    seams: Seams | None = None
    reason: str = ""

    @property
    def is_interpolated(self) -> bool:
        """Whether images show that it was interpolated without a filter."""
        told = self.images
        return told is not None and told.sureness >= SURE_IMAGES.value and told.agreement >= ONE_PHASE.value

    @property
    def is_torn(self) -> bool:
        """Whether it has seams at a steady period."""
        told = self.seams
        if told is None or told.sureness < SURE_SEAMS.value:
            return False
        contrast = CONTRAST_OF_HIGH if told.height_nats >= HIGH.value else CONTRAST
        if told.contrast < contrast.value or told.share < EVEN.value:
            return False
        return told.height_nats >= _least_height(told.period_s)

    @property
    def seam_db(self) -> float:
        """By how much its seams stand out of the sound around them."""
        return _DB_OF_NAT * self.seams.height_nats if self.seams else 0.0

    @property
    def worst(self) -> Span:
        """A place to listen to."""
        longest = max(self.spans, key=lambda span: span.duration_s)
        return Span(longest.start_s, min(longest.end_s, longest.start_s + 3))

    @property
    def bound(self) -> str:
        """What was looked for in vain."""
        return (
            f"{self.spans.total_s:.0f} s of speech in {self.track.name} show no images of another rate and no seams at "
            "a steady period"
        )


def _least_height(period_s: float) -> float:
    """Return how high a seam must stand out: codecs and the mains have periods of their own."""
    if period_s < SHORT_S.value:
        return SHORT_HEIGHT.value
    return HIGH.value if abs(period_s - MAINS_S.value) < NEAR_S else HEIGHT.value


def heard(exam: Examination, name: TrackName) -> Heard | None:
    """Return what was heard in a track; None where nobody speaks in it."""
    track, level_db = exam.session.tracks[name], exam.reading(name).active.active_speech_dbov
    if level_db is None or level_db < LEAST_LEVEL.value:
        return None
    pieces = stretches(exam, track)
    spans = SpanSet(span.shifted(track.clock.offset_s) for span in pieces)
    if spans.total_s < LEAST_SPEECH.value:
        return Heard(
            track=track,
            spans=spans,
            reason=f"{name} has {spans.total_s:.1f} s of connected speech, and {LEAST_SPEECH.value:g} s tell",
        )
    sounds = [(span.start_s, _read(track, span)) for span in pieces]
    cells = None
    if track.rate_hz % spectral_pairs.STEP_HZ == 0:
        cells = spectral_pairs.cells(sounds, track.rate_hz)
    return Heard(
        track=track,
        spans=spans,
        images=interpolation.likeliest(cells) if cells else None,
        seams=seams.steady([samples for _, samples in sounds], track.rate_hz),
    )


def stretches(exam: Examination, track: Track) -> list[Span]:
    """Return where a track is listened to, in seconds from its start: long stretches of speech from all of it."""
    spans = [span for span in exam.activity(track.name).spans.padded(PAUSE_S / 2) if span.duration_s >= SHORTEST_S]
    total_s = sum(span.duration_s for span in spans)
    every = max(1, int(total_s // MOST_SPEECH.value))
    kept, left_s = [], MOST_SPEECH.value
    for span in spans[::every]:
        if left_s < SHORTEST_S:
            break
        start_s = max(0.0, span.start_s)
        kept.append(Span(start_s, min(span.end_s, start_s + left_s)))
        left_s -= kept[-1].duration_s
    return kept


def _read(track: Track, span: Span) -> Samples:
    start = round(span.start_s * track.rate_hz)
    return track.source.read(start, round(span.duration_s * track.rate_hz))
